//! How a finished migration's row is written: spelled out, or by statements that the server has prepared.
//!
//! Parsing and planning the guarded INSERT takes the server longer than carrying it out, and it is the same for every
//! migration of a run.

use super::{Entry, SWALLOWED, Statements, mark, prisma, sqlx};
use crate::history::Format;
use crate::quote::literal;

/// How many statements [`Statements::prepare`] prepares: a script that leaves more has left its own.
pub(crate) const PREPARED: i64 = 2;

/// A row's values, as SQL.
pub(super) struct Values {
    pub(super) id: String,
    pub(super) key: String,
    /// What the tool calls the migration, beside its key.
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

    /// In the order of [`Values::in_order`].
    fn parameters() -> Self {
        let [id, key, name, checksum, newest] = ["$1", "$2", "$3", "$4", "$5"].map(str::to_owned);
        Self { id, key, name, checksum, newest: Some(newest) }
    }

    fn in_order(self) -> [String; 5] {
        // A parameter has no place for "look for it": null counts for nothing in greatest().
        [self.id, self.key, self.name, self.checksum, self.newest.unwrap_or_else(|| "NULL".to_owned())]
    }
}

impl Statements {
    /// Two statements: one records a migration as finished, an error unless our session holds the lock and it has no
    /// row; one shows the row, an error unless it is there, for a trigger or a rule can swallow an INSERT. To be run in
    /// the transaction of the script itself.
    pub(crate) fn record(&self, entry: Entry) -> String {
        let values = Values::of(self.format, entry);
        format!("{}; {}", self.insert_finished(&values), self.check_recorded(&values))
    }

    /// The same by what [`prepare`](Self::prepare) prepared. The entry has to know which row is the newest.
    pub(crate) fn record_prepared(&self, entry: Entry) -> String {
        let values = Values::of(self.format, entry);
        let check = format!("EXECUTE lockstep_check({}, {})", values.id, values.key);
        format!("EXECUTE lockstep_record({}); {check}", values.in_order().join(", "))
    }

    /// Has the server prepare [`record`](Self::record)'s statements.
    pub(crate) fn prepare(&self) -> String {
        let values = Values::parameters();
        let key = match self.format {
            Format::Prisma => "text",
            Format::Sqlx => "pg_catalog.int8",
        };
        format!(
            "PREPARE lockstep_record(text, {key}, text, text, pg_catalog.timestamptz) AS {}; \
             PREPARE lockstep_check(text, {key}) AS {}",
            self.insert_finished(&values),
            self.check_recorded(&values)
        )
    }

    fn insert_finished(&self, values: &Values) -> String {
        match self.format {
            Format::Prisma => prisma::insert_finished(self, values),
            Format::Sqlx => sqlx::insert_finished(self, values),
        }
    }

    fn check_recorded(&self, values: &Values) -> String {
        let is_row = match self.format {
            Format::Prisma => format!("id = {}", values.id),
            Format::Sqlx => format!("version = {}", values.key),
        };
        format!(
            "SELECT coalesce(r.milliseconds, {}), r.started_at, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements) \
             AS prepared FROM (SELECT 1) one LEFT JOIN (SELECT {} FROM {} WHERE {is_row}) r ON true",
            mark(SWALLOWED),
            self.stamp(),
            self.table
        )
    }
}
