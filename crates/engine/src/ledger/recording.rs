//! How a finished migration's row is written: spelled out, or by statements that the server has prepared.
//!
//! Parsing and planning the guarded INSERT takes the server longer than carrying it out, and it is the same for every
//! migration of a run.

use super::guards::{SWALLOWED, mark};
use super::row::Entry;
use super::statements::Statements;
use super::values::Values;
use super::{prisma, sqlx};
use crate::history::Format;
use crate::session::Prepared;

/// How many statements [`Statements::prepare`] prepares: a script that leaves more has left its own.
pub(crate) const PREPARED: i64 = 2;

/// The column that says how many statements are prepared, in the row that only a recording gives.
pub(crate) const PREPARED_LEFT: &str = "lockstep_prepared";

/// The column with the id of the transaction, in the same row.
pub(crate) const TRANSACTION_ID: &str = "lockstep_transaction";

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
