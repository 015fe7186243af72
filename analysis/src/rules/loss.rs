//! What cannot be brought back.

use report::Verdict;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AlterTableAction, AstNode as _};

use super::{Context, Found, Rule, safer};
use crate::name::{identifier, quoted};

/// Data goes, if there is any: how much is said as the statistics have it.
fn lost(context: &Context, what: &str) -> Option<Found> {
    let rows = context.rows()?;
    let (verdict, amount) = match rows {
        0 => (Verdict::Caution, "no rows, by the statistics".to_owned()),
        u64::MAX => (Verdict::Danger, "rows that nobody has counted".to_owned()),
        rows => (Verdict::Danger, format!("about {} rows", super::count(rows))),
    };
    Some(Found { verdict, text: format!("{what} ({amount}), and nothing brings it back but a backup"), safer: None })
}

pub(super) const DROP_TABLE: Rule = Rule {
    name: "drop-table",
    about: "DROP TABLE loses its rows, and breaks what still reads it.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "DROP TABLE big",
    good: "ALTER TABLE big RENAME TO big_unused",
    judge: |context| {
        let ast::Stmt::DropTable(_) = context.statement else { return None };
        let mut found = lost(context, "The table goes with its rows")?;
        found.safer = safer("Rename it first, and drop it when nobody has missed it for a while", None);
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
        let (_, actions) = context.altered()?;
        let dropped = actions.iter().find_map(|action| match action {
            AlterTableAction::DropColumn(it) => it.column_name_ref(),
            _ => None,
        })?;
        let column = quoted(&identifier(&dropped.syntax().text().to_string()));
        let mut found = lost(context, &format!("The column {column} goes with its values"))?;
        found.safer = safer("Deploy code that does not name the column before this runs", None);
        Some(found)
    },
};

pub(super) const TRUNCATE: Rule = Rule {
    name: "truncate",
    about: "TRUNCATE loses all rows.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "TRUNCATE big",
    good: "DELETE FROM big WHERE id < 1000",
    judge: |context| match context.statement {
        ast::Stmt::Truncate(_) => lost(context, "All rows go"),
        _ => None,
    },
};

pub(super) const DELETE_ALL: Rule = Rule {
    name: "delete-all",
    about: "DELETE without WHERE loses all rows, and holds each of them until the script ends.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "DELETE FROM big",
    good: "DELETE FROM big WHERE id < 1000",
    judge: |context| {
        let ast::Stmt::Delete(delete) = context.statement else { return None };
        let is_bounded = delete.where_clause_or_current_of().is_some();
        (!is_bounded).then(|| lost(context, "All rows go"))?
    },
};

pub(super) const UPDATE_ALL: Rule = Rule {
    name: "update-all",
    about: "UPDATE without WHERE writes every row, holds each of them until the script ends, and leaves as much to clean up.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "UPDATE big SET a = 0",
    good: "UPDATE big SET a = 0 WHERE id BETWEEN 1 AND 10000",
    judge: |context| {
        let ast::Stmt::Update(update) = context.statement else { return None };
        let is_bounded = update.where_clause_or_current_of().is_some()
            || update.syntax().children().any(|child| child.kind() == SyntaxKind::WHERE_CLAUSE);
        let rows = context.rows()?;
        (!is_bounded && rows >= super::MANY).then(|| Found {
            verdict: Verdict::Danger,
            text: "Whoever writes one of its rows waits until the script ends".to_owned(),
            safer: safer("Update in batches of some thousand rows, each a migration or a job of its own", None),
        })
    },
};
