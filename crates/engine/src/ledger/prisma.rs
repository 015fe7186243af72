//! Prisma's ledger, `_prisma_migrations`.

use super::statements::Statements;
use super::values::Values;
use crate::digest::Fields;
use crate::history::hex;
use crate::quote::literal;

/// The table's name.
pub(super) const TABLE: &str = "_prisma_migrations";

/// The key of the lock that Prisma's own engine takes.
pub(super) const LOCK_ID: i64 = 72_707_369;

/// The value of `logs` while a standalone statement of ours runs. It tells a row that we left open from one that
/// another tool left open.
const STANDALONE_MARK: &str = "lockstep: running outside a transaction";

pub(super) const MILLISECONDS: &str =
    "coalesce((extract(epoch FROM finished_at - started_at) * 1000)::pg_catalog.int8, 0)";

pub(super) fn create_table(table: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (\
         id VARCHAR(36) PRIMARY KEY NOT NULL, \
         checksum VARCHAR(64) NOT NULL, \
         finished_at TIMESTAMPTZ, \
         migration_name VARCHAR(255) NOT NULL, \
         logs TEXT, \
         rolled_back_at TIMESTAMPTZ, \
         started_at TIMESTAMPTZ NOT NULL DEFAULT now(), \
         applied_steps_count INTEGER NOT NULL DEFAULT 0)"
    )
}

pub(super) fn read(table: &str) -> String {
    format!(
        "SELECT id, migration_name, NULL::pg_catalog.int8, checksum, started_at::text, finished_at IS NOT NULL, \
         rolled_back_at IS NOT NULL, coalesce(logs = {}, false), \
         {MILLISECONDS} FROM {table} ORDER BY started_at, id",
        literal(STANDALONE_MARK),
    )
}

/// Other tables of the ledger's name and shape. Prisma looks only in the schema of its URL, so it finds none of them
/// before ours.
pub(super) fn others(ledger: &Statements) -> String {
    format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), false, n.nspname::text \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND c.relname = {} AND n.nspname <> {} AND 3 = (SELECT pg_catalog.count(*) \
         FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         AND a.attname IN ('migration_name', 'checksum', 'finished_at')) ORDER BY 1 LIMIT 3",
        literal(TABLE),
        literal(&ledger.ledger_schema)
    )
}

pub(super) fn insert_finished(ledger: &Statements, values: &Values) -> String {
    let started_at = ledger.later_than_all("pg_catalog.transaction_timestamp()", "started_at", values);
    format!(
        "INSERT INTO {} (id, checksum, finished_at, migration_name, started_at, applied_steps_count) \
         SELECT {}, {}, greatest(pg_catalog.clock_timestamp(), s.at), {}, s.at, {} FROM (SELECT {started_at} AS at) s",
        ledger.table,
        values.id,
        values.checksum,
        values.name,
        guarded(ledger, "1", values, true),
    )
}

pub(super) fn insert_started(ledger: &Statements, values: &Values) -> String {
    format!(
        "INSERT INTO {} (id, checksum, migration_name, logs, started_at, applied_steps_count) \
         VALUES ({}, {}, {}, {}, {}, {})",
        ledger.table,
        values.id,
        values.checksum,
        values.name,
        literal(STANDALONE_MARK),
        ledger.later_than_all("pg_catalog.clock_timestamp()", "started_at", values),
        guarded(ledger, "0", values, false),
    )
}

pub(super) fn finish_started(ledger: &Statements, id: &str) -> String {
    format!(
        "UPDATE {} SET finished_at = greatest(pg_catalog.clock_timestamp(), started_at), logs = NULL, applied_steps_count = 1 \
         WHERE {} AND finished_at IS NULL AND {}",
        ledger.table,
        ledger.is_row(id),
        ledger.lock_is_held()
    )
}

pub(super) fn forget_started(ledger: &Statements, id: &str) -> String {
    format!(
        "DELETE FROM {} WHERE {} AND finished_at IS NULL AND {}",
        ledger.table,
        ledger.is_row(id),
        ledger.lock_is_held()
    )
}

/// Returns statements that do what `prisma migrate resolve --applied` does: mark open rows as rolled back, and add a
/// row without steps that says that the migration is applied.
pub(super) fn declare_applied(ledger: &Statements, values: &Values) -> String {
    format!(
        "{}; INSERT INTO {} (id, checksum, finished_at, migration_name, logs, started_at, applied_steps_count) \
         SELECT {}, {}, s.at, {}, '', s.at, {} FROM (SELECT {} AS at) s",
        declare_rolled_back(ledger, &values.key),
        ledger.table,
        values.id,
        values.checksum,
        values.name,
        guarded(ledger, "0", values, false),
        ledger.later_than_all("pg_catalog.clock_timestamp()", "started_at", values),
    )
}

/// Returns a statement that does what `prisma migrate resolve --rolled-back` does.
pub(super) fn declare_rolled_back(ledger: &Statements, key: &str) -> String {
    format!(
        "UPDATE {} SET rolled_back_at = pg_catalog.clock_timestamp() WHERE migration_name = {} \
         AND finished_at IS NULL AND rolled_back_at IS NULL AND {}",
        ledger.table,
        key,
        ledger.lock_is_held()
    )
}

fn guarded(ledger: &Statements, value: &str, values: &Values, by_script: bool) -> String {
    ledger.guarded(value, &format!("migration_name = {} AND rolled_back_at IS NULL", values.key), by_script)
}

/// Returns the id of the row that `run` writes for a migration, by which a run recognises its own rows. It has the
/// shape of Prisma's uuid v4. `earlier` counts the migration's rows so far, so that the same run can apply a migration
/// again that was rolled back.
pub(super) fn row_id(run: &str, name: &str, earlier: usize) -> String {
    let mut fields = Fields::new();
    fields.text(run);
    fields.text(name);
    fields.bytes(&(earlier as u64).to_be_bytes());
    let digest = fields.finish();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_id_looks_like_a_uuid_and_is_the_same_at_every_attempt() {
        let id = row_id("run", "a", 0);
        assert_eq!(id, row_id("run", "a", 0));
        assert_ne!(id, row_id("other run", "a", 0));
        assert_ne!(id, row_id("run", "a", 1));
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert!("89ab".contains(&id[19..20]));
    }
}
