//! The rows of the ledger: as read, as to be written, and as they have to be in the end.

use ::sqlx::Row as _;
use ::sqlx::postgres::PgRow;

use crate::Result;
use crate::digest::Fields;
use crate::history::{Key, Migration};
use crate::session::Session;

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's id. Prisma: a uuid. sqlx: the version.
    pub id: String,
    /// The key of its migration.
    pub key: Key,
    /// The migration's name, as far as the ledger has it.
    pub name: String,
    /// The checksum of the script that was applied, in lower-case hexadecimal.
    pub checksum: String,
    /// When it started, as PostgreSQL writes it.
    pub started_at: String,
    /// Whether it finished.
    pub finished: bool,
    /// Whether it was declared rolled back. sqlx keeps no such rows.
    pub rolled_back: bool,
    /// Whether it has the mark of our own standalone statement.
    pub marked: bool,
    /// From start to finish, in milliseconds; 0 when it did not finish, or was not measured.
    pub duration_ms: u64,
}

impl Row {
    /// Whether this row counts the migration as applied.
    pub fn is_applied(&self) -> bool {
        self.finished && !self.rolled_back
    }

    /// Whether the row shows a migration that was started and never ended.
    pub fn is_open(&self) -> bool {
        !self.finished && !self.rolled_back
    }
}

/// The ledger's rows, in the order in which they were started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// All rows. Several rows for one migration are normal with Prisma.
    pub rows: Vec<Row>,
}

impl Ledger {
    /// Returns the migration's rows.
    pub fn of<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.key == *key)
    }

    /// Returns how many rows of the migration were rolled back.
    pub(crate) fn rolled_back(&self, key: &Key) -> usize {
        // Few rows were rolled back, and comparing keys costs more.
        self.rows.iter().filter(|row| row.rolled_back && row.key == *key).count()
    }

    /// Returns a digest of the ledger's contents, whatever the order of its rows.
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

/// The values that the server returns of a row that was written.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// How long its migration took.
    pub(crate) milliseconds: u64,
    /// When it started, as PostgreSQL writes it.
    pub(crate) started_at: String,
}

impl Recorded {
    pub(crate) fn of(row: &PgRow) -> Result<Self, ::sqlx::Error> {
        let milliseconds = u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
        Ok(Self { milliseconds, started_at: row.try_get(1)? })
    }

    /// Returns the values of the only row that `sql` returns, if it returns one.
    pub(crate) async fn one(session: &mut Session, doing: &str, sql: &str) -> Result<Option<Self>> {
        let rows = session.rows(doing, sql).await?;
        rows.first().map(Self::of).transpose().map_err(|error| session.error(doing, &error))
    }
}

/// A row that is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// The row's own id.
    pub(crate) id: &'a str,
    pub(crate) key: &'a Key,
    pub(crate) name: &'a str,
    pub(crate) checksum: &'a str,
    /// When the newest row started, as PostgreSQL writes it; `None` where it is not known and has to be looked up.
    pub(crate) newest: Option<&'a str>,
}

impl<'a> Entry<'a> {
    pub(crate) fn of(migration: &'a Migration, id: &'a str) -> Self {
        let Migration { key, name, checksum, .. } = migration;
        Self { id, key, name, checksum, newest: None }
    }
}

/// A migration that is applied, and the row with which the ledger has to show it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) key: Key,
    pub(crate) migration: String,
    pub(crate) checksum: String,
    /// Whether it was applied before the plan was made.
    pub(crate) is_earlier: bool,
}

impl Shown {
    /// Returns the migration that `row` shows.
    pub(crate) fn of(row: Row, is_earlier: bool) -> Self {
        Self { id: row.id, key: row.key, migration: row.name, checksum: row.checksum, is_earlier }
    }

    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry { id: &self.id, key: &self.key, name: &self.migration, checksum: &self.checksum, newest: None }
    }
}
