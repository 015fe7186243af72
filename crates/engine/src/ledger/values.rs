//! The values of a row, as SQL.

use super::row::Entry;
use super::sqlx;
use crate::history::Format;
use crate::quote::literal;

/// A row's values, as SQL.
pub(super) struct Values {
    pub(super) id: String,
    pub(super) key: String,
    /// The tool's name for the migration, beside its key.
    pub(super) name: String,
    pub(super) checksum: String,
    /// As [`Entry::newest`].
    pub(super) newest: Option<String>,
}

impl Values {
    pub(super) fn of(format: Format, entry: Entry) -> Self {
        let name = match format {
            Format::Prisma => entry.name.to_owned(),
            Format::Sqlx => sqlx::description(entry.name),
        };
        Self {
            id: literal(entry.id),
            key: entry.key.sql(),
            name: literal(&name),
            checksum: literal(entry.checksum),
            newest: entry.newest.map(|newest| format!("{}::pg_catalog.timestamptz", literal(newest))),
        }
    }

    /// Returns parameters in the order of [`Values::in_order`].
    pub(super) fn parameters() -> Self {
        let [id, key, name, checksum, newest] = ["$1", "$2", "$3", "$4", "$5"].map(str::to_owned);
        Self { id, key, name, checksum, newest: Some(newest) }
    }

    pub(super) fn in_order(self) -> [String; 5] {
        // A parameter cannot say "look it up": null has no effect in greatest().
        [self.id, self.key, self.name, self.checksum, self.newest.unwrap_or_else(|| "NULL".to_owned())]
    }
}
