//! The statements that read and write the ledger of one database.

use super::guards::{LOCK_LOST, RECORDED_TWICE, ROWS_TAKEN, TRANSACTION_ENDED, mark};
use super::row::{Entry, Shown};
use super::values::Values;
use super::{prisma, sqlx};
use crate::history::{Format, Key};
use crate::planted::{self, Bug};
use crate::quote::{identifier, literal};
use crate::session::{Session, TableName, Target};
use crate::transaction;
use crate::{Error, Result, wording};

/// The number that reports an unlogged ledger, where rows have numbers from 1.
pub(crate) const UNLOGGED: i64 = 0;

/// The ledger of one database, as SQL.
#[derive(Debug, Clone)]
pub(crate) struct Statements {
    pub(super) format: Format,
    /// The ledger's name alone, its schema's name, and the qualified name, all quoted.
    pub(super) name: String,
    pub(super) ledger_schema: String,
    pub(super) table: String,
    /// Whether the setting names the schema.
    pub(super) is_qualified: bool,
    /// The schema of the migrations.
    schema: String,
    lock_id: i64,
}

impl Statements {
    pub(crate) fn new(target: &Target, format: Format) -> Self {
        let (named, lock_id) = match format {
            Format::Prisma => (TableName { schema: None, name: prisma::TABLE.to_owned() }, prisma::LOCK_ID),
            Format::Sqlx => (target.sqlx_table.clone(), sqlx::lock_id(&target.database)),
        };
        Self {
            format,
            // Always qualified: a script may have emptied the search path.
            table: named.qualified(&target.schema),
            is_qualified: named.schema.is_some(),
            name: named.name,
            ledger_schema: named.schema.unwrap_or_else(|| target.schema.clone()),
            schema: target.schema.clone(),
            lock_id,
        }
    }

    /// Returns the table's qualified name.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// Returns the table's name alone.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn exists(&self) -> String {
        format!("SELECT pg_catalog.to_regclass({}) IS NOT NULL", literal(&self.table))
    }

    /// Returns a query: whether row level security hides rows of the ledger from our role (null when there is no
    /// ledger), and whether the ledger is unlogged.
    pub(super) fn is_hidden(&self) -> String {
        format!(
            "SELECT pg_catalog.row_security_active(pg_catalog.to_regclass({})), ({})",
            literal(&self.table),
            self.is_unlogged()
        )
    }

    /// Returns a query: whether the ledger is unlogged, so that a crash of the server empties it.
    pub(crate) fn is_unlogged(&self) -> String {
        format!(
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass({}) AND c.relpersistence = 'u')",
            literal(&self.table)
        )
    }

    /// Returns the error for an unlogged ledger.
    pub(crate) fn unlogged(&self) -> Error {
        Error::Config {
            name: "the ledger".into(),
            reason: format!(
                "{0} is unlogged, so a crash of the server empties it and all would be applied again; run: ALTER TABLE {0} SET LOGGED",
                self.table
            ),
        }
    }

    /// Returns a query: whether our role may read the ledger and record in it, and whether it may delete a row that it
    /// has begun. Only a standalone statement that PostgreSQL refuses needs that right.
    pub(crate) fn may(&self) -> String {
        let table = literal(&self.table);
        let may = |right: &str| format!("pg_catalog.has_table_privilege({table}, '{right}')");
        format!("SELECT {}, {}", ["SELECT", "INSERT", "UPDATE"].map(may).join(" AND "), may("DELETE"))
    }

    /// Returns a query: how many ordinary tables the schema has that no extension owns. Prisma's P3005 counts them so.
    pub(crate) fn count_tables(&self) -> String {
        format!(
            "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relkind = 'r' AND c.relname <> {} AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')",
            literal(&self.schema),
            literal(&self.name)
        )
    }

    /// Returns the schemas of the ledger and of the migrations.
    pub(crate) fn schemas(&self) -> [&str; 2] {
        [&self.ledger_schema, &self.schema]
    }

    pub(crate) fn schema_exists(&self) -> String {
        format!("SELECT pg_catalog.to_regnamespace({}) IS NOT NULL", literal(&identifier(&self.schema)))
    }

    /// Returns a query for other tables that look like a ledger of the tool's where names alone do not tell. Columns:
    /// the qualified name, whether the tool itself would find it before ours along its default search path, and its
    /// schema.
    pub(crate) fn others(&self) -> String {
        match self.format {
            Format::Prisma => prisma::others(self),
            Format::Sqlx => sqlx::others(self),
        }
    }

    /// Returns which setting makes a ledger of that `schema` ours.
    pub(crate) fn way_to(&self, schema: &str) -> String {
        match self.format {
            Format::Prisma => format!("set {} to {schema}", wording::schema()),
            Format::Sqlx => {
                format!("set {} to its schema, or {} to its name", wording::schema(), wording::sqlx_table())
            }
        }
    }

    /// Returns the name of the tool whose ledger it is.
    pub(crate) fn tool(&self) -> &'static str {
        self.format.tool()
    }

    /// Returns the statements that create the ledger and those needed schemas that do not exist.
    pub(crate) async fn creation(&self, session: &mut Session) -> Result<String> {
        let sql = format!(
            "SELECT DISTINCT pg_catalog.quote_ident(s) FROM pg_catalog.unnest(ARRAY[{}, {}]) s \
             WHERE pg_catalog.to_regnamespace(pg_catalog.quote_ident(s)) IS NULL",
            literal(&self.schema),
            literal(&self.ledger_schema)
        );
        let missing = session.values::<String>("looking for the schema", &sql).await?;
        let schemas = missing.iter().map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {schema}; "));
        // Another role may have made one in the meantime.
        Ok(format!("{}{}; {}", schemas.collect::<String>(), self.create_table(), self.refuse_others_code()))
    }

    /// Returns a query that takes the tool's own lock, if it is free.
    pub(crate) fn try_lock(&self) -> String {
        format!("SELECT pg_catalog.pg_try_advisory_lock({})", self.lock_id)
    }

    /// Returns an expression that releases the lock.
    pub(crate) fn unlock(&self) -> String {
        format!("pg_catalog.pg_advisory_unlock({})", self.lock_id)
    }

    /// Returns a condition on a row `l` of `pg_locks`: it is our lock, granted. A single bigint key shows as two halves
    /// with `objsubid` 1.
    pub(crate) fn is_lock(&self) -> String {
        let (high, low) = (self.lock_id >> 32, self.lock_id & 0xffff_ffff);
        format!(
            "l.locktype = 'advisory' AND l.classid = {high}::pg_catalog.oid AND l.objid = {low}::pg_catalog.oid AND l.objsubid = 1 AND l.granted"
        )
    }

    /// Returns a condition: our session holds the migration lock.
    pub(crate) fn lock_is_held(&self) -> String {
        if planted::is_on(Bug::NoLock) {
            return "true".to_owned();
        }
        format!(
            "EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE {} AND l.pid = pg_catalog.pg_backend_pid())",
            self.is_lock()
        )
    }

    /// Returns the statement that creates the tool's own table, to the letter.
    fn create_table(&self) -> String {
        match self.format {
            Format::Prisma => prisma::create_table(&self.table),
            Format::Sqlx => sqlx::create_table(&self.table),
        }
    }

    /// Returns a query with the columns id, name, version (NULL without one), checksum, start, finished, rolled back,
    /// marked, milliseconds.
    pub(super) fn read(&self) -> String {
        match self.format {
            Format::Prisma => prisma::read(&self.table),
            Format::Sqlx => sqlx::read(&self.table),
        }
    }

    /// Returns a statement that records that a standalone statement is about to run. It fails as that of
    /// [`record`](Self::record) does. It returns a row if it wrote one.
    pub(crate) fn insert_started(&self, entry: Entry) -> String {
        let values = Values::of(self.format, entry);
        let insert = match self.format {
            Format::Prisma => prisma::insert_started(self, &values),
            Format::Sqlx => sqlx::insert_started(self, &values),
        };
        insert + " RETURNING true"
    }

    /// Returns a statement that records that the standalone statement of the row `id` has finished, if the condition
    /// `is_done` holds. It returns the columns of [`recorded`](Self::recorded).
    pub(crate) fn finish_started(&self, id: &str, is_done: &str) -> String {
        let update = match self.format {
            Format::Prisma => prisma::finish_started(self, id),
            Format::Sqlx => sqlx::finish_started(self, id),
        };
        format!("{update} AND {is_done} RETURNING {}", self.stamp())
    }

    /// Returns a statement that deletes the row `id` of a standalone statement that PostgreSQL refused: nothing of it
    /// happened.
    pub(crate) fn forget_started(&self, id: &str) -> String {
        match self.format {
            Format::Prisma => prisma::forget_started(self, id),
            Format::Sqlx => sqlx::forget_started(self, id),
        }
    }

    /// Returns statements that declare migrations applied, as the tool itself does: they close open rows and add a row
    /// for each migration. They fail unless our session holds the lock and no migration has a living row. To be run in
    /// a transaction.
    pub(crate) fn declare_applied(&self, entry: Entry) -> String {
        let values = Values::of(self.format, entry);
        match self.format {
            Format::Prisma => prisma::declare_applied(self, &values),
            Format::Sqlx => sqlx::declare_applied(self, &values),
        }
    }

    /// Returns a statement that declares the open rows of a migration rolled back, as the tool would. It has no effect
    /// unless our session holds the lock.
    pub(crate) fn declare_rolled_back(&self, key: &Key) -> String {
        match self.format {
            Format::Prisma => prisma::declare_rolled_back(self, &key.sql()),
            Format::Sqlx => sqlx::declare_rolled_back(self, &key.sql()),
        }
    }

    /// Returns a query for the duration in milliseconds and the start of the finished row that `entry` describes.
    pub(crate) fn recorded(&self, entry: Entry) -> String {
        let is_row = self.is_finished_row(&Values::of(self.format, entry));
        format!("SELECT {} FROM {} WHERE {is_row}", self.stamp(), self.table)
    }

    /// Returns a condition: the row is finished, and has these values. A row with the same id alone proves nothing: a
    /// script or a trigger can write one.
    pub(super) fn is_finished_row(&self, values: &Values) -> String {
        let Values { id, key, name, checksum, .. } = values;
        match self.format {
            Format::Prisma => format!(
                "id = {id} AND migration_name = {key} AND checksum = {checksum} AND finished_at IS NOT NULL AND rolled_back_at IS NULL"
            ),
            Format::Sqlx => format!(
                "version = {key} AND description = {name} AND success AND checksum = pg_catalog.decode({checksum}, 'hex')"
            ),
        }
    }

    /// Returns a query for the numbers, from 1, of those of `rows` that the ledger does not show as finished, and for
    /// [`UNLOGGED`].
    pub(crate) fn missing(&self, rows: &[Shown]) -> String {
        let list = |values: Vec<String>| format!("ARRAY[{}]::pg_catalog.text[]", values.join(", "));
        // For an earlier run, any row of the migration will do, and a script may correct its checksum.
        let id = |row: &Shown| match &row.key {
            Key::Name(name) if row.is_earlier => literal(name),
            _ => literal(&row.id),
        };
        let ids = rows.iter().map(id).collect();
        let checksums = rows.iter().map(|row| if row.is_earlier { "NULL".to_owned() } else { literal(&row.checksum) });
        let (id, key, checksum, is_finished) = match self.format {
            Format::Prisma => (
                "l.id::pg_catalog.text",
                "l.migration_name::pg_catalog.text",
                "l.checksum::pg_catalog.text",
                "l.finished_at IS NOT NULL AND l.rolled_back_at IS NULL",
            ),
            Format::Sqlx => (
                "l.version::pg_catalog.text",
                "l.version::pg_catalog.text",
                "pg_catalog.encode(l.checksum, 'hex')",
                "l.success",
            ),
        };
        format!(
            "SELECT r.number FROM ROWS FROM (pg_catalog.unnest({}), pg_catalog.unnest({})) WITH ORDINALITY AS r(id, checksum, number) \
             WHERE NOT EXISTS (SELECT FROM {} l WHERE CASE WHEN r.checksum IS NULL THEN {key} = r.id \
             ELSE {id} = r.id AND {checksum} = r.checksum END AND {is_finished}) \
             UNION ALL SELECT {UNLOGGED} WHERE ({}) ORDER BY number",
            list(ids),
            list(checksums.collect()),
            self.table,
            self.is_unlogged()
        )
    }

    /// Returns a query that gives no rows, and fails unless the ledger shows all of `rows` as finished.
    pub(crate) fn refuse_missing(&self, rows: &[Shown]) -> String {
        format!("SELECT {} FROM ({}) missing", mark(ROWS_TAKEN), self.missing(rows))
    }

    /// Returns the columns for how long a row's migration took (0 where it was not measured), and when it started.
    pub(super) fn stamp(&self) -> String {
        let (milliseconds, started_at) = match self.format {
            Format::Prisma => (prisma::MILLISECONDS, "started_at"),
            Format::Sqlx => (sqlx::MILLISECONDS, "installed_on"),
        };
        // In JSON's format: a script's own DateStyle is still in force, and another session has to read the time.
        format!("{milliseconds} AS milliseconds, pg_catalog.to_json({started_at}) #>> '{{}}' AS started_at")
    }

    /// Returns a condition: the row has this `id`.
    pub(super) fn is_row(&self, id: &str) -> String {
        match self.format {
            Format::Prisma => format!("id = {}", literal(id)),
            Format::Sqlx => format!("version = {id}"),
        }
    }

    /// Returns an expression that gives `value`, or fails with one of the guard's marks. It fails if our session does
    /// not hold the lock, if `exists` finds a row, and, in the message of a script (`by_script`), if the transaction is
    /// no longer the one that was opened for the script.
    pub(super) fn guarded(&self, value: &str, exists: &str, by_script: bool) -> String {
        if planted::is_on(Bug::NoLock) {
            return value.to_owned();
        }
        let ended = if by_script {
            format!(
                "WHEN NOT coalesce(pg_catalog.bool_or({}), false) THEN {}",
                transaction::is_open(),
                mark(TRANSACTION_ENDED)
            )
        } else {
            String::new()
        };
        // One scan of the server's locks answers all questions about them.
        format!(
            "(SELECT CASE {ended} WHEN NOT coalesce(pg_catalog.bool_or({held}), false) THEN {lost} \
             WHEN EXISTS (SELECT 1 FROM {table} WHERE {exists}) THEN {twice} ELSE {value} END \
             FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid())",
            held = self.is_lock(),
            lost = mark(LOCK_LOST),
            table = self.table,
            twice = if planted::is_on(Bug::NoReconciliation) { value.to_owned() } else { mark(RECORDED_TWICE) },
        )
    }

    /// Returns an expression: `time`, or a moment later than every other row's `column`. A later attempt tells the
    /// plan's rows from earlier ones by their order, and a server's clock can be set back.
    pub(super) fn later_than_all(&self, time: &str, column: &str, values: &Values) -> String {
        let newest = match &values.newest {
            // Looking up the newest row costs a scan of the whole ledger.
            Some(newest) => newest.clone(),
            None => format!("(SELECT pg_catalog.max({column}) FROM {})", self.table),
        };
        format!("greatest({time}, {newest} + interval '1 microsecond')")
    }
}
