//! How the row of a finished migration is written: by a statement that is spelled out, or by one that the server has
//! prepared.
//!
//! Parsing and planning the guarded INSERT takes the server longer than executing it, and the statement is the same for
//! every migration of a run.

use super::guards::{SWALLOWED, mark};
use super::row::Entry;
use super::statements::Statements;
use super::values::Values;
use super::{prisma, sqlx};
use crate::history::Format;
use crate::planted::{self, Bug};
use crate::session::Prepared;

/// How many statements [`Statements::prepare`] prepares. If more are left, the script has prepared its own.
pub(crate) const PREPARED: i64 = 2;

/// The column with the number of prepared statements, in the row that only a recording returns.
pub(crate) const PREPARED_LEFT: &str = "lockstep_prepared";

/// The column with the id of the transaction, in the same row.
pub(crate) const TRANSACTION_ID: &str = "lockstep_transaction";

impl Statements {
    /// Returns two statements. The first records a migration as finished; it fails unless our session holds the lock
    /// and the migration has no row. The second returns the row; it fails if the row is not there, since a trigger or a
    /// rule can swallow an INSERT. Both are to run in the script's own transaction.
    pub(crate) fn record(&self, entry: Entry) -> [String; 2] {
        let values = Values::of(self.format, entry);
        [self.insert_finished(&values), self.check_recorded(&values)]
    }

    /// Returns the two statements of [`record`](Self::record), as executions of what [`prepare`](Self::prepare)
    /// prepared. The entry has to know the newest row.
    pub(crate) fn record_prepared(&self, entry: Entry, names: &Prepared) -> [String; 2] {
        let values = Values::of(self.format, entry);
        let check = [&values.id, &values.key, &values.name, &values.checksum].map(String::as_str).join(", ");
        [
            format!("EXECUTE {}({})", names.record, values.in_order().join(", ")),
            format!("EXECUTE {}({check})", names.check),
        ]
    }

    /// Returns statements that prepare those of [`record`](Self::record) on the server.
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
        let insert = match self.format {
            Format::Prisma => prisma::insert_finished(self, values),
            Format::Sqlx => sqlx::insert_finished(self, values),
        };
        insert + if planted::is_on(Bug::NoReconciliation) { " ON CONFLICT DO NOTHING" } else { "" }
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
