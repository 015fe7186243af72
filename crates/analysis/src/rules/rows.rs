//! Rules on rows that stay locked until the script ends.

use report::{Magnitude, Verdict};

use squawk_syntax::ast::{self, AstNode as _};

use super::rule::{Context, Found, Rule};
use super::safer::safer;
use crate::catalog::Relation;
use crate::effects::{What, name_of};
use crate::estimate::Time;
use crate::size::is_large;

pub(super) const UPDATE_MANY: Rule = Rule {
    name: "update-many",
    about: "UPDATE of many rows locks each of them until the script ends, and leaves the old rows for VACUUM to clean up.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY, a integer)",
    bad: "UPDATE big SET a = 0 WHERE a IS NULL",
    good: "UPDATE big SET a = 0 WHERE id BETWEEN 1 AND 10000 AND a IS NULL",
    judge: |context| {
        let held = |what: &What| matches!(what, What::Update | What::UpdateAll | What::UpdateAlong(_) | What::LockRows);
        let change = context.effects.changes.iter().find(|change| held(&change.what))?;
        let is_large = is_large(context.world.facts_of(change));
        let time = Time::of(context.effects, context.world);
        let how_long = time.how_long();
        let verdict = time.verdict(is_large);
        // For a small table, another rule reports what cannot be known.
        let is_known = how_long != Magnitude::Unknown || is_large;
        (is_known && verdict > Verdict::Safe).then(|| Found {
            verdict,
            text: format!(
                "The statement locks {} {} until the script ends, and sessions that write one of them wait: {}",
                match change.what {
                    What::UpdateAll => "all rows of",
                    What::UpdateAlong(_) => "the rows that refer to changed rows, of",
                    _ => "the rows that its condition finds, perhaps all, of",
                },
                change.relation,
                time.basis(&change.relation)
            ),
            safer: safer(
                "Do it in a job beside the migrations: some thousand rows by a unique key, a commit, and then the next",
                None,
            ),
        })
    },
};

/// Returns the table whose rows a statement changes or deletes.
fn changed<'a>(context: &'a Context) -> Option<&'a Relation> {
    let target = match context.statement {
        ast::Stmt::Update(it) => it.relation_name(),
        ast::Stmt::Delete(it) => it.relation_name(),
        _ => return None,
    };
    let name = target?.relation_name_ref()?;
    context.world.relation(&name_of(name.syntax())).filter(|_| !context.is_unclear)
}

pub(super) const ROW_SECURITY: Rule = Rule {
    name: "row-security",
    about: "Where row level security holds for the role, a statement finds only the rows that a policy shows it, and says \
            nothing of the others.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY, a integer); ALTER TABLE big ENABLE ROW LEVEL SECURITY, \
            FORCE ROW LEVEL SECURITY",
    bad: "UPDATE big SET a = 0 WHERE id = 1",
    good: "SELECT count(*) FROM pg_policies",
    judge: |context| {
        let table = changed(context).filter(|table| table.secured)?;
        Some(Found {
            verdict: Verdict::Caution,
            text: format!(
                "On {} row level security holds for the role: the statement finds only the rows that a policy shows, perhaps \
                 none, and there is no error",
                table.name
            ),
            safer: safer(
                "Run the migrations as a role with BYPASSRLS. Where the role owns the table, NO FORCE ROW LEVEL SECURITY during this \
                 migration is enough",
                None,
            ),
        })
    },
};

pub(super) const REPLICA_IDENTITY: Rule = Rule {
    name: "replica-identity",
    about: "A table that is published and has no replica identity takes neither UPDATE nor DELETE.",
    setup: "CREATE TABLE big (id bigint); CREATE PUBLICATION feed FOR TABLE big",
    bad: "DELETE FROM big WHERE id = 1",
    good: "INSERT INTO big VALUES (1)",
    judge: |context| {
        let table =
            changed(context).filter(|table| table.unidentified && context.world.is_published_as_before(&table.name))?;
        Some(Found {
            verdict: Verdict::Danger,
            text: format!(
                "The server will refuse it, and the run fails: {} is published and has no replica identity",
                table.name
            ),
            safer: safer("Add a primary key first, or run ALTER TABLE … REPLICA IDENTITY FULL", None),
        })
    },
};
