//! Rules on indexes: most statements have a CONCURRENTLY, with which other sessions go on.

use squawk_syntax::ast::{self, DropBehavior};

use super::blocked::where_long;
use super::rule::{Context, Found, Rule};
use super::safer::safer;
use super::suggest::{create_index, drop_index, reindex};
use crate::catalog::RelationKind;

pub(super) const CREATE_INDEX: Rule = Rule {
    name: "create-index",
    about: "CREATE INDEX keeps writers out until it is built.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "CREATE INDEX big_a ON big (a)",
    good: "CREATE INDEX CONCURRENTLY big_a ON big (a)",
    judge: |context| {
        let ast::Stmt::CreateIndex(create) = context.statement else { return None };
        where_long(context, || safer(&on_creating(context, create), create_index(context, create)))
    },
};

fn on_creating(context: &Context, create: &ast::CreateIndex) -> String {
    if context.target().is_some_and(|table| table.kind == RelationKind::Partitioned) {
        return "Create it ON ONLY the partitioned table, which takes a moment. Then build one on each partition CONCURRENTLY, each \
                in a migration of its own. Attach those to it last"
            .to_owned();
    }
    let mut text =
        "Use CREATE INDEX CONCURRENTLY, as the only statement of a migration: it takes longer, but reads and writes continue"
            .to_owned();
    if create.index().is_none() {
        text.push_str(". Give it a name, by which it is found again if it is cut off");
    }
    if create.if_not_exists().is_some() {
        text.push_str(". Remove IF NOT EXISTS, which accepts an index that was cut off as a good one");
    }
    text
}

pub(super) const DROP_INDEX: Rule = Rule {
    name: "drop-index",
    about: "DROP INDEX waits for the transactions that use the table, and new queries on the table wait behind it.",
    setup: "CREATE TABLE big (id bigint, a integer); CREATE INDEX big_a ON big (a)",
    bad: "DROP INDEX big_a",
    good: "DROP INDEX CONCURRENTLY big_a",
    judge: |context| {
        let ast::Stmt::DropIndex(drop) = context.statement else { return None };
        let is_busy = drop.concurrently_token().is_none() && context.is_large();
        is_busy.then(|| {
            let sql = drop_index(context, drop);
            let advice = match (&sql, drop.drop_behavior()) {
                (Some(_), _) => "Use DROP INDEX CONCURRENTLY, as the only statement of a migration: it waits too, but reads and writes continue",
                (None, Some(DropBehavior::Cascade(_))) => {
                    "Drop what depends on it first. Then use DROP INDEX CONCURRENTLY, as the only statement of a migration"
                }
                (None, _) => "A partitioned table's index cannot be dropped CONCURRENTLY: run it at a quiet time",
            };
            Found {
                verdict: report::Verdict::Caution,
                text: "DROP INDEX waits until the transactions that use the table have ended, and new queries on the table wait \
                       behind it. The drop itself takes a moment"
                    .to_owned(),
                safer: safer(advice, sql),
            }
        })
    },
};

pub(super) const REINDEX: Rule = Rule {
    name: "reindex",
    about: "REINDEX keeps writers out of the table until the index is built, and nearly all readers too: to plan a query, \
            PostgreSQL locks every index of the table.",
    setup: "CREATE TABLE big (id bigint, a integer); CREATE INDEX big_a ON big (a)",
    bad: "REINDEX INDEX big_a",
    good: "REINDEX INDEX CONCURRENTLY big_a",
    judge: |context| {
        let ast::Stmt::Reindex(written) = context.statement else { return None };
        where_long(context, || {
            let sql = reindex(context, written);
            let advice = match &sql {
                Some(_) => "Use REINDEX CONCURRENTLY, as the only statement of a migration: reads and writes continue",
                None => {
                    "Build its indexes one by one with REINDEX INDEX CONCURRENTLY, each in a migration of its own; that of \
                     an exclusion constraint in a maintenance window"
                }
            };
            safer(advice, sql)
        })
    },
};
