//! One session with the database: TLS, settings, and what an error means.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgErrorPosition, PgRow, PgSeverity, PgSslMode};
use sqlx::{AssertSqlSafe, Connection as _, Decode, Either, PgConnection, Postgres, Row as _, Type};

use crate::history::ledger::{Ledger, Row, Statements};
use crate::plan::Identity;
use crate::quote::identifier;
use crate::{Error, Result, sqlstate};

/// Where the database is, and who we are there.
#[derive(Clone)]
pub struct Target {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password.
    pub password: String,
    /// The database.
    pub database: String,
    /// The schema of the ledger, and the search path of every script.
    pub schema: String,
    /// How the connection is protected.
    pub tls: Tls,
    /// What `pg_stat_activity` shows.
    pub application_name: String,
    /// How long a statement may wait for a table lock.
    pub lock_timeout: Duration,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
}

/// How the connection is protected.
#[derive(Clone)]
pub enum Tls {
    /// TLS, with the server's certificate and name verified against these roots, in PEM.
    VerifyFull(Vec<u8>),
    /// None. For a database on the same machine only.
    Disabled,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

/// An open session.
pub struct Session {
    connection: PgConnection,
    target: Target,
    pid: i32,
    facts: ServerFacts,
}

/// What the server says of itself when a session opens.
#[derive(Debug, Clone)]
pub(crate) struct ServerFacts {
    pub(crate) version: String,
    pub(crate) in_recovery: bool,
    pub(crate) read_only: bool,
    pub(crate) database_oid: String,
}

/// A script's failure, before anybody gave it a place in a history.
pub(crate) struct ScriptError {
    /// How many statements of the message had completed.
    pub(crate) completed: usize,
    pub(crate) source: sqlx::Error,
}

impl Session {
    /// Opens a session.
    ///
    /// # Errors
    ///
    /// By cause: unreachable, TLS, authentication, no such database.
    pub async fn open(target: &Target) -> Result<Self> {
        // These make the server notice within some 10 seconds that we are gone, and so free the lock of
        // a function that was killed. The first exists from PostgreSQL 14 on.
        let watchful = [
            ("client_connection_check_interval", "1s"),
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "10s"),
        ];
        let mut connection = match connect(target, &watchful).await {
            Err(error) if code_of(&error).as_deref() == Some(sqlstate::UNDEFINED_OBJECT) => {
                connect(target, &watchful[1..]).await
            }
            result => result,
        }
        .map_err(|error| connect_error(target, &error))?;

        let row = fetch(
            &mut connection,
            "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version'), \
             pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on', \
             (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
        )
        .await
        .and_then(|rows| {
            let row = rows.into_iter().next().ok_or(sqlx::Error::RowNotFound)?;
            Ok((
                row.try_get::<i32, _>(0)?,
                ServerFacts {
                    version: row.try_get(1)?,
                    in_recovery: row.try_get(2)?,
                    read_only: row.try_get(3)?,
                    database_oid: row.try_get(4)?,
                },
            ))
        });
        let (pid, facts) = row.map_err(|error| query_error(target, "opening the session", &error))?;
        Ok(Self { connection, target: target.clone(), pid, facts })
    }

    /// Where this session is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    pub(crate) fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    /// What tells this database from every other; `instance` is the server's own name outside of SQL.
    pub fn identity(&self, instance: &str) -> Identity {
        Identity {
            instance: instance.to_owned(),
            endpoint: format!("{}:{}", self.target.host, self.target.port),
            database: self.target.database.clone(),
            database_oid: self.facts.database_oid.clone(),
            schema: self.target.schema.clone(),
        }
    }

    /// An error if the server takes no writes.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnly`] on a replica, or where transactions are read-only by default.
    pub fn check_writable(&self) -> Result<()> {
        let reason = if self.facts.in_recovery {
            "it is a replica (in recovery); connect to the primary's own endpoint"
        } else if self.facts.read_only {
            "default_transaction_read_only is on for this role or database"
        } else {
            return Ok(());
        };
        Err(self.read_only(reason))
    }

    fn read_only(&self, reason: &str) -> Error {
        Error::ReadOnly { host: self.target.host.clone(), port: self.target.port, reason: reason.to_owned() }
    }

    /// The ledger's rows; `None` when there is no ledger yet.
    ///
    /// # Errors
    ///
    /// When the query fails, by cause.
    pub async fn ledger(&mut self) -> Result<Option<Ledger>> {
        let statements = Statements::new(&self.target.schema);
        if !self.value::<bool>("looking for the ledger", &statements.exists()).await? {
            return Ok(None);
        }
        if self.value::<bool>("looking at the ledger", &statements.is_hidden()).await? {
            return Err(Error::Config {
                name: "the ledger".into(),
                reason: format!(
                    "row level security is on for {}, and may hide rows from {}; let the table's owner migrate",
                    statements.table(),
                    self.target.user
                ),
            });
        }
        let doing = "reading the ledger";
        let rows = self.rows(doing, &statements.read()).await?;
        let rows = rows
            .iter()
            .map(|row| {
                Ok(Row {
                    id: row.try_get(0)?,
                    name: row.try_get(1)?,
                    checksum: row.try_get(2)?,
                    started_at: row.try_get(3)?,
                    finished: row.try_get(4)?,
                    rolled_back: row.try_get(5)?,
                    marked: row.try_get(6)?,
                    duration_ms: u64::try_from(row.try_get::<i64, _>(7)?).unwrap_or(0),
                })
            })
            .collect::<Result<Vec<_>, sqlx::Error>>()
            .map_err(|error| self.error(doing, &error))?;
        Ok(Some(Ledger { rows }))
    }

    /// How many ordinary tables the schema has, extensions' apart.
    ///
    /// # Errors
    ///
    /// When the query fails, by cause.
    pub async fn count_tables(&mut self) -> Result<i64> {
        let statements = Statements::new(&self.target.schema);
        self.value("counting tables", &statements.count_tables()).await
    }

    /// Closes the session in good order. Its end would be noticed anyway, so a failure is none.
    pub async fn close(self) {
        let _ = tokio::time::timeout(CANCEL_GRACE, self.connection.close()).await;
    }

    /// Runs statements whose results do not matter.
    pub(crate) async fn run(&mut self, doing: &str, sql: &str) -> Result<()> {
        self.rows(doing, sql).await.map(|_| ())
    }

    pub(crate) async fn value<T>(&mut self, doing: &str, sql: &str) -> Result<T>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        let mut values = self.values(doing, sql).await?;
        values.pop().ok_or_else(|| self.error(doing, &sqlx::Error::RowNotFound))
    }

    pub(crate) async fn values<T>(&mut self, doing: &str, sql: &str) -> Result<Vec<T>>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        let rows = self.rows(doing, sql).await?;
        let values = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>();
        values.map_err(|error| self.error(doing, &error))
    }

    /// Runs one statement and gives the number of rows that it changed.
    pub(crate) async fn change(&mut self, doing: &str, sql: &str) -> Result<u64> {
        let changing = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        let result = answered(changing).await;
        result.map(|done| done.rows_affected()).map_err(|error| self.error(doing, &error))
    }

    pub(crate) async fn rows(&mut self, doing: &str, sql: &str) -> Result<Vec<PgRow>> {
        match fetch(&mut self.connection, sql).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.error(doing, &error)),
        }
    }

    /// Sends `message` as it is and counts the statements that complete. Rows are dropped as they come.
    ///
    /// At `deadline` the statement is cancelled from a second connection. If even that brings no
    /// answer, the session is as good as gone.
    pub(crate) async fn send(&mut self, message: String, deadline: Instant) -> Result<usize, ScriptError> {
        let cancel = (self.target.clone(), self.pid);
        let mut completed = 0;
        let result = {
            let counting = async {
                let mut stream = sqlx::raw_sql(AssertSqlSafe(message)).fetch_many(&mut self.connection);
                while let Some(step) = stream.try_next().await? {
                    completed += usize::from(matches!(step, Either::Left(_)));
                }
                Ok(())
            };
            tokio::pin!(counting);
            tokio::select! {
                result = &mut counting => result,
                () = tokio::time::sleep_until(deadline.into()) => {
                    cancel_backend(&cancel.0, cancel.1).await;
                    tokio::time::timeout(CANCEL_GRACE, counting).await.unwrap_or_else(|_| {
                        Err(io::Error::new(io::ErrorKind::TimedOut, "no answer to the cancellation").into())
                    })
                }
            }
        };
        result.map(|()| completed).map_err(|source| ScriptError { completed, source })
    }

    /// What `error` means, met in `doing`.
    pub(crate) fn error(&self, doing: &str, error: &sqlx::Error) -> Error {
        query_error(&self.target, doing, error)
    }
}

/// How long a cancelled statement may take to say so, and a session to close.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// How long it may take to ask for a cancellation.
const CANCEL_PATIENCE: Duration = Duration::from_secs(3);

/// How long the server may take for a query of our own.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

async fn cancel_backend(target: &Target, pid: i32) {
    let cancelled = async {
        let mut connection = connect(target, &[]).await?;
        fetch(&mut connection, &format!("SELECT pg_catalog.pg_cancel_backend({pid})")).await?;
        connection.close().await
    };
    match tokio::time::timeout(CANCEL_PATIENCE, cancelled).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(pid, code = code_of(&error), "could not cancel the running statement"),
        Err(_) => tracing::warn!(pid, "could not cancel the running statement in time"),
    }
}

async fn connect(target: &Target, settings: &[(&str, &str)]) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&target.host)
        .port(target.port)
        .username(&target.user)
        .password(&target.password)
        .database(&target.database)
        .application_name(&target.application_name)
        // As startup options, so that RESET ALL between two scripts comes back to them.
        .options([
            ("search_path", identifier(&target.schema)),
            ("lock_timeout", format!("{}ms", target.lock_timeout.as_millis())),
            ("standard_conforming_strings", "on".to_owned()),
            // A role's own limit would cut scripts off; the deadline bounds them.
            ("statement_timeout", "0".to_owned()),
        ])
        .options(settings.iter().copied());
    let options = match &target.tls {
        Tls::VerifyFull(roots) => options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert_from_pem(roots.clone()),
        Tls::Disabled => options.ssl_mode(PgSslMode::Disable),
    };
    // A statement's text belongs in no log: it may hold rows and secrets.
    let options = sqlx::ConnectOptions::disable_statement_logging(options);
    match tokio::time::timeout(target.connect_timeout, PgConnection::connect_with(&options)).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer").into()),
    }
}

async fn fetch(connection: &mut PgConnection, sql: &str) -> Result<Vec<PgRow>, sqlx::Error> {
    answered(sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection)).await
}

/// For what the server answers at once: no answer means that it is gone, though nobody said so.
async fn answered<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(ANSWER_PATIENCE, answer)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer").into()))
}

/// The server's error inside `error`, if it is one.
pub(crate) fn database_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error().and_then(|error| error.try_downcast_ref())
}

pub(crate) fn code_of(error: &sqlx::Error) -> Option<String> {
    database_error(error).map(|error| error.code().to_owned())
}

/// The position in the message, in characters from 1, at which the server met the error.
pub(crate) fn position_of(error: &PgDatabaseError) -> Option<usize> {
    match error.position() {
        Some(PgErrorPosition::Original(position)) => Some(position),
        _ => None,
    }
}

/// Whether the session is over after `error`.
///
/// The server says so by its severity: a SQLSTATE alone can be raised by a script. An error of the
/// driver's own means that it has lost track of the conversation, while the server may have gone on
/// to COMMIT: only a new session can tell.
pub(crate) fn is_closed(error: &sqlx::Error) -> bool {
    match database_error(error) {
        Some(error) => matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic),
        None => !matches!(error, sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. }),
    }
}

fn connect_error(target: &Target, error: &sqlx::Error) -> Error {
    let (host, port) = (target.host.clone(), target.port);
    let unreachable = |reason: String| Error::Unreachable { host: host.clone(), port, reason };
    if let Some(server) = database_error(error) {
        let refused = |hint| Error::AuthenticationFailed {
            host: host.clone(),
            port,
            user: target.user.clone(),
            code: server.code().to_owned(),
            hint,
        };
        return match server.code() {
            sqlstate::INVALID_PASSWORD => refused("the password in the secret is not the role's (P1000)"),
            sqlstate::INVALID_AUTHORIZATION => refused(
                "the role may not connect like this; check that it exists, may log in, has CONNECT on the database, and that pg_hba allows it (P1010)",
            ),
            sqlstate::INVALID_CATALOG_NAME => Error::DatabaseNotFound { host, port, database: target.database.clone() },
            sqlstate::TOO_MANY_CONNECTIONS => {
                unreachable("it has no connection left; free some, or raise max_connections".into())
            }
            sqlstate::CANNOT_CONNECT_NOW => unreachable("it is starting up or shutting down".into()),
            code => {
                unreachable(format!("it refused the connection with SQLSTATE {code} ({})", sqlstate::condition(code)))
            }
        };
    }
    match error {
        sqlx::Error::Tls(source) => Error::Tls { host, port, reason: tls_reason(source.as_ref()) },
        sqlx::Error::Io(source) => match certificate_error(source) {
            Some(reason) => Error::Tls { host, port, reason },
            None => unreachable(io_reason(source)),
        },
        sqlx::Error::Configuration(_) => {
            Error::Tls { host, port, reason: "the file of root certificates cannot be used; it has to be PEM".into() }
        }
        _ => unreachable("the driver gave up".into()),
    }
}

/// rustls reports a certificate that it does not trust as an I/O error.
fn certificate_error(error: &io::Error) -> Option<String> {
    let text = error.to_string();
    (error.kind() == io::ErrorKind::InvalidData || text.contains("certificate")).then(|| {
        format!(
            "{text}; is the right file of root certificates set, and the host the name in the server's certificate?"
        )
    })
}

fn tls_reason(error: &(dyn std::error::Error + Send + Sync)) -> String {
    format!("{error}; a server without TLS is not accepted")
}

fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused; is the port right, and is the server running?".into(),
        io::ErrorKind::TimedOut => {
            "no answer in time; do the security groups and the route let this function reach it?".into()
        }
        _ if error.to_string().contains("lookup") => {
            "the host name cannot be resolved; is it right, and does the VPC resolve DNS?".into()
        }
        kind => format!("{kind}"),
    }
}

fn query_error(target: &Target, doing: &str, error: &sqlx::Error) -> Error {
    let code = code_of(error);
    if is_closed(error) {
        let reason = match (&code, error) {
            (Some(code), _) => format!("SQLSTATE {code} ({})", sqlstate::condition(code)),
            (None, sqlx::Error::Io(error)) => error.kind().to_string(),
            (None, _) => "the connection broke".to_owned(),
        };
        return Error::ConnectionClosed { during: doing.to_owned(), reason };
    }
    match code.as_deref() {
        Some(sqlstate::READ_ONLY_SQL_TRANSACTION) => Error::ReadOnly {
            host: target.host.clone(),
            port: target.port,
            reason: format!("it refused {doing}; it may be failing over"),
        },
        Some(code) if sqlstate::is_contention(code) => Error::LockTimeout {
            what: doing.to_owned(),
            tries: 1,
            waited_s: 0,
            code: code.to_owned(),
            blockers: "somebody holds the ledger or a system table".to_owned(),
        },
        Some(code) => Error::Query {
            doing: doing.to_owned(),
            code: code.to_owned(),
            condition: sqlstate::condition(code),
            message: database_error(error)
                .filter(|_| sqlstate::is_about_objects(code))
                .map_or_else(String::new, |error| format!(": {}", error.message())),
        },
        None => Error::Query {
            doing: doing.to_owned(),
            code: "none".to_owned(),
            condition: "driver_error",
            message: String::new(),
        },
    }
}
