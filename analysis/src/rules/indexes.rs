//! Indexes: most have a CONCURRENTLY, beside which others go on.

use squawk_syntax::ast::{self, DropBehavior};

use super::blocked::where_long;
use super::suggest::{create_index, drop_index, reindex};
use super::{Context, Rule, safer};
use crate::catalog::Kind;

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
    if context.target().is_some_and(|table| table.kind == Kind::Partitioned) {
        return "Make it ON ONLY the partitioned table, which takes a moment, then build one on each partition CONCURRENTLY, \
                each in a migration of its own, and attach those to it last"
            .to_owned();
    }
    let mut text =
        "Write it CONCURRENTLY, alone in a migration of its own: it takes longer, and others go on meanwhile"
            .to_owned();
    if create.index().is_none() {
        text.push_str("; give it a name, by which it is found again if it was cut off");
    }
    if create.if_not_exists().is_some() {
        text.push_str("; leave out IF NOT EXISTS, which takes one that was cut off for a good one");
    }
    text
}

pub(super) const DROP_INDEX: Rule = Rule {
    name: "drop-index",
    about: "DROP INDEX waits for everybody who uses the table, and everybody who comes behind waits for it.",
    setup: "CREATE TABLE big (id bigint, a integer); CREATE INDEX big_a ON big (a)",
    bad: "DROP INDEX big_a",
    good: "DROP INDEX CONCURRENTLY big_a",
    judge: |context| {
        let ast::Stmt::DropIndex(drop) = context.statement else { return None };
        let is_busy = drop.concurrently_token().is_none() && context.is_large();
        is_busy.then(|| {
            let sql = drop_index(context, drop);
            let advice = match (&sql, drop.drop_behavior()) {
                (Some(_), _) => "Write it CONCURRENTLY, alone in a migration of its own: it waits, and others go on",
                (None, Some(DropBehavior::Cascade(_))) => {
                    "Drop what depends on it first; then it can be dropped CONCURRENTLY, alone in a migration of its own"
                }
                (None, _) => "A partitioned table's index cannot be dropped CONCURRENTLY: do it when little goes on",
            };
            super::Found {
                verdict: report::Verdict::Caution,
                text: "Readers and writers of the table wait while the index is dropped: that is short, but it waits for open \
                       transactions first, and new queries wait behind it"
                    .to_owned(),
                safer: safer(advice, sql),
            }
        })
    },
};

pub(super) const REINDEX: Rule = Rule {
    name: "reindex",
    about: "REINDEX keeps writers out of the table, and readers away from the index, until it is built.",
    setup: "CREATE TABLE big (id bigint, a integer); CREATE INDEX big_a ON big (a)",
    bad: "REINDEX INDEX big_a",
    good: "REINDEX INDEX CONCURRENTLY big_a",
    judge: |context| {
        let ast::Stmt::Reindex(written) = context.statement else { return None };
        where_long(context, || {
            let sql = reindex(context, written);
            let advice = match &sql {
                Some(_) => "Write it CONCURRENTLY, alone in a migration of its own",
                None => {
                    "Build its indexes one by one with REINDEX INDEX CONCURRENTLY, each in a migration of its own; that of \
                     an exclusion constraint when nobody writes"
                }
            };
            safer(advice, sql)
        })
    },
};
