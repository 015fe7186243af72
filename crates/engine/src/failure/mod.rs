//! Describes a script's failure: where, why, and the way out, without a row's value.

mod hint;

use scan::Lines;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use crate::error::{Left, MigrationFailure};
use crate::message::{Message, Stage};
use crate::plan::Planned;
use crate::quote::literal;
use crate::script::{Outlives, Script, Statement};
use crate::server_text::{self, position_of};
use crate::session::{ScriptError, code_of, database_error};
use crate::sqlstate;

/// Returns the failure of the script of `planned`, which a caller sent unchanged by itself, after `completed`
/// statements.
pub fn of_script(planned: &Planned, completed: usize, source: sqlx::Error) -> MigrationFailure {
    let error = ScriptError { completed, first: None, waited_for: Vec::new(), source };
    of(planned, &Message::alone(planned.script.text.clone()), &error, Left::Unknown, 0, 1)
}

/// Returns where and why `error` happened in `message`, for people; `left` is what is left of the script.
pub(crate) fn of(
    planned: &Planned,
    message: &Message,
    error: &ScriptError,
    left: Left,
    applied_before: usize,
    total: usize,
) -> MigrationFailure {
    let script = &planned.script;
    let code = code_of(&error.source).unwrap_or_else(|| "none".to_owned());
    let server = database_error(&error.source);

    let at = server
        .and_then(position_of)
        .and_then(|position| message.in_script(position))
        .and_then(|at| script.text.char_indices().nth(at))
        .map(|(offset, _)| offset);
    let in_script = at.map(|offset| Lines::of(&script.text).at(offset));
    // A syntax error is found before anything runs, so nothing has completed: the line tells more.
    let running = message.running(error.completed).and_then(|index| script.statements.get(index)).copied();
    let (statement, line) = match (running, in_script) {
        (_, Some(line)) => (script.statements.iter().rev().find(|s| s.line <= line).copied(), Some(line)),
        (Some(statement), None) => (Some(statement), Some(statement.line)),
        (None, None) => (None, None),
    };
    let stage = message.stage(error.completed).filter(|_| in_script.is_none());
    // A statement that is not known, and what runs at the commit, may read rows.
    let reads_rows = running.is_none_or(|statement| statement.reads_rows);
    let met = Met { code: &code, server, script: &script.text, statement: running.or(statement), reads_rows, stage };
    MigrationFailure {
        migration: planned.name.clone(),
        statement: statement.map(|statement| statement.number),
        line,
        condition: sqlstate::condition(&code),
        message: server.and_then(|error| server_text::of(error, &script.text, at, reads_rows)),
        // Code inside of a function or a DO block can put anything into these fields.
        object: server.filter(|error| error.r#where().is_none()).and_then(object),
        hint: hint::of(&met),
        code,
        left,
        outlives: outliving(script, running.map(|statement| statement.line), stage.is_some()),
        applied_before,
        total,
    }
}

/// Returns what no rollback undoes of the statements up to the failed one. The failed one may have done its work too.
fn outliving(script: &Script, failing_line: Option<usize>, is_through: bool) -> Vec<Outlives> {
    let ran = |outlives: &&Outlives| is_through || failing_line.is_some_and(|line| outlives.line <= line);
    script.outlives.iter().filter(ran).cloned().collect()
}

/// The hint on a statement that was cancelled on request.
pub(crate) const STOPPED: &str = "It was cancelled, because a person stopped the run";

/// Returns the way out for a script that was cancelled when the function's time was up, while it `waited_for` these
/// sessions.
pub(crate) fn time_is_up(waited_for: &[String]) -> String {
    if waited_for.is_empty() {
        return "It was cancelled because the function's time was up, although it had the whole time: \
                give the apply function more time, or split the migration"
            .to_owned();
    }
    format!(
        "When the function's time was up, it waited for other sessions' transactions: {}. Have them end, and keep such \
         sessions away while migrations run",
        waited_for.join(", ")
    )
}

/// Returns the object that a function of the database did not find, where the statement runs the function implicitly:
/// an index's or a view's. The name comes from the query inside of the function, so it may be a row's value unless a
/// function's source has it.
pub(crate) fn missing_in_a_function(script: &Script, error: &ScriptError) -> Option<String> {
    let is_maintenance = script.statements.iter().any(hint::is_maintenance);
    let server =
        database_error(&error.source).filter(|error| is_maintenance && hint::MISSING.contains(&error.code()))?;
    let Some(PgErrorPosition::Internal { position, query }) = server.position() else { return None };
    let from = query.char_indices().nth(position.checked_sub(1)?)?.0;
    let name: String = query[from..].chars().take_while(|c| c.is_alphanumeric() || "_.$\"".contains(*c)).collect();
    (!name.is_empty()).then_some(name)
}

/// Returns a query: whether the source of a function contains `name`.
pub(crate) fn is_in_a_source(name: &str) -> String {
    format!("SELECT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE pg_catalog.strpos(p.prosrc, {}) > 0)", literal(name))
}

/// Whether the error of a script of one statement was raised inside a function or a DO block.
pub(crate) fn is_in_a_function(script: &Script, error: &ScriptError) -> bool {
    let is_maintenance = script.statements.first().is_some_and(hint::is_maintenance);
    !is_maintenance && database_error(&error.source).is_some_and(|error| error.r#where().is_some())
}

/// What is known of a failure.
struct Met<'a> {
    code: &'a str,
    server: Option<&'a PgDatabaseError>,
    /// The script's text.
    script: &'a str,
    /// The script's statement that was running.
    statement: Option<Statement>,
    reads_rows: bool,
    /// How far the message had come after the script had completed.
    stage: Option<Stage>,
}

fn object(error: &PgDatabaseError) -> Option<String> {
    let named = [
        ("constraint", error.constraint()),
        ("table", error.table()),
        ("column", error.column()),
        ("type", error.data_type()),
    ];
    let named: Vec<_> =
        named.into_iter().filter_map(|(kind, name)| name.map(|name| format!("{kind} {name}"))).collect();
    (!named.is_empty()).then(|| named.join(", "))
}
