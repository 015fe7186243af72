//! The ledger: the table in which a database records its applied migrations, and the statements that read and write it.
//!
//! It is exactly the table that Prisma or sqlx would create, so that either tool can take over at any time.

mod guards;
mod owner;
mod prisma;
mod read;
mod recording;
mod row;
mod shape;
mod sqlx;
mod statements;
mod values;

pub use crate::session::TableName;
pub use row::{Ledger, Row};

pub(crate) use guards::{GUARDS, LOCK_LOST, RECORDED_TWICE, ROWS_TAKEN, SWALLOWED, TRANSACTION_ENDED};
pub(crate) use owner::check as check_owner;
pub(crate) use read::read;
pub(crate) use recording::{PREPARED, PREPARED_LEFT, TRANSACTION_ID};
pub(crate) use row::{Entry, Recorded, Shown};
pub(crate) use statements::{Statements, UNLOGGED};

use crate::history::Key;

/// Returns the id of the row that `run` writes for a migration with so many `earlier` rows: the same in every attempt.
pub(crate) fn row_id(run: &str, key: &Key, earlier: usize) -> String {
    match key {
        Key::Name(name) => prisma::row_id(run, name, earlier),
        // sqlx's ledger has no column for the run that wrote a row.
        Key::Version(version) => version.to_string(),
    }
}
