//! The errors with which a statement on the ledger stops.

use crate::quote::literal;

/// The texts of the guard's errors.
pub(crate) const LOCK_LOST: &str = "lockstep guard: the migration lock was lost";
pub(crate) const RECORDED_TWICE: &str = "lockstep guard: already recorded";
pub(crate) const SWALLOWED: &str = "lockstep guard: the row was swallowed";
pub(crate) const TRANSACTION_ENDED: &str = "lockstep guard: the script ended its transaction";
pub(crate) const ROWS_TAKEN: &str = "lockstep guard: rows of applied migrations are gone";
pub(crate) const GUARDS: [&str; 5] = [LOCK_LOST, RECORDED_TWICE, SWALLOWED, TRANSACTION_ENDED, ROWS_TAKEN];

/// Returns an integer expression that always fails: the error's message carries `text`. The planner cannot fold the
/// cast into a constant, since it refers to the backend.
pub(super) fn mark(text: &str) -> String {
    format!("({} || pg_catalog.pg_backend_pid())::pg_catalog.int4", literal(&format!("{text} ")))
}
