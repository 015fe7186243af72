//! The one message that applies a transactional script: script and ledger row, all or nothing.

use sqlx::postgres::PgDatabaseError;

use crate::error::MigrationFailure;
use crate::ledger::{Entry, LOCK_LOST, RECORDED_TWICE, SWALLOWED, Statements};
use crate::plan::Planned;
use crate::script::Lines;
use crate::session::{RESET, RESET_BUT_PREPARED, ScriptError, code_of, database_error, position_of};
use crate::sqlstate;

const BEGIN: &str = "BEGIN;\n";

/// How many statements of ours stand between the script and its COMMIT.
const RECORDING: usize = 4;

/// How a migration is recorded in its own message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recording {
    /// By statements of its own.
    SpelledOut,
    /// The same, and the server is to prepare them for those that follow.
    AndPrepare,
    /// By what the server has prepared.
    Prepared,
}

/// The message for `planned`, whose row will be `entry`.
///
/// The script comes first, so that it may start with SET TRANSACTION, and a newline comes behind it,
/// for it may end in a comment. The role is reset before the ledger is written, since the script's
/// own may not have the right. The reset of the session stands behind the COMMIT.
pub(crate) fn transactional(ledger: &Statements, entry: Entry, planned: &Planned, recording: Recording) -> String {
    let (record, reset) = match recording {
        Recording::SpelledOut => (ledger.record(entry), RESET.to_owned()),
        Recording::AndPrepare => (ledger.record(entry), format!("{RESET}; {}", ledger.prepare())),
        Recording::Prepared => (ledger.record_prepared(entry), RESET_BUT_PREPARED.to_owned()),
    };
    let script = &planned.script.text;
    format!("{BEGIN}{script}\n;RESET SESSION AUTHORIZATION; RESET ROLE; {record}; COMMIT; {reset}")
}

/// Where and why `error` happened, for people. `alone` says that the script was sent as it is.
pub(crate) fn failure(
    planned: &Planned,
    error: &ScriptError,
    alone: bool,
    applied_before: usize,
    total: usize,
) -> MigrationFailure {
    let script = &planned.script;
    let code = code_of(&error.source).unwrap_or_else(|| "none".to_owned());
    let server = database_error(&error.source);
    let (own_prefix, before_script) = if alone { (0, 0) } else { (BEGIN.len(), 1) };

    // Positions count characters, from 1, in the message.
    let in_script = server
        .and_then(position_of)
        .and_then(|position| (position - 1).checked_sub(own_prefix))
        .and_then(|at| script.text.char_indices().nth(at))
        .map(|(offset, _)| Lines::of(&script.text).at(offset));
    // A syntax error is found before anything runs, so nothing has completed: the line tells more.
    let running = error.completed.checked_sub(before_script);
    let running = running.and_then(|index| script.statements.get(index)).copied();
    let (statement, line) = match (running, in_script) {
        (_, Some(line)) => (script.statements.iter().rev().find(|s| s.line <= line).copied(), Some(line)),
        (Some(statement), None) => (Some(statement), Some(statement.line)),
        (None, None) => (None, None),
    };
    let recording = running_after(planned, error.completed).filter(|_| !alone && in_script.is_none());
    MigrationFailure {
        migration: planned.name.clone(),
        statement: statement.map(|statement| statement.number),
        line,
        condition: sqlstate::condition(&code),
        message: server.and_then(|error| message(error, &script.text)),
        // What runs inside of a function or a DO block can put anything into these fields.
        object: server.filter(|error| error.r#where().is_none()).and_then(object),
        hint: hint(&code, server, recording).map(str::to_owned),
        code,
        may_leave_traces: alone,
        applied_before,
        total,
    }
}

/// How many statements of ours had completed behind a script that had completed whole.
fn running_after(planned: &Planned, completed: usize) -> Option<usize> {
    let script = &planned.script;
    if script.parsed { completed.checked_sub(1 + script.statements.len()) } else { None }
}

fn object(error: &PgDatabaseError) -> Option<String> {
    let named = [("constraint", error.constraint()), ("table", error.table()), ("column", error.column())];
    let named: Vec<_> =
        named.into_iter().filter_map(|(kind, name)| name.map(|name| format!("{kind} {name}"))).collect();
    (!named.is_empty()).then(|| named.join(", "))
}

/// What to do, where we know more than the server says. `recording` is how far the recording had come.
fn hint(code: &str, server: Option<&PgDatabaseError>, recording: Option<usize>) -> Option<&'static str> {
    let text = server.map_or("", PgDatabaseError::message);
    if text.contains(LOCK_LOST) {
        return Some("The script released the migration lock (pg_advisory_unlock_all?), so its work was rolled back");
    }
    if text.contains(RECORDED_TWICE) {
        return Some("The script itself wrote to the ledger, or another tool did without the lock");
    }
    if text.contains(SWALLOWED) {
        return Some("A trigger or a rule on the ledger swallows its rows: remove it");
    }
    match (code, recording) {
        (sqlstate::UNSAFE_NEW_ENUM_VALUE, _) => {
            Some("A new enum value can be used only after the transaction that adds it: split the file in two")
        }
        (sqlstate::ACTIVE_SQL_TRANSACTION, _) => {
            Some("A statement here cannot run in a transaction: give it a migration of its own")
        }
        (sqlstate::INVALID_TRANSACTION_TERMINATION, _) => Some(
            "A procedure that commits by itself could be cut off half way, and nothing would tell: \
             do its work in the script",
        ),
        (_, Some(RECORDING)) => Some("It failed when the transaction was to be committed, as deferred constraints do"),
        (_, Some(..RECORDING)) => Some(
            "The script ran, but could not be recorded: may the role write to the ledger, and is the ledger the tool's own?",
        ),
        _ => None,
    }
}

/// The server's primary message, if nothing in it can come from a row.
///
/// Inside of a function or a DO block anything can be raised. Elsewhere a quoted piece is an object's
/// name, or comes from data through a cast such as `::regclass`: it passes only if it stands in the
/// script. A syntax error quotes the word that it met, which passes only if it is a bare one.
fn message(error: &PgDatabaseError, script: &str) -> Option<String> {
    if error.r#where().is_some() || !sqlstate::is_about_objects(error.code()) {
        return None;
    }
    let text = error.message();
    let mut quoted = text.split('"').skip(1).step_by(2);
    if error.code() == sqlstate::SYNTAX_ERROR {
        let is_bare = |word: &str| !word.contains(['\'', '$']);
        return Some(if quoted.all(is_bare) { text } else { "syntax error at or near a quoted text" }.to_owned());
    }
    let script = script.to_lowercase();
    let stands_in_script = |name: &str| name.split('.').all(|part| script.contains(&part.to_lowercase()));
    quoted.all(stands_in_script).then(|| text.to_owned())
}
