//! How a finished migration's row is written: spelled out, or by statements that the server has prepared.
//!
//! Parsing and planning the guarded INSERT takes the server longer than carrying it out, and it is the same for every
//! migration of a run.

use super::{Entry, SWALLOWED, Statements, mark, prisma, sqlx};
use crate::history::Format;
use crate::quote::literal;

/// How many statements [`Statements::prepare`] prepares: a script that leaves more has left its own.
pub(crate) const PREPARED: i64 = 2;

/// The column that says how many statements are prepared, in the row that only a recording gives.
pub(crate) const PREPARED_LEFT: &str = "lockstep_prepared";

/// The column with the id of the transaction, in the same row.
pub(crate) const TRANSACTION_ID: &str = "lockstep_transaction";

/// The names of what a session prepares. They are random, so that a script cannot put statements of its own there.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    record: String,
    check: String,
}

impl Prepared {
    pub(crate) fn new() -> Self {
        let number = fastrand::u64(..);
        Self { record: format!("lockstep_record_{number:016x}"), check: format!("lockstep_check_{number:016x}") }
    }
}

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
    pub(crate) fn record(&self, entry: Entry) -> [String; 2] {
        let values = Values::of(self.format, entry);
        [self.insert_finished(&values), self.check_recorded(&values)]
    }

    /// The same by what [`prepare`](Self::prepare) prepared. The entry has to know which row is the newest.
    pub(crate) fn record_prepared(&self, entry: Entry, names: &Prepared) -> [String; 2] {
        let values = Values::of(self.format, entry);
        let check = [&values.id, &values.key, &values.name, &values.checksum].map(String::as_str).join(", ");
        [
            format!("EXECUTE {}({})", names.record, values.in_order().join(", ")),
            format!("EXECUTE {}({check})", names.check),
        ]
    }

    /// Has the server prepare [`record`](Self::record)'s statements.
    pub(crate) fn prepare(&self, names: &Prepared) -> [String; 2] {
        let values = Values::parameters();
        let key = match self.format {
            Format::Prisma => "text",
            Format::Sqlx => "pg_catalog.int8",
        };
        [
            format!(
                "PREPARE {}(text, {key}, text, text, pg_catalog.timestamptz) AS {}",
                names.record,
                self.insert_finished(&values)
            ),
            format!("PREPARE {}(text, {key}, text, text) AS {}", names.check, self.check_recorded(&values)),
        ]
    }

    fn insert_finished(&self, values: &Values) -> String {
        match self.format {
            Format::Prisma => prisma::insert_finished(self, values),
            Format::Sqlx => sqlx::insert_finished(self, values),
        }
    }

    fn check_recorded(&self, values: &Values) -> String {
        format!(
            "SELECT coalesce(r.milliseconds, {}), r.started_at, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements) \
             AS {PREPARED_LEFT}, pg_catalog.txid_current() AS {TRANSACTION_ID} FROM (SELECT 1) one LEFT JOIN (SELECT {} FROM {} WHERE {}) r ON true",
            mark(SWALLOWED),
            self.stamp(),
            self.table,
            self.is_finished_row(values),
        )
    }
}
