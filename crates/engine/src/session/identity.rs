//! What identifies the database of a session.

use crate::digest::Fields;

/// What identifies a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The server's own name outside of SQL: RDS's resource id.
    pub instance: String,
    /// Host and port of the connection: a secret can come to name another server.
    pub endpoint: String,
    /// The database's name.
    pub database: String,
    /// Its oid, which a database that was dropped and made again does not keep.
    pub database_oid: String,
    /// The schema of the ledger.
    pub schema: String,
}

impl Identity {
    /// Adds every part to a digest.
    pub(crate) fn fields(&self, fields: &mut Fields) {
        for text in [&self.instance, &self.endpoint, &self.database, &self.database_oid, &self.schema] {
            fields.text(text);
        }
    }
}
