//! The one message that applies a transactional script: script and ledger row, all or nothing.

use crate::error::MigrationFailure;
use crate::history::ledger::{GUARD_MARK, Statements};
use crate::plan::Planned;
use crate::script::line_at;
use crate::session::{ScriptError, code_of, database_error, position_of};
use crate::sqlstate;

const BEGIN: &str = "BEGIN;\n";

/// What brings a session back to how it was opened. Never `DISCARD ALL`, which gives up the lock.
pub(crate) const RESET: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL";

/// The message for `planned`, whose row will be `id`.
///
/// The script comes first, so that it may start with SET TRANSACTION, and a newline comes behind it,
/// for it may end in a comment. The role is reset before the ledger is written, since the script's
/// own may not have the right. The reset of all settings stands behind the COMMIT.
pub(crate) fn transactional(ledger: &Statements, planned: &Planned, id: &str) -> String {
    format!(
        "{BEGIN}{script}\n;RESET SESSION AUTHORIZATION; RESET ROLE; SET LOCAL synchronous_commit = on; {insert}; COMMIT; {RESET}",
        script = planned.script.text,
        insert = ledger.insert_finished(id, &planned.name, &planned.checksum),
    )
}

/// Where and why `error` happened, for people. `alone` says that the script was sent as it is.
pub(crate) fn failure(
    planned: &Planned,
    error: &ScriptError,
    alone: bool,
    applied_before: usize,
    total: usize,
) -> MigrationFailure {
    let code = code_of(&error.source).unwrap_or_else(|| "none".to_owned());
    let server = database_error(&error.source);
    let (own_prefix, before_script) = if alone { (0, 0) } else { (BEGIN.len(), 1) };

    // Positions count characters, from 1, in the message.
    let in_script = server
        .and_then(position_of)
        .and_then(|position| (position - 1).checked_sub(own_prefix))
        .and_then(|at| planned.script.text.char_indices().nth(at))
        .map(|(offset, _)| line_at(&planned.script.text, offset));
    let statement = error
        .completed
        .checked_sub(before_script)
        .and_then(|index| planned.script.statements.get(index))
        // A syntax error is found before anything runs, so nothing completed: the line tells more.
        .filter(|_| error.completed >= before_script);
    let (statement, line) = match (statement, in_script) {
        (_, Some(line)) => (planned.script.statements.iter().rev().find(|s| s.line <= line).copied(), Some(line)),
        (Some(statement), None) => (Some(*statement), Some(statement.line)),
        (None, None) => (None, None),
    };
    let hint = match code.as_str() {
        sqlstate::UNSAFE_NEW_ENUM_VALUE => {
            Some("A new enum value can be used only after the transaction that adds it: split the file in two")
        }
        sqlstate::ACTIVE_SQL_TRANSACTION | sqlstate::INVALID_TRANSACTION_TERMINATION => {
            Some("A statement here cannot run in a transaction: give it a migration of its own")
        }
        _ if server.is_some_and(is_guard) => {
            Some("The script released the migration lock (pg_advisory_unlock_all?), so its work was rolled back")
        }
        _ if error.completed > planned.script.statements.len() && planned.script.parsed && in_script.is_none() => {
            Some("It failed when the transaction was to be committed, as deferred constraints do")
        }
        _ => None,
    };
    MigrationFailure {
        migration: planned.name.clone(),
        statement: statement.map(|statement| statement.number),
        line,
        condition: sqlstate::condition(&code),
        message: server.filter(|_| sqlstate::message_is_safe(&code)).map(|error| without_literals(error.message())),
        object: server.and_then(|error| {
            let named = [("constraint", error.constraint()), ("table", error.table()), ("column", error.column())];
            let named: Vec<_> =
                named.into_iter().filter_map(|(kind, name)| name.map(|name| format!("{kind} {name}"))).collect();
            (!named.is_empty()).then(|| named.join(", "))
        }),
        hint: hint.map(str::to_owned),
        code,
        applied_before,
        total,
    }
}

pub(crate) fn is_guard(error: &sqlx::postgres::PgDatabaseError) -> bool {
    error.message().contains(GUARD_MARK)
}

/// A syntax error quotes the word it met, which may be a string of the script's: a password, say.
fn without_literals(message: &str) -> String {
    match message.split_once("near \"'") {
        Some((before, _)) => format!("{before}near a quoted text"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_of_the_script_is_not_repeated() {
        assert_eq!(without_literals("syntax error at or near \"'hunter2'\""), "syntax error at or near a quoted text");
        assert_eq!(without_literals("syntax error at or near \"TABEL\""), "syntax error at or near \"TABEL\"");
    }
}
