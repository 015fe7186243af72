//! Migration histories: scripts in the layout of Prisma or of sqlx, in a directory or in memory.

mod collation;
mod directory;
mod file;
mod files;
mod name;
mod names;
mod place;
mod prisma;
mod sqlx;

pub use directory::{file, read, recognise};
pub use files::{Files, read_files};
pub use names::Names;

use std::fmt::Write as _;

use sha2::{Digest, Sha256, Sha384};

use crate::quote::literal;

/// The tool that a history is for. It decides layout, ledger, lock and checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `<name>/migration.sql` and `_prisma_migrations`.
    Prisma,
    /// `<version>_<description>.sql` and `_sqlx_migrations`.
    Sqlx,
}

impl Format {
    /// Returns the tool's name, as people write it.
    pub const fn tool(self) -> &'static str {
        match self {
            Self::Prisma => "Prisma",
            Self::Sqlx => "sqlx",
        }
    }

    /// Returns the key in the ledger of a migration that a person calls `name`: for sqlx its version is enough.
    pub(crate) fn key_of(self, name: &str) -> Option<Key> {
        match self {
            Self::Prisma => Some(Key::Name(name.to_owned())),
            Self::Sqlx => name.split('_').next()?.parse().ok().map(Key::Version),
        }
    }
}

/// The key of a migration in the ledger. Keys are ordered as migrations apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Prisma: the directory's name.
    Name(String),
    /// sqlx: the number that the file's name begins with.
    Version(i64),
}

impl Key {
    /// Returns the key as SQL, as it is in the ledger.
    pub(crate) fn sql(&self) -> String {
        match self {
            Self::Name(name) => literal(name),
            Self::Version(version) => version.to_string(),
        }
    }
}

/// A directory of migrations, in the order in which they apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The tool that it is for.
    pub format: Format,
    /// The migrations, ordered.
    pub migrations: Vec<Migration>,
    /// sqlx: migrations of which only a `.down.sql` is left. sqlx counts them as present.
    pub undone: Vec<Key>,
    /// Warnings about the directory, which stop nothing.
    pub warnings: Vec<String>,
}

impl History {
    /// Returns a history of these `migrations`, in the order in which they apply.
    pub fn new(format: Format, migrations: Vec<Migration>) -> Self {
        Self { format, migrations, undone: Vec::new(), warnings: Vec::new() }
    }

    /// Returns the position of the migration that a person calls `name`: by its whole name or, with sqlx, by its
    /// version, alone or followed by the description.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let (version, description) = name.split_once('_').map_or((name, None), |(version, rest)| (version, Some(rest)));
        let version = version.parse().ok().map(Key::Version);
        let is_described = |found: &Migration| {
            description.is_none_or(|wanted| found.name.split_once('_').is_some_and(|(_, rest)| rest == wanted))
        };
        self.migrations
            .iter()
            .position(|found| found.name == name || (Some(&found.key) == version.as_ref() && is_described(found)))
    }

    /// Returns the migration with this `key`.
    pub(crate) fn of_key(&self, key: &Key) -> Option<&Migration> {
        // Migrations are sorted by key in either format.
        let found = self.migrations.binary_search_by(|migration| migration.key.cmp(key)).ok()?;
        self.migrations.get(found)
    }
}

/// One migration: a name and a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its key in the ledger.
    pub key: Key,
    /// Its name for people: the directory's name, or the file's without its ending.
    pub name: String,
    /// The checksum in lower-case hexadecimal: Prisma's SHA-256 of the text, or sqlx's SHA-384.
    pub checksum: String,
    /// The script, as it is in the file.
    pub sql: String,
}

impl Migration {
    /// Returns a migration of Prisma's.
    pub fn prisma(name: impl Into<String>, sql: impl Into<String>) -> Self {
        let (name, sql) = (name.into(), sql.into());
        Self { key: Key::Name(name.clone()), name, checksum: hex(&Sha256::digest(sql.as_bytes())), sql }
    }

    /// Whether the script that was applied with the checksum `recorded` was another one. Prisma takes a script of which
    /// only the line ends have changed, for example by a checkout on another system, for the same script.
    pub(crate) fn is_edit_of(&self, recorded: &str) -> bool {
        let forgives = matches!(self.key, Key::Name(_));
        self.checksum != recorded && !(forgives && self.has_other_line_ends_than(recorded))
    }

    /// Whether the script that was applied with the checksum `recorded` is this one with all line ends of the other
    /// kind.
    pub(crate) fn has_other_line_ends_than(&self, recorded: &str) -> bool {
        let unix = self.sql.replace("\r\n", "\n");
        let windows = unix.replace('\n', "\r\n");
        [unix, windows].iter().any(|text| self.checksum_of(text) == recorded) && self.checksum != recorded
    }

    /// Returns the checksum that the migration would have with `text` as its script.
    fn checksum_of(&self, text: &str) -> String {
        match self.key {
            Key::Name(_) => hex(&Sha256::digest(text.as_bytes())),
            Key::Version(_) => hex(&Sha384::digest(text.as_bytes())),
        }
    }

    /// Returns a migration of sqlx's; `name` is the file's name without its ending.
    pub fn sqlx(version: i64, name: impl Into<String>, sql: impl Into<String>) -> Self {
        let sql = sql.into();
        Self { key: Key::Version(version), name: name.into(), checksum: hex(&Sha384::digest(sql.as_bytes())), sql }
    }
}

/// Returns `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_of_the_text_as_it_is() {
        // From `printf 'SELECT 1;\n' | sha256sum`, and sha384sum.
        let unix = Migration::prisma("a", "SELECT 1;\n");
        let windows = Migration::prisma("a", "SELECT 1;\r\n");
        assert_eq!(unix.checksum, "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd");
        assert_ne!(unix.checksum, windows.checksum);
        let sqlx = Migration::sqlx(1, "1_a", "SELECT 1;\n");
        assert_eq!(
            sqlx.checksum,
            "24454095d8d7876ca8e842f34296ca645c83e0f7b50f048c99db4b2ff4da659267afc4ef3e994f3d74e18c741165d931"
        );
    }

    #[test]
    fn other_line_ends_are_no_edit_to_prisma() {
        let [unix, windows, edited] = ["a\nb\n", "a\r\nb\r\n", "a\nc\n"].map(|sql| Migration::prisma("1", sql));
        assert!(!unix.is_edit_of(&windows.checksum) && !windows.is_edit_of(&unix.checksum));
        assert!(edited.is_edit_of(&unix.checksum) && edited.is_edit_of(&windows.checksum));
        let [unix, windows] = ["a\n", "a\r\n"].map(|sql| Migration::sqlx(1, "1_a", sql));
        assert!(unix.is_edit_of(&windows.checksum) && unix.has_other_line_ends_than(&windows.checksum));
        assert!(windows.has_other_line_ends_than(&unix.checksum) && !unix.has_other_line_ends_than(&unix.checksum));
        assert!(!Migration::sqlx(1, "1_a", "a\n\n").has_other_line_ends_than(&unix.checksum));
    }

    #[test]
    fn a_migration_is_found_by_its_name_and_with_sqlx_by_its_version() {
        let migrations = ["1", "2_b"].map(|name| Migration::prisma(name, "")).to_vec();
        let prisma = History::new(Format::Prisma, migrations);
        assert_eq!((prisma.position("1"), prisma.position("2_b"), prisma.position("2")), (Some(0), Some(1), None));
        let migrations = [(1, "0001_a"), (2, "0002_b")].map(|(n, name)| Migration::sqlx(n, name, "")).to_vec();
        let sqlx = History::new(Format::Sqlx, migrations);
        assert_eq!((sqlx.position("0002_b"), sqlx.position("2"), sqlx.position("0002")), (Some(1), Some(1), Some(1)));
        // The version, as the ledger has it.
        assert_eq!(sqlx.position("2_b"), Some(1));
        assert_eq!((sqlx.position("3"), sqlx.position("b"), sqlx.position("2_c")), (None, None, None));
        assert_eq!(sqlx.of_key(&Key::Version(2)).map(|found| found.name.as_str()), Some("0002_b"));
        assert_eq!(Format::Sqlx.key_of("0002_b"), Some(Key::Version(2)));
    }
}
