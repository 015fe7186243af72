//! Ways out of a failure, where more is known than the server says.

use sqlx::postgres::PgDatabaseError;
use squawk_syntax::SyntaxKind;

use super::Met;
use crate::ledger::{LOCK_LOST, RECORDED_TWICE, ROWS_TAKEN, SWALLOWED};
use crate::message::Stage;
use crate::script::Statement;
use crate::sqlstate;

/// Returns what to do about the failure.
pub(super) fn of(met: &Met) -> Option<String> {
    event_trigger(met).or_else(|| {
        let known = guard(met).or_else(|| in_function(met)).or_else(|| by_code(met)).or_else(|| recording(met));
        known.map(str::to_owned)
    })
}

/// Returns the cause and the way out if one of the recording's own checks failed.
fn guard(met: &Met) -> Option<&'static str> {
    let text = met.server.map_or("", PgDatabaseError::message);
    if text.contains(LOCK_LOST) {
        return Some("The script released the migration lock (pg_advisory_unlock_all?), so its work was rolled back");
    }
    if text.contains(RECORDED_TWICE) {
        return Some(
            "The ledger has a row of it that this run did not write: this script, an earlier one, or a tool without the lock wrote to the ledger",
        );
    }
    if text.contains(ROWS_TAKEN) {
        return Some(
            "The script removes the ledger's rows of applied migrations, or makes the ledger unlogged: the next run would apply \
             them again. Do not change the ledger: a resolve settles one migration, a baseline declares many",
        );
    }
    text.contains(SWALLOWED).then_some("A trigger or a rule on the ledger discards or changes its rows: remove it")
}

/// Returns the way out if an event trigger stopped the statement. A statement that touches only objects runs no other
/// function.
fn event_trigger(met: &Met) -> Option<String> {
    // For these, the context is the text that they read.
    let checks_more = [SyntaxKind::CREATE_FUNCTION, SyntaxKind::CREATE_PROCEDURE, SyntaxKind::CREATE_EXTENSION];
    let statement = met.statement.filter(|_| !met.reads_rows)?;
    let context = met.server?.r#where().filter(|_| !checks_more.contains(&statement.kind))?;
    // The outermost function stands last in the context. An event trigger's function has no arguments.
    let outermost = context.lines().next_back()?;
    let before = outermost.split_once("()")?.0;
    let is_name = |c: char| c.is_alphanumeric() || "_.$".contains(c);
    let name = &before[before.trim_end_matches(is_name).len()..];
    // A quoted name.
    if name.is_empty() {
        return None;
    }
    Some(format!(
        "The function {name}() of the database stopped the statement, as an event trigger's or a trigger's does: change \
         it, or run this as a role that it accepts"
    ))
}

/// Statements that add a context of their own where they fail, and run the functions of indexes and views.
const MAINTENANCE: [SyntaxKind; 7] = [
    SyntaxKind::ANALYZE,
    SyntaxKind::CLUSTER,
    SyntaxKind::CREATE_INDEX,
    SyntaxKind::CREATE_MATERIALIZED_VIEW,
    SyntaxKind::REFRESH,
    SyntaxKind::REINDEX,
    SyntaxKind::VACUUM,
];

pub(super) fn is_maintenance(statement: &Statement) -> bool {
    MAINTENANCE.contains(&statement.kind)
}

/// SQLSTATEs with which such a statement's function fails when it does not find an object.
pub(super) const MISSING: [&str; 4] = [
    sqlstate::UNDEFINED_TABLE,
    sqlstate::UNDEFINED_FUNCTION,
    sqlstate::UNDEFINED_OBJECT,
    sqlstate::INVALID_SCHEMA_NAME,
];

/// Returns the way out for a statement that cannot run inside of a function or a DO block, or that finds fewer objects
/// there.
fn in_function(met: &Met) -> Option<&'static str> {
    met.server?.r#where()?;
    let is_maintenance = met.statement.as_ref().is_some_and(is_maintenance);
    match met.code {
        sqlstate::ACTIVE_SQL_TRANSACTION if !is_maintenance => Some(
            "It stands inside of a function or a DO block, where it can never run: write it as a statement of its own, \
             in a file of its own",
        ),
        code if is_maintenance && MISSING.contains(&code) => Some(
            "A function that it calls does not find an object: from PostgreSQL 17 on, this statement runs functions \
             with search_path = pg_catalog, pg_temp. Qualify the names in the function's body, or give the function \
             a search_path by ALTER FUNCTION ... SET search_path",
        ),
        _ if met.statement.is_some_and(|statement| statement.kind == SyntaxKind::ALTER_TABLE) => Some(
            "A function of the database stopped the statement: an event trigger's, or one that the statement calls. The \
             server's log names it",
        ),
        _ => None,
    }
}

fn by_code(met: &Met) -> Option<&'static str> {
    let is = |kind| met.statement.is_some_and(|statement| statement.kind == kind);
    let raised_in = |file| met.server.and_then(PgDatabaseError::file) == Some(file);
    Some(match met.code {
        sqlstate::UNSAFE_NEW_ENUM_VALUE => {
            "A new enum value can be used only after the transaction that adds it: split the file in two"
        }
        sqlstate::ACTIVE_SQL_TRANSACTION if raised_in("guc.c") || raised_in("variable.c") => {
            "It has to stand before every other statement of its file"
        }
        sqlstate::ACTIVE_SQL_TRANSACTION if is(SyntaxKind::CREATE_SUBSCRIPTION) => {
            "It makes a replication slot on the publisher, which cannot be in a transaction: give it a file of its own, \
             or make the slot there and write WITH (create_slot = false)"
        }
        sqlstate::ACTIVE_SQL_TRANSACTION => {
            "A statement here cannot run in a transaction: give it a migration of its own"
        }
        sqlstate::INVALID_TRANSACTION_TERMINATION => {
            "A procedure that commits by itself could be cut off half way, and no record would say so: \
             do its work in the script"
        }
        sqlstate::OBJECT_IN_USE if raised_in("tablecmds.c") => {
            "The transaction itself still uses the table, through the checks of a deferred constraint or by an open cursor: \
             write SET CONSTRAINTS ALL IMMEDIATE before the statement, close the cursor, or split the file in two"
        }
        sqlstate::DUPLICATE_OBJECT if raised_in("slot.c") => {
            "A replication slot outlives a rollback. If an earlier run left this one, drop it with \
             pg_drop_replication_slot"
        }
        sqlstate::DISK_FULL => {
            "The server's disk is full, and the script is not to blame: free space there, or give the server more storage"
        }
        sqlstate::OUT_OF_MEMORY => {
            "The server had no memory left for it. Where it locks many tables (all partitions of one, or a schema), raise \
             max_locks_per_transaction, or split the file; else give the server more memory"
        }
        sqlstate::CONFIGURATION_LIMIT_EXCEEDED => {
            "It met a limit in the server's or the role's settings (temp_file_limit, for what is sorted or built on disk): \
             raise the limit for the role, or do the work in smaller parts"
        }
        sqlstate::QUERY_CANCELED if met.script.to_lowercase().contains("statement_timeout") => {
            "The script sets a statement_timeout, which cut it off, unless another session cancelled it"
        }
        sqlstate::QUERY_CANCELED => "Another session cancelled it (pg_cancel_backend)",
        _ if raised_in("subscriptioncmds.c") && met.code.starts_with("08") => {
            "The server could not reach the publisher: check the connection string, that the network lets it through, \
             and that the role may log in there; or write WITH (connect = false)"
        }
        _ => return None,
    })
}

/// Returns which step after the script failed.
fn recording(met: &Met) -> Option<&'static str> {
    match met.stage? {
        Stage::Deferred | Stage::Commit => {
            Some("It failed when the transaction was to be committed, as deferred constraints do")
        }
        Stage::Recording => Some(
            "The script ran, but could not be recorded: may the role write to the ledger, and is the ledger the tool's own?",
        ),
        Stage::Committed => None,
    }
}
