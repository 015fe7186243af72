//! Rules on loss that cannot be undone.

use report::{Table, Verdict, quantity};

use super::rule::{Context, Found, Rule};
use super::safer::safer;
use crate::effects::{Change, What};
use crate::name::quoted;
use crate::size::{MANY, is_large};

/// Returns what is lost, of which relation, and what the catalog knows of that; the worst first.
fn going<'a>(context: &'a Context, is_meant: impl Fn(&What) -> bool) -> Option<(&'a What, &'a str, Option<&'a Table>)> {
    let changes = context.effects.changes.iter().filter(|change| is_meant(&change.what));
    let known = changes.map(|change| (&change.what, change.relation.as_str(), context.world.facts_of(change)));
    known.max_by_key(|(.., facts)| facts.map_or(u64::MAX, |facts| facts.rows.unwrap_or(facts.bytes)))
}

/// Returns how many rows there are, by the statistics.
fn amount(facts: Option<&Table>) -> String {
    match facts.and_then(|facts| facts.rows) {
        Some(rows) => format!("about {} rows", quantity::about(rows)),
        None => "how many rows is not known".to_owned(),
    }
}

/// Returns the finding that data is lost, if there is any.
fn lost(what: &str, facts: Option<&Table>) -> Found {
    let (verdict, rows) = if facts.is_some_and(|facts| facts.rows == Some(0)) {
        let rows =
            "By the statistics the table has no rows; if it has any, only a backup can bring them back".to_owned();
        (Verdict::Caution, rows)
    } else {
        let rows = format!("Only a backup can bring back what is lost ({})", amount(facts));
        (Verdict::Danger, rows)
    };
    Found { verdict, text: format!("{what}. {rows}"), safer: None }
}

pub(super) const DROP_TABLE: Rule = Rule {
    name: "drop-table",
    about: "DROP TABLE loses its rows, and breaks what still reads it.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "DROP TABLE big",
    good: "CREATE TABLE big_unused ();\nDROP TABLE big_unused",
    judge: |context| {
        let (_, table, facts) = going(context, |what| *what == What::Drop)?;
        let mut found =
            lost(&format!("Code that still uses the table {table} fails, and its rows are dropped with it"), facts);
        let way = "Before this migration, deploy code that does not use the table. In this migration, only rename it. \
                   If something fails, rename it back. If nothing fails, drop it in a later migration";
        found.safer = safer(way, None);
        Some(found)
    },
};

pub(super) const DROP_COLUMN: Rule = Rule {
    name: "drop-column",
    about: "DROP COLUMN loses its values, and breaks what still names it.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big DROP COLUMN a",
    good: "ALTER TABLE big ALTER COLUMN a DROP NOT NULL",
    judge: |context| {
        let (what, table, facts) = going(context, |what| matches!(what, What::DropColumn(_)))?;
        let What::DropColumn(_) = what else { return None };
        let columns: Vec<_> =
            context.effects.changes.iter().filter(|it| it.relation == table).filter_map(column).collect();
        let noun = if columns.len() > 1 { "columns" } else { "column" };
        let mut found = lost(
            &format!(
                "Code that still uses the {noun} {} of {table} fails, and the values are dropped",
                columns.join(", ")
            ),
            facts,
        );
        let way = "Before this migration, deploy code that neither reads nor writes the column. If it is NOT NULL without a \
                   default, drop its NOT NULL in an earlier migration, or the INSERTs of that code fail. Copy the values to \
                   another table if they may be needed";
        found.safer = safer(way, None);
        Some(found)
    },
};

/// Returns the column that a change removes.
fn column(change: &Change) -> Option<String> {
    match &change.what {
        What::DropColumn(column) => Some(quoted(column)),
        _ => None,
    }
}

pub(super) const TRUNCATE: Rule = Rule {
    name: "truncate",
    about: "TRUNCATE loses all rows, with CASCADE also those of tables that refer to it.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY)",
    bad: "TRUNCATE big",
    good: "DELETE FROM big WHERE id BETWEEN 1 AND 1000",
    judge: |context| {
        let (_, table, facts) = going(context, |what| *what == What::Truncate)?;
        let found = lost(&format!("All rows of {table} are deleted"), facts);
        Some(Found { safer: safer(CHECK_FIRST, None), ..found })
    },
};

/// What to do before rows are deleted for good.
const CHECK_FIRST: &str = "Before this migration, check that no row is needed, or copy the rows to another table";

pub(super) const DELETE_ALL: Rule = Rule {
    name: "delete-all",
    about: "DELETE without a condition on a column loses all rows, and holds each of them until the script ends.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY)",
    bad: "DELETE FROM big WHERE true",
    good: "DELETE FROM big WHERE id BETWEEN 1 AND 1000",
    judge: |context| {
        let (_, table, facts) = going(context, |what| *what == What::DeleteAll)?;
        let found = lost(&format!("All rows of {table} are deleted"), facts);
        let way = format!("{CHECK_FIRST}. Then delete some thousand at a time, by a unique key");
        Some(Found { safer: safer(&way, None), ..found })
    },
};

pub(super) const DELETE_MANY: Rule = Rule {
    name: "delete-many",
    about: "Before the run it is not known how many rows of a large table a condition finds, unless it is about a unique key. Rows that \
            refer to deleted rows may be deleted too.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY, a integer)",
    bad: "DELETE FROM big WHERE a < 0",
    good: "DELETE FROM big WHERE id BETWEEN 1 AND 1000 AND a < 0",
    judge: |context| {
        let goes = |what: &What| matches!(what, What::Delete | What::DeleteAlong(_));
        let (what, table, facts) = going(context, goes).filter(|(.., facts)| is_large(*facts))?;
        match what {
            What::DeleteAlong(rows) => Some(gone_along(*rows, table)),
            _ => Some(Found {
                verdict: Verdict::Danger,
                text: format!(
                    "The rows of {table} that the condition finds are deleted, and that may be all ({}). Only a backup can bring them back",
                    amount(facts)
                ),
                safer: safer(
                    "Count the rows that the condition finds first, and copy them if they may be needed. Then delete some thousand at a \
                     time, by a unique key",
                    None,
                ),
            }),
        }
    },
};

/// Returns the finding that rows of a large `table` are deleted with others. The average number of rows for each is not
/// an upper bound.
fn gone_along(rows: Option<u64>, table: &str) -> Found {
    let few = rows.filter(|rows| *rows < MANY);
    let amount =
        rows.map_or_else(|| "how many is not known".to_owned(), |rows| format!("about {}", quantity::about(rows)));
    Found {
        verdict: if few.is_some() { Verdict::Caution } else { Verdict::Danger },
        text: format!(
            "Rows of {table} are deleted with the rows that they refer to ({amount}), and only a backup can bring them back"
        ),
        safer: None,
    }
}
