//! The address of the database, and our role's credentials.

use std::fmt;
use std::time::Duration;

use crate::history::Format;
use crate::session::TableName;

/// The address of the database, and our role's credentials.
#[derive(Clone)]
pub struct Target {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password. Without one, the driver looks where PostgreSQL's own tools do: in `PGPASSWORD`, and in the file of
    /// passwords.
    pub password: Option<String>,
    /// The database.
    pub database: String,
    /// The schema of the ledger, and of objects that scripts make without naming a schema.
    pub schema: String,
    /// The tool of the history: a script's session is to be like that tool's own.
    pub tool: Format,
    /// The name of sqlx's ledger, for a history of sqlx's.
    pub sqlx_table: TableName,
    /// How the connection is protected.
    pub tls: Tls,
    /// The application name that `pg_stat_activity` shows.
    pub application_name: String,
    /// How long a statement may wait for a table lock.
    pub lock_timeout: Duration,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
}

/// How the connection is protected.
#[derive(Clone)]
pub enum Tls {
    /// TLS, with the server's certificate and name verified.
    VerifyFull(Roots),
    /// TLS, with the server's certificate verified, and any name in it accepted: for a tunnel.
    VerifyCa(Roots),
    /// TLS with any server. Another server can pose as this one.
    Unverified,
    /// No protection.
    Disabled,
}

/// The root certificates that are trusted.
#[derive(Clone)]
pub enum Roots {
    /// These, in PEM.
    Pem(Vec<u8>),
    /// Those of this machine.
    Machine,
}

impl Tls {
    /// Whether the connection is encrypted and the server's name is verified.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::VerifyFull(_))
    }

    /// Returns the root certificates that were given.
    pub(crate) fn pem(&self) -> Option<&[u8]> {
        match self {
            Self::VerifyFull(Roots::Pem(pem)) | Self::VerifyCa(Roots::Pem(pem)) => Some(pem),
            _ => None,
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}
