//! What a script's failure says: where, why, and the way out, without a row's value.

mod hint;
mod text;

use sqlx::postgres::PgDatabaseError;

use crate::error::MigrationFailure;
use crate::message::Message;
use crate::plan::Planned;
use crate::script::{Lines, Outlives, Script};
use crate::session::{ScriptError, code_of, database_error, position_of};
use crate::sqlstate;

/// Where and why `error` happened in `message`, for people. `alone` says that the script was sent as it is.
pub(crate) fn of(
    planned: &Planned,
    message: &Message,
    error: &ScriptError,
    alone: bool,
    applied_before: usize,
    total: usize,
) -> MigrationFailure {
    let script = &planned.script;
    let code = code_of(&error.source).unwrap_or_else(|| "none".to_owned());
    let server = database_error(&error.source);

    let in_script = server
        .and_then(position_of)
        .and_then(|position| message.in_script(position))
        .and_then(|at| script.text.char_indices().nth(at))
        .map(|(offset, _)| Lines::of(&script.text).at(offset));
    // A syntax error is found before anything runs, so nothing has completed: the line tells more.
    let running = message.running(error.completed).and_then(|index| script.statements.get(index)).copied();
    let (statement, line) = match (running, in_script) {
        (_, Some(line)) => (script.statements.iter().rev().find(|s| s.line <= line).copied(), Some(line)),
        (Some(statement), None) => (Some(statement), Some(statement.line)),
        (None, None) => (None, None),
    };
    let recording = message.recorded(error.completed).filter(|_| in_script.is_none());
    MigrationFailure {
        migration: planned.name.clone(),
        statement: statement.map(|statement| statement.number),
        line,
        condition: sqlstate::condition(&code),
        message: server.and_then(|error| text::message(error, &script.text)),
        // What runs inside of a function or a DO block can put anything into these fields.
        object: server.filter(|error| error.r#where().is_none()).and_then(object),
        hint: hint::of(&code, server, recording).map(str::to_owned),
        code,
        may_leave_traces: alone,
        outlives: outliving(script, running.map(|statement| statement.line), recording.is_some()),
        applied_before,
        total,
    }
}

/// What no rollback undoes of the statements up to the one that failed, which may have done its work too.
fn outliving(script: &Script, failing_line: Option<usize>, is_through: bool) -> Vec<Outlives> {
    let ran = |outlives: &&Outlives| is_through || failing_line.is_some_and(|line| outlives.line <= line);
    script.outlives.iter().filter(ran).cloned().collect()
}

fn object(error: &PgDatabaseError) -> Option<String> {
    let named = [("constraint", error.constraint()), ("table", error.table()), ("column", error.column())];
    let named: Vec<_> =
        named.into_iter().filter_map(|(kind, name)| name.map(|name| format!("{kind} {name}"))).collect();
    (!named.is_empty()).then(|| named.join(", "))
}
