//! Decides whether a table is large.

use report::Table;

use crate::catalog::rows;

/// From so many rows on, other sessions notice even a moment's lock.
pub(crate) const MANY: u64 = 100_000;

/// Whether a table is so large that other sessions notice even a moment's lock. A table of unknown size may be.
pub(crate) fn is_large(facts: Option<&Table>) -> bool {
    facts.and_then(rows).is_none_or(|rows| rows >= MANY)
}
