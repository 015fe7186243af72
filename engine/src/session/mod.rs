//! One session with the database.

mod connect;
mod fault;
mod target;

use std::io;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, Decode, Either, PgConnection, Postgres, Row as _, Type};

use crate::plan::Identity;
use crate::session::connect::{connect, connect_error};
use crate::session::fault::query_error;
use crate::{Error, Result, sqlstate};

pub(crate) use fault::{code_of, database_error, is_closed, position_of};
pub use target::{Target, Tls};

/// What brings a session back to how it was opened: all of `DISCARD ALL` but giving up the lock.
pub(crate) const RESET: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; \
                                DISCARD TEMP; DISCARD SEQUENCES; DEALLOCATE ALL";

/// The same, but for what is prepared.
pub(crate) const RESET_BUT_PREPARED: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; \
                                             DISCARD TEMP; DISCARD SEQUENCES";

/// An open session.
pub struct Session {
    connection: PgConnection,
    target: Target,
    pid: i32,
    facts: ServerFacts,
    /// Whether the statements that record a migration are prepared here, and no others.
    pub(crate) prepared: bool,
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
        Self::open_and::<bool>(target, "").await.map(|(session, _)| session)
    }

    /// Opens a session, and has a `query` run in the same round trip as the first look at the server. Gives the value of
    /// its first row.
    pub(crate) async fn open_and<T>(target: &Target, query: &str) -> Result<(Self, Option<T>)>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        // These make the server notice within some 10 seconds that we are gone, and so free the lock of
        // a function that was killed. The first exists from PostgreSQL 14 on.
        let watchful = [
            ("client_connection_check_interval", "1s"),
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "10s"),
        ];
        let (connected, settings) = match connect(target, &watchful).await {
            Err(error) if code_of(&error).as_deref() == Some(sqlstate::UNDEFINED_OBJECT) => {
                (connect(target, &watchful[1..]).await, &watchful[1..])
            }
            result => (result, &watchful[..]),
        };
        let mut connection = connected.map_err(|error| connect_error(target, &error))?;

        let sql = format!(
            "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version'), \
             pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on', \
             (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()), \
             coalesce(pg_catalog.current_setting('transaction_timeout', true), '0') <> '0'; {query}"
        );
        let mut found = fetch(&mut connection, &sql).await;
        // From PostgreSQL 17 on, a role's own limit would end the session in the midst of a script. Few have one, so it
        // is asked first: an older server refuses to be told of it.
        if found.as_ref().is_ok_and(|rows| rows.first().is_some_and(|row| row.try_get(5).unwrap_or(false))) {
            let _ = connection.close().await;
            let settings = [settings, &[("transaction_timeout", "0")]].concat();
            connection = connect(target, &settings).await.map_err(|error| connect_error(target, &error))?;
            found = fetch(&mut connection, &sql).await;
        }
        let found = found.and_then(|rows| {
            let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
            let pid = row.try_get::<i32, _>(0)?;
            let facts = ServerFacts {
                version: row.try_get(1)?,
                in_recovery: row.try_get(2)?,
                read_only: row.try_get(3)?,
                database_oid: row.try_get(4)?,
            };
            Ok((pid, facts, rows.get(1).map(|row| row.try_get(0)).transpose()?))
        });
        let (pid, facts, value) = found.map_err(|error| query_error(target, "opening the session", &error))?;
        Ok((Self { connection, target: target.clone(), pid, facts, prepared: false }, value))
    }

    /// Where this session is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The connection, for whoever asks the database what this crate does not.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
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

    /// Asks the server again whether it takes writes.
    pub(crate) async fn look_again(&mut self) -> Result<()> {
        let doing = "looking whether the server takes writes";
        self.facts.in_recovery = self.value(doing, "SELECT pg_catalog.pg_is_in_recovery()").await?;
        let read_only = "SELECT pg_catalog.current_setting('default_transaction_read_only') = 'on'";
        self.facts.read_only = self.value(doing, read_only).await?;
        Ok(())
    }

    fn read_only(&self, reason: &str) -> Error {
        Error::ReadOnly { host: self.target.host.clone(), port: self.target.port, reason: reason.to_owned() }
    }

    /// Closes the session in good order. Its end would be noticed anyway, so a failure is none.
    pub async fn close(self) {
        let _ = tokio::time::timeout(CANCEL_GRACE, self.connection.close()).await;
    }

    /// Runs statements whose results do not matter.
    pub(crate) async fn run(&mut self, doing: &str, sql: &str) -> Result<()> {
        self.rows(doing, sql).await.map(|_| ())
    }

    /// Has the session be as it was opened, but for the lock. What stands `before` comes before that, in one round trip;
    /// rows that come of what stands `behind` are given.
    pub(crate) async fn reset(&mut self, before: &str, behind: &str) -> Result<Vec<PgRow>> {
        self.prepared = false;
        self.rows("resetting the session", &format!("{before}{RESET}; {behind}")).await
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

    /// Sends `message` as it is, and counts the statements that complete until one fails. Rows are dropped as they come, but
    /// for the last.
    ///
    /// At `deadline` the statement is cancelled from a second connection. If even that brings no
    /// answer, the session is as good as gone.
    pub(crate) async fn send(&mut self, message: String, deadline: Instant) -> Result<Option<PgRow>, ScriptError> {
        let cancel = (self.target.clone(), self.pid);
        let (mut completed, mut last) = (0, None);
        let result = {
            let counting = async {
                let mut stream = sqlx::raw_sql(AssertSqlSafe(message)).fetch_many(&mut self.connection);
                while let Some(step) = stream.try_next().await? {
                    match step {
                        Either::Left(_) => completed += 1,
                        Either::Right(row) => last = Some(row),
                    }
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
        result.map(|()| last).map_err(|source| ScriptError { completed, source })
    }

    /// What `error` means, met in `doing`.
    pub fn error(&self, doing: &str, error: &sqlx::Error) -> Error {
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

async fn fetch(connection: &mut PgConnection, sql: &str) -> Result<Vec<PgRow>, sqlx::Error> {
    answered(sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection)).await
}

/// For what the server answers at once: no answer means that it is gone, though nobody said so.
async fn answered<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(ANSWER_PATIENCE, answer)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer").into()))
}
