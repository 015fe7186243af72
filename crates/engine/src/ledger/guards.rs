//! The errors by which a statement on the ledger refuses to go on.

use crate::quote::literal;

/// What the guard's errors say.
pub(crate) const LOCK_LOST: &str = "lockstep guard: the migration lock was lost";
pub(crate) const RECORDED_TWICE: &str = "lockstep guard: already recorded";
pub(crate) const SWALLOWED: &str = "lockstep guard: the row was swallowed";
pub(crate) const TRANSACTION_ENDED: &str = "lockstep guard: the script ended its transaction";
pub(crate) const ROWS_TAKEN: &str = "lockstep guard: rows of applied migrations are gone";
pub(crate) const GUARDS: [&str; 5] = [LOCK_LOST, RECORDED_TWICE, SWALLOWED, TRANSACTION_ENDED, ROWS_TAKEN];

/// An integer that cannot be made: the error's message carries `text`. The cast cannot be folded into
/// a constant, for it names the backend.
pub(super) fn mark(text: &str) -> String {
    format!("({} || pg_catalog.pg_backend_pid())::pg_catalog.int4", literal(&format!("{text} ")))
}
