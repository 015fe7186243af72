//! One session with the database.

mod cancel;
mod connect;
mod fault;
mod identity;
mod others;
mod prepared;
mod settings;
mod table_name;
mod target;

use std::io;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, Decode, Either, PgConnection, Postgres, Row as _, Type};

use crate::deadline::Deadline;
use crate::session::connect::{connect, connect_error};
use crate::session::fault::query_error;
use crate::transaction::Opened;
use crate::{Error, Result, sqlstate};

pub(crate) use fault::{code_of, database_error, is_broken, is_closed};
pub use identity::DatabaseIdentity;
pub(crate) use others::{SESSION, THIS_DATABASE};
pub(crate) use prepared::Prepared;
pub use table_name::TableName;
pub use target::{Roots, Target, Tls};

/// Resets a session to the state in which it was opened: all of `DISCARD ALL`, except that the lock and the prepared
/// statements stay.
const RESET: [&str; 7] = [
    "RESET SESSION AUTHORIZATION",
    "RESET ROLE",
    "RESET ALL",
    "CLOSE ALL",
    "UNLISTEN *",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
];

/// Deallocates the prepared statements.
const FORGET_PREPARED: &str = "DEALLOCATE ALL";

/// Sets the search path of our own queries. Along another path, a query of ours could find objects that another role
/// has made: PostgreSQL takes the operator that fits best, in whatever schema it is.
pub(crate) const OWN_PATH: &str = "SET search_path = pg_catalog, pg_temp";

/// Prepares the session for a script that runs alone: its search path, and no lock timeout. A lock timeout would leave
/// an index invalid; the deadline bounds the statement instead.
const AS_A_SCRIPT: &str = "RESET search_path; SET lock_timeout = 0";

/// An open session.
///
/// Our own queries have a search path of their own. A script's path is the session's default: a script's message begins
/// with a RESET of the path, and the next query of ours sets our path again.
pub struct Session {
    connection: PgConnection,
    target: Target,
    pid: i32,
    facts: ServerFacts,
    /// The statements that restore settings of the role or database that the driver's start-up overrides.
    settings: Vec<String>,
    /// The schemas in which a script's names are looked up.
    path: Vec<String>,
    /// Whether the search path is certainly that of our own queries.
    has_own_path: bool,
    /// How a script's session differs from the tool's own, a sentence each.
    differences: Vec<String>,
    /// Whether it is known which time zone a session of the tool would have.
    pub(crate) knows_time_zone: bool,
    /// The names of the prepared statements that record a migration.
    pub(crate) prepared_names: Prepared,
    /// Whether exactly the statements that record a migration are prepared in the session.
    pub(crate) prepared: bool,
    /// The state of session and server that a look would show now, where the last migration's message has told it.
    pub(crate) opened: Option<Opened>,
}

/// What the server reports about itself when a session opens.
#[derive(Debug, Clone)]
pub(crate) struct ServerFacts {
    pub(crate) version: String,
    pub(crate) in_recovery: bool,
    pub(crate) read_only: bool,
    pub(crate) database_oid: String,
    /// The role whose rights count. It differs from the login role if that has a setting `role` of its own.
    pub(crate) role: String,
}

/// The server's answer to a message.
pub(crate) struct Answer {
    /// How many statements completed.
    pub(crate) completed: usize,
    /// The first row.
    pub(crate) first: Option<PgRow>,
    /// The last row, where it is not the only one.
    pub(crate) last: Option<PgRow>,
}

/// A script's failure, before its place in a history is known.
pub(crate) struct ScriptError {
    /// How many statements of the message had completed.
    pub(crate) completed: usize,
    /// The first row that came before the failure.
    pub(crate) first: Option<PgRow>,
    /// The sessions that it waited for when its time was up.
    pub(crate) waited_for: Vec<String>,
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

    /// Opens a session, and runs a `query` in the same round trip as the first look at the server. Returns the value of
    /// the query's first row.
    pub(crate) async fn open_and<T>(target: &Target, query: &str) -> Result<(Self, Option<T>)>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        // With these, the server notices within some 10 seconds that the client is gone, and so frees the lock of a
        // function that was killed. A limit of the role's own would end the session while it waits for a table to be
        // free. The first two exist from PostgreSQL 14 on.
        let watchful = [
            ("client_connection_check_interval", "1s"),
            ("idle_session_timeout", "0"),
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "10s"),
        ];
        let (connected, watchful_settings) = match connect(target, &watchful).await {
            Err(error) if code_of(&error).as_deref() == Some(sqlstate::UNDEFINED_OBJECT) => {
                (connect(target, &watchful[2..]).await, &watchful[2..])
            }
            result => (result, &watchful[..]),
        };
        let mut connection = connected.map_err(|error| connect_error(target, &error))?;

        let sql = format!(
            "{}; {OWN_PATH}; SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version'), \
             pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on', \
             (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()), \
             coalesce(pg_catalog.current_setting('transaction_timeout', true), '0') <> '0', current_user::text; {}; {query}",
            settings::PATH,
            settings::QUERY,
        );
        let mut found = fetch(&mut connection, &sql).await;
        let mut more = Vec::new();
        let mut tools_path = None;
        if let Ok([path, row, ..]) = found.as_deref() {
            // From PostgreSQL 17 on, a limit of the role's own would end the session in the middle of a script. Few
            // roles have one, so the session asks first: an older server rejects the setting.
            if row.try_get(5).unwrap_or(false) {
                more.push(("transaction_timeout", "0".to_owned()));
            }
            let path_to_set = settings::path_to_set(target, path);
            tools_path = path_to_set.is_some().then(|| path.try_get::<String, _>(1).unwrap_or_default());
            more.extend(path_to_set);
        }
        if !more.is_empty() {
            let _ = connection.close().await;
            let mut all: Vec<(&str, &str)> = watchful_settings.to_vec();
            all.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
            connection = connect(target, &all).await.map_err(|error| connect_error(target, &error))?;
            found = fetch(&mut connection, &sql).await;
        }
        let found = found.and_then(|rows| {
            let [path, row, own, behind @ ..] = &rows[..] else { return Err(sqlx::Error::RowNotFound) };
            let pid = row.try_get::<i32, _>(0)?;
            let facts = ServerFacts {
                version: row.try_get(1)?,
                in_recovery: row.try_get(2)?,
                read_only: row.try_get(3)?,
                database_oid: row.try_get(4)?,
                role: row.try_get(6)?,
            };
            let settings = settings::read(target, path, own, tools_path.as_deref())?;
            Ok((pid, facts, settings, behind.first().map(|row| row.try_get(0)).transpose()?))
        });
        let (pid, facts, own, value) = found.map_err(|error| query_error(target, "opening the session", &error))?;
        let mut session = Self {
            connection,
            target: target.clone(),
            pid,
            facts,
            settings: own.statements,
            path: own.path,
            has_own_path: true,
            differences: own.differences,
            knows_time_zone: own.knows_time_zone,
            prepared_names: Prepared::new(),
            prepared: false,
            opened: None,
        };
        if !session.settings.is_empty() {
            let settings = session.settings.join("; ");
            session.run("setting what the role and the database set", &settings).await?;
        }
        Ok((session, value))
    }

    /// Returns the session's target.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Returns the connection, for queries that other crates send.
    pub fn connection(&mut self) -> &mut PgConnection {
        self.opened = None;
        &mut self.connection
    }

    /// Returns the role whose rights count in this session.
    pub(crate) fn role(&self) -> &str {
        &self.facts.role
    }

    pub(crate) fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    /// Returns the identity of the database; `instance` is the server's name outside of SQL.
    pub fn identity(&self, instance: &str) -> DatabaseIdentity {
        DatabaseIdentity {
            instance: instance.to_owned(),
            endpoint: format!("{}:{}", self.target.host, self.target.port),
            database: self.target.database.clone(),
            database_oid: self.facts.database_oid.clone(),
            schema: self.target.schema.clone(),
        }
    }

    /// Returns an error if the server takes no writes.
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
        let doing = "checking whether the server accepts writes";
        self.facts.in_recovery = self.value(doing, "SELECT pg_catalog.pg_is_in_recovery()").await?;
        let read_only = "SELECT pg_catalog.current_setting('default_transaction_read_only') = 'on'";
        self.facts.read_only = self.value(doing, read_only).await?;
        Ok(())
    }

    fn read_only(&self, reason: &str) -> Error {
        Error::ReadOnly { host: self.target.host.clone(), port: self.target.port, reason: reason.to_owned() }
    }

    /// Closes the session in good order. The server would notice its end anyway, so a failure is ignored.
    pub async fn close(self) {
        let _ = tokio::time::timeout(CANCEL_GRACE, self.connection.close()).await;
    }

    /// Runs statements whose results are not needed.
    pub(crate) async fn run(&mut self, doing: &str, sql: &str) -> Result<()> {
        self.rows(doing, sql).await.map(|_| ())
    }

    /// Resets the session to the state in which it was opened, apart from the lock. The statements `before` run first
    /// and those `behind` run last, all in one round trip. Returns their rows.
    pub(crate) async fn reset(&mut self, before: &str, behind: &str) -> Result<Vec<PgRow>> {
        self.prepared = false;
        let reset = self.reset_statements(false).join("; ");
        // A statement in `before` may be a ROLLBACK, and no query of ours may come before that.
        self.has_own_path = true;
        self.rows("resetting the session", &format!("{before}{reset}; {behind}")).await
    }

    /// Prepares the session for a script that runs alone. The statements `before` run first, in the same round trip.
    pub(crate) async fn as_a_script(&mut self, doing: &str, before: &str) -> Result<Vec<PgRow>> {
        let rows = self.rows(doing, &format!("{before}{AS_A_SCRIPT}")).await;
        self.has_own_path = false;
        rows
    }

    /// Returns the statements that reset the session, with or without those that deallocate what is prepared.
    pub(crate) fn reset_statements(&self, keep_prepared: bool) -> Vec<String> {
        let forget = (!keep_prepared).then_some(FORGET_PREPARED);
        let fixed = RESET.into_iter().chain(forget).map(str::to_owned);
        fixed.chain(self.settings.iter().cloned()).chain([OWN_PATH.to_owned()]).collect()
    }

    /// Returns the schemas in which a script's names are looked up, in order.
    pub(crate) fn path(&self) -> &[String] {
        &self.path
    }

    /// Returns how a script's session differs from a session of the tool itself, a sentence each.
    pub(crate) fn differences(&self) -> &[String] {
        &self.differences
    }

    /// Runs a statement that may fail. Returns the SQLSTATE if it does.
    pub(crate) async fn try_code(&mut self, sql: &str) -> Result<Option<String>> {
        self.opened = None;
        match fetch(&mut self.connection, sql).await {
            Ok(_) => Ok(None),
            Err(error) if is_closed(&error) => Err(self.error("looking at the session", &error)),
            Err(error) => Ok(code_of(&error)),
        }
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

    /// Runs one statement. Returns how many rows it changed.
    pub(crate) async fn change(&mut self, doing: &str, sql: &str) -> Result<u64> {
        self.opened = None;
        let sql = self.with_own_path(sql);
        let changing = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        let result = answered(changing).await;
        self.has_own_path |= result.is_ok();
        result.map(|done| done.rows_affected()).map_err(|error| self.error(doing, &error))
    }

    pub(crate) async fn rows(&mut self, doing: &str, sql: &str) -> Result<Vec<PgRow>> {
        self.opened = None;
        let sql = self.with_own_path(sql);
        let result = fetch(&mut self.connection, &sql).await;
        self.has_own_path |= result.is_ok();
        result.map_err(|error| self.error(doing, &error))
    }

    /// Returns a query of ours, with a statement that sets its search path where a script may have left another one.
    fn with_own_path(&self, sql: &str) -> String {
        if self.has_own_path { sql.to_owned() } else { format!("{OWN_PATH}; {sql}") }
    }

    /// Sends `message` unchanged, and counts the statements that complete until one fails. Of the rows it keeps the
    /// first and the last.
    ///
    /// At `deadline`, a second connection cancels the statement. If there is no answer even then, the session counts as
    /// broken.
    pub(crate) async fn send(&mut self, message: String, deadline: Deadline) -> Result<Answer, ScriptError> {
        self.opened = None;
        self.has_own_path = false;
        let cancel = (self.target.clone(), self.pid);
        let (mut completed, mut first, mut last, mut waited_for) = (0, None, None, Vec::new());
        let result = {
            let counting = async {
                let mut stream = sqlx::raw_sql(AssertSqlSafe(message)).fetch_many(&mut self.connection);
                while let Some(step) = stream.try_next().await? {
                    match step {
                        Either::Left(_) => completed += 1,
                        Either::Right(row) if first.is_none() => first = Some(row),
                        Either::Right(row) => last = Some(row),
                    }
                }
                Ok(())
            };
            tokio::pin!(counting);
            tokio::select! {
                result = &mut counting => result,
                () = deadline.passes() => {
                    waited_for = cancel::cancel(&cancel.0, cancel.1).await;
                    tokio::time::timeout(CANCEL_GRACE, counting).await.unwrap_or_else(|_| {
                        Err(io::Error::new(io::ErrorKind::TimedOut, "no answer to the cancellation").into())
                    })
                }
            }
        };
        match result {
            Ok(()) => Ok(Answer { completed, first, last }),
            Err(source) => Err(ScriptError { completed, first, waited_for, source }),
        }
    }

    /// Returns the meaning of `error`, which occurred while `doing` a step.
    pub fn error(&self, doing: &str, error: &sqlx::Error) -> Error {
        query_error(&self.target, doing, error)
    }
}

/// How long a cancelled statement may take to report that, and a session to close.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// How long the server may take to answer a query of our own.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

async fn fetch(connection: &mut PgConnection, sql: &str) -> Result<Vec<PgRow>, sqlx::Error> {
    answered(sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection)).await
}

/// Bounds a query that the server answers at once. Without an answer in time, the connection counts as broken.
async fn answered<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(ANSWER_PATIENCE, answer)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer").into()))
}
