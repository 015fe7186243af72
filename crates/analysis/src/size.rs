//! Whether a table is large.

use report::Table;

use crate::catalog::rows;

/// So many rows that a moment's lock is felt by other sessions.
pub(crate) const MANY: u64 = 100_000;

/// Whether a table is so large that a moment's lock is felt by other sessions; of what is not known, that it may be.
pub(crate) fn is_large(facts: Option<&Table>) -> bool {
    facts.and_then(rows).is_none_or(|rows| rows >= MANY)
}
