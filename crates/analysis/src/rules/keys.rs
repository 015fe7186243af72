//! Rules on foreign keys that are followed row by row.

use report::{Safer, Verdict};

use super::rule::{Context, Found, Rule};
use super::safer::safer;
use super::suggest;
use crate::effects::Lookup;
use crate::estimate::Time;
use crate::name::quoted;
use crate::size::is_large;

pub(super) const FOREIGN_KEY_LOOKUP: Rule = Rule {
    name: "foreign-key-lookup",
    about: "Each row that is deleted, or gets another key, is looked up in every table that refers to it. Without an index \
            on the foreign key, each of these look-ups reads the whole table.",
    setup: "CREATE TABLE customers (id bigint PRIMARY KEY, old boolean); \
            INSERT INTO customers SELECT n, false FROM generate_series(1, 1000) n; ANALYZE customers; \
            CREATE TABLE big (id bigint PRIMARY KEY, customer bigint REFERENCES customers (id))",
    bad: "DELETE FROM customers WHERE old",
    good: "CREATE INDEX CONCURRENTLY big_customer ON big (customer);\n\nDELETE FROM customers WHERE old",
    judge: |context| {
        let lookups = &context.effects.lookups;
        let judged = lookups.iter().map(|lookup| {
            let time = Time::of_lookup(lookup, context.world);
            let facts = context.world.facts_of_name(&lookup.relation);
            (lookup, time.verdict(is_large(facts)), time)
        });
        // Among several with the worst verdict, the one that takes longest.
        let (lookup, verdict, time) = judged.max_by_key(|(_, verdict, time)| (*verdict, time.milliseconds()))?;
        (verdict > Verdict::Safe).then(|| Found {
            verdict,
            text: format!("{}: {}", capitalized(&sentence(lookup)), time.basis(&lookup.relation)),
            safer: way_out(lookup, context),
        })
    },
};

/// Returns what is looked up where, and how, as a clause.
pub(super) fn sentence(lookup: &Lookup) -> String {
    let Lookup { relation, refers_to, .. } = lookup;
    let changes = if lookup.goes { "is deleted" } else { "gets another key" };
    let index = match (&lookup.unindexed[..], lookup.indexed) {
        ([], _) => " by an index".to_owned(),
        (_, 0) => format!(", which has no index on ({})", columns(lookup)),
        (parts, _) => format!(", of which {} has no index on ({})", parts.join(" and "), columns(lookup)),
    };
    let key = format!("foreign key {}, {}", quoted(&lookup.key), lookup.written_action());
    format!("each row of {refers_to} that {changes} is looked up in {relation}{index} ({key})")
}

fn capitalized(clause: &str) -> String {
    clause.replacen("each", "Each", 1)
}

fn columns(lookup: &Lookup) -> String {
    lookup.columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
}

fn way_out(lookup: &Lookup, context: &Context) -> Option<Safer> {
    if lookup.unindexed.is_empty() {
        return safer("Select the rows by a unique key, some thousand at a time", None);
    }
    let text = format!(
        "Create an index on ({}) of {} first, CONCURRENTLY and in a migration of its own: then a look-up does not read the table",
        columns(lookup),
        lookup.unindexed.join(" and "),
    );
    safer(&text, sql(context))
}

/// Returns the SQL for the missing indexes and then the statement, if the statement is short work with these.
fn sql(context: &Context) -> Option<suggest::Scripts> {
    let lookups = || context.effects.lookups.iter();
    let is_short =
        |lookup: &Lookup| Time::of_lookup(&lookup.with_index(), context.world).verdict(true) == Verdict::Safe;
    if !lookups().all(is_short) {
        return None;
    }
    let missing = lookups().flat_map(|lookup| lookup.unindexed.iter().map(|part| (part.as_str(), &lookup.columns[..])));
    suggest::with_indexes(context, missing)
}
