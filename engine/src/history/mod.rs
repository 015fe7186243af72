//! Migration histories: a directory of scripts, and the ledger that a database keeps of them.

mod directory;
pub mod ledger;

pub use directory::read;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A directory of migrations, in the order in which they apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The migrations, ordered.
    pub migrations: Vec<Migration>,
    /// What a person should know of the directory though it can be used.
    pub warnings: Vec<String>,
}

/// One migration: a name and a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The directory's name, which is the name in the ledger.
    pub name: String,
    /// Lower-case hexadecimal SHA-256 of the file, as Prisma computes it.
    pub checksum: String,
    /// The script as it is in the file.
    pub sql: String,
}

impl Migration {
    /// A migration of this name and script.
    pub fn new(name: impl Into<String>, sql: impl Into<String>) -> Self {
        let sql = sql.into();
        Self { name: name.into(), checksum: hex(&Sha256::digest(sql.as_bytes())), sql }
    }
}

/// `bytes` in lower-case hexadecimal.
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
        // From `printf 'SELECT 1;\n' | sha256sum`.
        let unix = Migration::new("a", "SELECT 1;\n");
        let windows = Migration::new("a", "SELECT 1;\r\n");
        assert_eq!(unix.checksum, "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd");
        assert_ne!(unix.checksum, windows.checksum);
    }
}
