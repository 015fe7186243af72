//! Prisma's ledger, `_prisma_migrations`: reading it, and the statements that write to it.

use crate::digest::Fields;
use crate::history::hex;
use crate::lock::LOCK_ID;
use crate::quote::{identifier, literal};

/// The table's name.
pub const TABLE: &str = "_prisma_migrations";

/// What `logs` holds while a standalone statement of ours runs, so that a row which it left behind
/// can be told from one that another tool left.
pub(crate) const STANDALONE_MARK: &str = "lockstep: running outside a transaction";

/// What the guard's errors say.
pub(crate) const LOCK_LOST: &str = "lockstep guard: the migration lock was lost";
pub(crate) const RECORDED_TWICE: &str = "lockstep guard: already recorded";
pub(crate) const SWALLOWED: &str = "lockstep guard: the row was swallowed";

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A uuid.
    pub id: String,
    /// The migration.
    pub name: String,
    /// The checksum of the script that was applied.
    pub checksum: String,
    /// When it started, as PostgreSQL writes it.
    pub started_at: String,
    /// Whether it finished.
    pub finished: bool,
    /// Whether it was declared rolled back.
    pub rolled_back: bool,
    /// Whether it carries the mark of our own standalone statement.
    pub marked: bool,
    /// From start to finish, in milliseconds; 0 when it did not finish.
    pub duration_ms: u64,
}

impl Row {
    /// Whether the migration counts as applied by this row.
    pub fn is_applied(&self) -> bool {
        self.finished && !self.rolled_back
    }

    /// Whether the row says that something was started and never came to an end.
    pub fn is_open(&self) -> bool {
        !self.finished && !self.rolled_back
    }
}

/// The ledger's rows, in the order in which they were started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// All rows; several for one migration are normal.
    pub rows: Vec<Row>,
}

impl Ledger {
    /// Whether `name` has a row that was not rolled back, which is when Prisma does not apply it.
    pub fn has(&self, name: &str) -> bool {
        self.rows.iter().any(|row| row.name == name && !row.rolled_back)
    }

    /// A digest of what the ledger says, whatever the order of its rows.
    pub(crate) fn digest(&self) -> String {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        let mut fields = Fields::new();
        for row in rows {
            for text in [&row.id, &row.name, &row.checksum] {
                fields.text(text);
            }
            fields.bytes(&[u8::from(row.finished), u8::from(row.rolled_back)]);
        }
        fields.finish_hex()
    }
}

/// The ledger of one schema, as SQL.
#[derive(Debug, Clone)]
pub(crate) struct Statements {
    table: String,
    schema: String,
}

impl Statements {
    pub(crate) fn new(schema: &str) -> Self {
        // Always qualified: a script may have emptied the search path.
        Self { table: format!("{}.{}", identifier(schema), identifier(TABLE)), schema: schema.to_owned() }
    }

    pub(crate) fn exists(&self) -> String {
        format!("SELECT pg_catalog.to_regclass({}) IS NOT NULL", literal(&self.table))
    }

    /// Whether row level security hides rows of the ledger from our role; NULL when there is no ledger.
    pub(crate) fn is_hidden(&self) -> String {
        format!("SELECT pg_catalog.row_security_active(pg_catalog.to_regclass({}))", literal(&self.table))
    }

    /// Whether our role may read and write the ledger.
    pub(crate) fn is_writable(&self) -> String {
        let table = literal(&self.table);
        let may = ["SELECT", "INSERT", "UPDATE", "DELETE"]
            .map(|right| format!("pg_catalog.has_table_privilege({table}, '{right}')"));
        format!("SELECT {}", may.join(" AND "))
    }

    /// The table's qualified name.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// How many ordinary tables the schema has that no extension owns: what Prisma's P3005 counts.
    pub(crate) fn count_tables(&self) -> String {
        format!(
            "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relkind = 'r' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')",
            literal(&self.schema)
        )
    }

    pub(crate) fn schema_exists(&self) -> String {
        format!("SELECT pg_catalog.to_regnamespace({}) IS NOT NULL", literal(&identifier(&self.schema)))
    }

    pub(crate) fn create_schema(&self) -> String {
        format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(&self.schema))
    }

    /// Prisma's own table, to the letter.
    pub(crate) fn create_table(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\
             id VARCHAR(36) PRIMARY KEY NOT NULL, \
             checksum VARCHAR(64) NOT NULL, \
             finished_at TIMESTAMPTZ, \
             migration_name VARCHAR(255) NOT NULL, \
             logs TEXT, \
             rolled_back_at TIMESTAMPTZ, \
             started_at TIMESTAMPTZ NOT NULL DEFAULT now(), \
             applied_steps_count INTEGER NOT NULL DEFAULT 0)",
            self.table
        )
    }

    pub(crate) fn read(&self) -> String {
        format!(
            "SELECT id, migration_name, checksum, started_at::text, finished_at IS NOT NULL, \
             rolled_back_at IS NOT NULL, coalesce(logs = {}, false), \
             coalesce((extract(epoch FROM finished_at - started_at) * 1000)::bigint, 0) \
             FROM {} ORDER BY started_at, id",
            literal(STANDALONE_MARK),
            self.table
        )
    }

    /// Records `name` as finished; an error unless our session holds the lock and no such row exists.
    /// To be run in the transaction of the script itself.
    pub(crate) fn insert_finished(&self, id: &str, name: &str, checksum: &str) -> String {
        let started_at = self.later_than_all("pg_catalog.transaction_timestamp()");
        format!(
            "INSERT INTO {} (id, checksum, finished_at, migration_name, started_at, applied_steps_count) \
             SELECT {}, {}, greatest(pg_catalog.clock_timestamp(), s.at), {}, s.at, {} FROM (SELECT {started_at} AS at) s",
            self.table,
            literal(id),
            literal(checksum),
            literal(name),
            self.guarded("1", name),
        )
    }

    /// An error unless the row `id` is there: a trigger or a rule can swallow an INSERT.
    pub(crate) fn check_recorded(&self, id: &str) -> String {
        format!("SELECT CASE WHEN {} THEN 1 ELSE {} END", self.has_row(id), mark(SWALLOWED))
    }

    /// Whether the row `id` is there.
    pub(crate) fn is_recorded(&self, id: &str) -> String {
        format!("SELECT {}", self.has_row(id))
    }

    fn has_row(&self, id: &str) -> String {
        format!("EXISTS (SELECT 1 FROM {} WHERE id = {})", self.table, literal(id))
    }

    /// Records that a standalone statement is about to run.
    pub(crate) fn insert_started(&self, id: &str, name: &str, checksum: &str) -> String {
        format!(
            "INSERT INTO {} (id, checksum, migration_name, logs, started_at, applied_steps_count) \
             VALUES ({}, {}, {}, {}, {}, {})",
            self.table,
            literal(id),
            literal(checksum),
            literal(name),
            literal(STANDALONE_MARK),
            self.later_than_all("pg_catalog.clock_timestamp()"),
            self.guarded("0", name),
        )
    }

    /// `time`, or a moment later than every other row's start: the rows' order is how a later attempt
    /// tells those of the plan from those before it, and a server's clock can be set back.
    fn later_than_all(&self, time: &str) -> String {
        format!("greatest({time}, (SELECT pg_catalog.max(started_at) + interval '1 microsecond' FROM {}))", self.table)
    }

    /// Records that the standalone statement of the row `id` has finished.
    pub(crate) fn finish_started(&self, id: &str) -> String {
        format!(
            "UPDATE {} SET finished_at = greatest(pg_catalog.clock_timestamp(), started_at), logs = NULL, applied_steps_count = 1 \
             WHERE id = {} AND finished_at IS NULL AND {}",
            self.table,
            literal(id),
            lock_is_held()
        )
    }

    /// Forgets the row `id` of a standalone statement that PostgreSQL refused: nothing of it happened.
    pub(crate) fn forget_started(&self, id: &str) -> String {
        format!("DELETE FROM {} WHERE id = {} AND finished_at IS NULL AND {}", self.table, literal(id), lock_is_held())
    }

    /// Declares `name` applied, as `prisma migrate resolve --applied` does: what is open of it is rolled back, and a row
    /// without steps says that it is there. An error unless our session holds the lock and there is no living row.
    /// `before` runs in the same transaction.
    pub(crate) fn declare_applied(&self, before: &str, id: &str, name: &str, checksum: &str) -> String {
        format!(
            "BEGIN; {before}; {}; INSERT INTO {} (id, checksum, finished_at, migration_name, logs, started_at, applied_steps_count) \
             SELECT {}, {}, s.at, {}, '', s.at, {} FROM (SELECT {} AS at) s; COMMIT",
            self.declare_rolled_back(name),
            self.table,
            literal(id),
            literal(checksum),
            literal(name),
            self.guarded("0", name),
            self.later_than_all("pg_catalog.clock_timestamp()"),
        )
    }

    /// Declares what is open of `name` rolled back, as `prisma migrate resolve --rolled-back` does. Without effect unless
    /// our session holds the lock.
    pub(crate) fn declare_rolled_back(&self, name: &str) -> String {
        format!(
            "UPDATE {} SET rolled_back_at = pg_catalog.clock_timestamp() WHERE migration_name = {} \
             AND finished_at IS NULL AND rolled_back_at IS NULL AND {}",
            self.table,
            literal(name),
            lock_is_held()
        )
    }

    /// `value`, or an error that carries one of the guard's marks.
    fn guarded(&self, value: &str, name: &str) -> String {
        format!(
            "CASE WHEN NOT {held} THEN {lost} \
             WHEN EXISTS (SELECT 1 FROM {table} WHERE migration_name = {name} AND rolled_back_at IS NULL) THEN {twice} \
             ELSE {value} END",
            held = lock_is_held(),
            lost = mark(LOCK_LOST),
            table = self.table,
            name = literal(name),
            twice = mark(RECORDED_TWICE),
        )
    }
}

/// An integer that cannot be made: the error's message carries `text`. The cast cannot be folded into
/// a constant, for it names the backend.
fn mark(text: &str) -> String {
    format!("({} || pg_catalog.pg_backend_pid())::pg_catalog.int4", literal(&format!("{text} ")))
}

/// A condition: our session holds the migration lock. A single bigint key shows in `pg_locks` as two
/// halves with `objsubid` 1.
fn lock_is_held() -> String {
    format!(
        "EXISTS (SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = {LOCK_ID} \
         AND objsubid = 1 AND granted AND pid = pg_catalog.pg_backend_pid())"
    )
}

/// The id of the row that `run` writes for a migration: the same at every attempt, so that a run
/// knows its own rows again, and shaped as Prisma's uuid v4. `earlier` counts the migration's rows
/// so far, so that one which was rolled back can be applied again by the same run.
pub(crate) fn row_id(run: &str, name: &str, earlier: usize) -> String {
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
