//! Indexes: each has a CONCURRENTLY that blocks nobody.

use squawk_syntax::ast::{self, AstNode as _};

use super::blocked::where_long;
use super::{Rule, safer};

const ALONE: &str = "Write it CONCURRENTLY, alone in a migration of its own: it takes longer, and nobody waits";

fn concurrently(statement: &impl ast::AstNode, behind: &str) -> String {
    let text = statement.syntax().text().to_string();
    let text = text.trim_end_matches(';');
    match text.to_uppercase().find(behind) {
        Some(at) => format!("{} CONCURRENTLY{};", &text[..at + behind.len()], &text[at + behind.len()..]),
        None => format!("{text};"),
    }
}

pub(super) const CREATE_INDEX: Rule = Rule {
    name: "create-index",
    about: "CREATE INDEX keeps writers out until it is built.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "CREATE INDEX big_a ON big (a)",
    good: "CREATE INDEX CONCURRENTLY big_a ON big (a)",
    judge: |context| {
        let ast::Stmt::CreateIndex(create) = context.statement else { return None };
        where_long(context, || safer(ALONE, Some(concurrently(create, "INDEX"))))
    },
};

pub(super) const DROP_INDEX: Rule = Rule {
    name: "drop-index",
    about: "DROP INDEX waits for everybody who uses the table, and everybody who comes behind waits for it.",
    setup: "CREATE TABLE big (id bigint, a integer); CREATE INDEX big_a ON big (a)",
    bad: "DROP INDEX big_a",
    good: "DROP INDEX CONCURRENTLY big_a",
    judge: |context| {
        let ast::Stmt::DropIndex(drop) = context.statement else { return None };
        let is_busy = drop.concurrently_token().is_none() && context.rows().is_some_and(|rows| rows >= super::MANY);
        is_busy.then(|| super::Found {
            verdict: report::Verdict::Caution,
            text: "It takes its table away from readers and writers, though only for a moment".to_owned(),
            safer: safer(ALONE, Some(concurrently(drop, "INDEX"))),
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
        let ast::Stmt::Reindex(reindex) = context.statement else { return None };
        where_long(context, || {
            safer("Write it CONCURRENTLY, alone in a migration of its own", None).map(|mut safer| {
                let text = reindex.syntax().text().to_string().to_uppercase();
                let behind =
                    ["INDEX", "TABLE"].into_iter().find(|word| text.trim_start_matches("REINDEX").contains(word));
                safer.sql = behind.and_then(|word| {
                    let written = reindex.syntax().text().to_string();
                    let at = "REINDEX".len() + text["REINDEX".len()..].find(word)? + word.len();
                    Some(format!("{} CONCURRENTLY{};", &written[..at], written[at..].trim_end_matches(';')))
                });
                safer
            })
        })
    },
};
