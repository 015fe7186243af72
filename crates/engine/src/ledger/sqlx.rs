//! sqlx's ledger, `_sqlx_migrations`.

use super::statements::Statements;
use super::values::Values;
use crate::quote::literal;

/// The value of `execution_time` while a standalone statement of ours runs. sqlx's own lowest value is -1, for a time
/// that it did not measure, and sqlx stops at a row without success.
const STANDALONE_MARK: i64 = -2;

pub(super) const MILLISECONDS: &str = "greatest(execution_time, 0) / 1000000";

pub(super) fn others(ledger: &Statements) -> String {
    format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), n.nspname = current_user AND c.relname = {} AND {}, n.nspname::text \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND c.oid IS DISTINCT FROM pg_catalog.to_regclass({}) AND 6 = (SELECT count(*) \
         FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         AND a.attname IN ('version', 'description', 'installed_on', 'success', 'checksum', 'execution_time')) \
         ORDER BY 2 DESC, 1 LIMIT 3",
        literal(&ledger.name),
        // A qualified name is found without the search path.
        !ledger.is_qualified,
        literal(&ledger.table)
    )
}

/// Returns the key of the lock with which sqlx locks a database.
pub(super) fn lock_id(database: &str) -> i64 {
    const SEED: i64 = 0x3d32_ad9e;
    SEED * i64::from(crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(database.as_bytes()))
}

pub(super) fn create_table(table: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (\
         version BIGINT PRIMARY KEY, \
         description TEXT NOT NULL, \
         installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), \
         success BOOLEAN NOT NULL, \
         checksum BYTEA NOT NULL, \
         execution_time BIGINT NOT NULL)"
    )
}

pub(super) fn read(table: &str) -> String {
    format!(
        "SELECT m.version::text, m.version || '_' || pg_catalog.replace(description, ' ', '_'), m.version, \
         pg_catalog.encode(checksum, 'hex'), installed_on::text, success, false, \
         NOT success AND execution_time = {STANDALONE_MARK}, {MILLISECONDS} FROM {table} m ORDER BY m.installed_on, m.version"
    )
}

pub(super) fn insert_finished(ledger: &Statements, values: &Values) -> String {
    let installed_on = ledger.later_than_all("pg_catalog.transaction_timestamp()", "installed_on", values);
    // Nanoseconds since the start of the transaction. sqlx itself measures the commit too, and writes the time in a
    // second statement.
    let execution_time = "greatest(0, extract(epoch FROM pg_catalog.clock_timestamp() - \
                          pg_catalog.transaction_timestamp()) * 1000000000)::pg_catalog.int8";
    insert(ledger, values, &installed_on, true, execution_time, true)
}

pub(super) fn insert_started(ledger: &Statements, values: &Values) -> String {
    let installed_on = ledger.later_than_all("pg_catalog.clock_timestamp()", "installed_on", values);
    insert(ledger, values, &installed_on, false, &STANDALONE_MARK.to_string(), false)
}

pub(super) fn finish_started(ledger: &Statements, id: &str) -> String {
    format!(
        "UPDATE {} SET success = true, execution_time = \
         greatest(0, extract(epoch FROM pg_catalog.clock_timestamp() - installed_on) * 1000000000)::pg_catalog.int8 \
         WHERE {} AND NOT success AND {}",
        ledger.table,
        ledger.is_row(id),
        ledger.lock_is_held()
    )
}

pub(super) fn forget_started(ledger: &Statements, id: &str) -> String {
    format!("DELETE FROM {} WHERE {} AND NOT success AND {}", ledger.table, ledger.is_row(id), ledger.lock_is_held())
}

/// Returns statements that record a migration as sqlx's own `skip` records one that it does not run. An open row is
/// replaced.
pub(super) fn declare_applied(ledger: &Statements, values: &Values) -> String {
    let installed_on = ledger.later_than_all("pg_catalog.clock_timestamp()", "installed_on", values);
    format!(
        "{}; {}",
        declare_rolled_back(ledger, &values.key),
        insert(ledger, values, &installed_on, true, "-1", false)
    )
}

/// Returns a statement that removes the row: sqlx has no row for a migration that was rolled back.
pub(super) fn declare_rolled_back(ledger: &Statements, key: &str) -> String {
    forget_started(ledger, key)
}

fn insert(
    ledger: &Statements,
    values: &Values,
    installed_on: &str,
    success: bool,
    execution_time: &str,
    by_script: bool,
) -> String {
    let version = &values.key;
    format!(
        "INSERT INTO {} (version, description, installed_on, success, checksum, execution_time) \
         VALUES ({version}, {}, {installed_on}, {success}, pg_catalog.decode({}, 'hex'), {})",
        ledger.table,
        values.name,
        values.checksum,
        ledger.guarded(execution_time, &format!("version = {version}"), by_script),
    )
}

/// Returns the text after the version, with blanks.
pub(super) fn description(name: &str) -> String {
    name.split_once('_').map_or("", |(_, rest)| rest).replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_sqlxs_own() {
        // 0xcbf43926 is the check value of CRC-32/ISO-HDLC, over the digits from 1 to 9.
        assert_eq!(lock_id("123456789"), 0x3d32_ad9e * 0xcbf4_3926);
    }

    #[test]
    fn a_description_is_the_name_without_the_version() {
        assert_eq!(description("0001_create_some_users"), "create some users");
        assert_eq!(description("0001_"), "");
    }
}
