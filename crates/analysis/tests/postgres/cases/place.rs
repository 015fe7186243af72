//! The place where a case runs: a database, a directory, and other sessions.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::history::recognise;
use engine::session::Target;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::read::{Act, By, Made, Settings};
use crate::support::Database;

/// The application name of the sessions that are open beside the run.
const MEANWHILE: &str = "meanwhile";

/// A condition: another session holds an advisory lock of this database.
const LOCK_IS_HELD: &str = "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted \
                            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";

pub(super) struct Place {
    database: Database,
    /// A superuser's session, for the whole case.
    superuser: PgConnection,
    files: TempDir,
    meanwhile: Vec<PgConnection>,
    later: Vec<JoinHandle<Result<(), String>>>,
}

impl Place {
    /// Creates a place. Its database is never dropped: each DROP DATABASE would wait for a checkpoint, and the server
    /// is stopped soon.
    pub(super) async fn make(encoding: Option<&str>) -> Result<Self, String> {
        let options = encoding.map(|encoding| format!("ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"));
        let database = Database::create_with(&options.unwrap_or_default()).await;
        let superuser = database.superuser().await;
        let files = tempfile::tempdir().map_err(|error| error.to_string())?;
        fs::create_dir(files.path().join("history")).map_err(|error| error.to_string())?;
        Ok(Self { database, superuser, files, meanwhile: Vec::new(), later: Vec::new() })
    }

    /// Returns the directory of the history.
    pub(super) fn history(&self) -> PathBuf {
        self.files.path().join("history")
    }

    pub(super) fn target(&self, settings: &Settings) -> Result<Target, String> {
        let mut target = self.database.target();
        // A directory in no known layout is refused, whatever the tool.
        target.tool = recognise(&self.history()).unwrap_or(target.tool);
        if let Some(schema) = &settings.schema {
            target.schema = self.fill(schema);
        }
        if let Some(table) = &settings.table {
            target.sqlx_table = table.parse().map_err(|error| format!("{table:?}: {error}"))?;
        }
        Ok(target)
    }

    /// Returns `text` with the names that belong to this place. All databases of a server share its roles.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("%ROLE%", &self.database.name).replace("%DB%", &self.database.name)
    }

    /// Returns the server's major version.
    pub(super) async fn version(&mut self) -> Result<u32, String> {
        let number = value(&mut self.superuser, "current_setting('server_version_num')").await?;
        number.parse::<u32>().map(|number| number / 10_000).map_err(|error| error.to_string())
    }

    /// Returns the first value of the query `sql`, as text.
    pub(super) async fn ask(&mut self, sql: &str) -> Result<String, String> {
        let sql = self.fill(sql);
        value(&mut self.superuser, &format!("({sql})")).await
    }

    /// Carries out `act`. Returns whether that was possible on this machine.
    pub(super) async fn act(&mut self, act: &Act) -> Result<bool, String> {
        match act {
            Act::Setup { by, sql, fails } => {
                let sql = self.fill(sql);
                let done = match by {
                    By::Superuser => execute(&mut self.superuser, &sql).await,
                    By::Role => execute(&mut self.database.session().await, &sql).await,
                };
                match (done, fails) {
                    (Ok(()), true) => return Err(format!("the setup does not fail: {sql}")),
                    (Err(error), false) => return Err(error),
                    _ => {}
                }
            }
            Act::Meanwhile { by, sql, later } => {
                let mut session = self.session(*by).await;
                execute(&mut session, &format!("SET application_name = '{MEANWHILE}'")).await?;
                let sql = self.fill(sql);
                if *later {
                    self.later.push(tokio::spawn(async move {
                        until(&mut session, LOCK_IS_HELD).await?;
                        execute(&mut session, &sql).await
                    }));
                } else {
                    execute(&mut session, &sql).await?;
                    self.meanwhile.push(session);
                }
            }
            Act::MeanwhileEnds => self.end_others().await?,
            Act::Make { path, what } => {
                return self.place(path, what).map_err(|error| format!("{}: {error}", path.display()));
            }
            Act::Remove { path } => {
                let path = self.history().join(path);
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
        Ok(true)
    }

    async fn session(&self, by: By) -> PgConnection {
        match by {
            By::Superuser => self.database.superuser().await,
            By::Role => self.database.session().await,
        }
    }

    fn place(&self, path: &Path, what: &Made) -> std::io::Result<bool> {
        let path = self.history().join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match what {
            Made::Folder => fs::create_dir_all(path)?,
            Made::Link { to } => symlink(to, path)?,
            Made::File { content, is_readable } => {
                // Only texts have names to fill in.
                let filled = str::from_utf8(content).map(|text| self.fill(text).into_bytes());
                fs::write(&path, filled.as_ref().unwrap_or(content))?;
                if !is_readable {
                    fs::set_permissions(&path, fs::Permissions::from_mode(0o0))?;
                    // The machine's superuser can read the file all the same.
                    return Ok(fs::read(&path).is_err());
                }
            }
        }
        Ok(true)
    }

    /// Terminates the run's session once it waits for a lock, and then the sessions for which it waits.
    pub(super) async fn cut(&mut self) -> Result<(), String> {
        // A count, since EXISTS would not compute the columns.
        let cut = "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity WHERE datname = current_database() \
                   AND application_name = 'lockstep' AND wait_event_type = 'Lock' AND state = 'active'";
        until(&mut self.superuser, cut).await?;
        self.end_others().await
    }

    /// Terminates the sessions that are open beside the run.
    pub(super) async fn end_others(&mut self) -> Result<(), String> {
        self.meanwhile.clear();
        self.later.drain(..).for_each(|later| later.abort());
        let gone = format!(
            "SELECT count(pg_terminate_backend(pid)) = 0 FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = '{MEANWHILE}'"
        );
        until(&mut self.superuser, &gone).await
    }
}

async fn execute(session: &mut PgConnection, sql: &str) -> Result<(), String> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(session).await.map(|_| ()).map_err(|error| format!("{error}: {sql}"))
}

/// Returns the value of the expression `sql`, as text.
async fn value(session: &mut PgConnection, sql: &str) -> Result<String, String> {
    let row = sqlx::raw_sql(AssertSqlSafe(format!("SELECT ({sql})::text"))).fetch_one(session).await;
    let value = row.and_then(|row| row.try_get::<Option<String>, _>(0));
    value.map(Option::unwrap_or_default).map_err(|error| format!("{error}: {sql}"))
}

/// Waits until the condition `sql` is true.
async fn until(session: &mut PgConnection, sql: &str) -> Result<(), String> {
    let given_up = Instant::now() + Duration::from_secs(20);
    while value(session, sql).await? != "true" {
        if Instant::now() > given_up {
            return Err(format!("it never came true: {sql}"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
