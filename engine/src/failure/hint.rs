//! Ways out of a failure.

use sqlx::postgres::PgDatabaseError;

use crate::ledger::{LOCK_LOST, RECORDED_TWICE, SWALLOWED};
use crate::message::RECORDING;
use crate::sqlstate;

/// What to do, where we know more than the server says. `recording` is how far the recording had come.
pub(super) fn of(code: &str, server: Option<&PgDatabaseError>, recording: Option<usize>) -> Option<&'static str> {
    let text = server.map_or("", PgDatabaseError::message);
    if text.contains(LOCK_LOST) {
        return Some("The script released the migration lock (pg_advisory_unlock_all?), so its work was rolled back");
    }
    if text.contains(RECORDED_TWICE) {
        return Some(
            "The ledger has a row of it that this run did not write: the script or an earlier one wrote to the ledger, or another tool did without the lock",
        );
    }
    if text.contains(SWALLOWED) {
        return Some("A trigger or a rule on the ledger swallows or changes its rows: remove it");
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
