//! The identity of a session's database.

use crate::digest::Fields;

/// The identity of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// The server's name outside of SQL: RDS's resource id.
    pub instance: String,
    /// Host and port of the connection: a changed secret can name another server.
    pub endpoint: String,
    /// The database's name.
    pub database: String,
    /// Its oid, which changes when a database is dropped and created again.
    pub database_oid: String,
    /// The schema of the ledger.
    pub schema: String,
}

impl DatabaseIdentity {
    /// Adds every part to a digest.
    pub(crate) fn fields(&self, fields: &mut Fields) {
        for text in [&self.instance, &self.endpoint, &self.database, &self.database_oid, &self.schema] {
            fields.text(text);
        }
    }
}
