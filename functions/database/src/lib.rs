//! How `preflight`, `plan` and `apply` reach the database.
//!
//! The three share it because they do it the same way: settings from the environment, migrations from the layer or a
//! bundle, user and password from Secrets Manager at connect time, and the engine's errors under their wire names.

mod bundles;
mod claim;
mod failure;
mod origin;
mod secret;
mod settings;

use std::time::{Duration, SystemTime};

use engine::history::{self, Files, Format, History, read_files};
use engine::session::{Roots, Session, Target, Tls};
use shared::payload::{PlannedBundle, RdsInstance};
use shared::{Failure, FailureName};

pub use claim::claim;
pub use failure::named;
pub use origin::Origin;
pub use settings::{RDS_ROOTS, Settings};

use bundles::Bundles;
use failure::from_engine;

/// How long a connection may take to open. With a wrong security group the server does not answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The time that is reserved for reporting.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The settings, and the clients for the bundles and the secret. Created once, outside of the handler.
pub struct Connector {
    settings: Result<Settings, Failure>,
    bundles: Bundles,
    secrets: aws_sdk_secretsmanager::Client,
}

impl Connector {
    /// Reads the environment. The first [`attempt`](Self::attempt) returns what is wrong there, under its wire name.
    pub async fn from_env() -> Self {
        Self { settings: Settings::from_env(), bundles: Bundles::from_env().await, secrets: secret::client().await }
    }

    /// Returns the settings.
    ///
    /// # Errors
    ///
    /// `Config.Invalid`, naming the variable.
    pub fn settings(&self) -> Result<&Settings, Failure> {
        self.settings.as_ref().map_err(Clone::clone)
    }

    /// Looks for the migrations: in the bundle or, without one, in the layer.
    ///
    /// # Errors
    ///
    /// Those of [`history`](Self::history), but for what is wrong in the layer.
    pub async fn origin(&self, bundle: Option<&PlannedBundle>) -> Result<Origin, Failure> {
        let (_, origin) = self.open(bundle).await?;
        Ok(origin)
    }

    /// Reads the migrations: those of the bundle or, without one, those of the layer.
    ///
    /// # Errors
    ///
    /// `Config.Invalid`, `Bundle.Unreachable` and `History.Invalid`.
    pub async fn history(&self, bundle: Option<&PlannedBundle>) -> Result<(History, Origin), Failure> {
        let (files, origin) = self.open(bundle).await?;
        let history = match files {
            Some(files) => read_files(files),
            None => history::read(&self.settings()?.migrations),
        };
        Ok((history.map_err(|error| from_engine(error, &origin))?, origin))
    }

    /// Returns the files of the bundle; of the layer nothing is read yet.
    async fn open(&self, bundle: Option<&PlannedBundle>) -> Result<(Option<Files>, Origin), Failure> {
        let settings = self.settings()?;
        let Some(bundle) = bundle else { return Ok((None, Origin::Layer(settings.migrations.clone()))) };
        let (files, bundle) = self.bundles.read(bundle).await?;
        let names = files.names().clone();
        Ok((Some(files), Origin::Bundle { bundle, names }))
    }

    /// Runs `work` with a target whose password was just read. If the database refuses the password, reads the secret
    /// again, once: it may have been rotated in between.
    ///
    /// Ends in time for an answer before Lambda's `deadline`: a function that Lambda has to kill
    /// cannot say why.
    ///
    /// # Errors
    ///
    /// `Config.Invalid`, `Secret.Unreachable`, and whatever `work` fails with, under its wire name.
    pub async fn attempt<T>(
        &self,
        origin: &Origin,
        database: &RdsInstance,
        execution: &str,
        deadline: SystemTime,
        work: impl AsyncFn(&Target) -> engine::Result<T>,
    ) -> Result<T, Failure> {
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(LAST_WORDS);
        let working = async {
            let result = match Box::pin(work(&self.target(origin, database, execution).await?)).await {
                Err(engine::Error::AuthenticationFailed { .. }) => {
                    tracing::warn!("the database refused the password; reading the secret again");
                    Box::pin(work(&self.target(origin, database, execution).await?)).await
                }
                result => result,
            };
            result.map_err(|error| from_engine(error, origin))
        };
        tokio::time::timeout(left, working).await.unwrap_or_else(|_| {
            Err(Failure::new(
                FailureName::DatabaseConnectionClosed,
                "the database gave no answer before the function's time was up (P1017)",
            ))
        })
    }

    /// Runs `work` as [`attempt`](Self::attempt) does, in a session of its own, for work that only reads.
    ///
    /// # Errors
    ///
    /// Those of [`attempt`](Self::attempt).
    pub async fn in_session<T>(
        &self,
        origin: &Origin,
        database: &RdsInstance,
        execution: &str,
        deadline: SystemTime,
        work: impl AsyncFn(&mut Session) -> engine::Result<T>,
    ) -> Result<T, Failure> {
        self.attempt(origin, database, execution, deadline, async |target: &Target| {
            let mut session = Session::open(target).await?;
            let found = work(&mut session).await?;
            session.close().await;
            Ok(found)
        })
        .await
    }

    async fn target(&self, origin: &Origin, database: &RdsInstance, execution: &str) -> Result<Target, Failure> {
        let settings = self.settings()?;
        let secret = secret::read(&self.secrets, &settings.secret_arn).await?;
        let no_endpoint =
            || Failure::config("DatabaseInstance", "neither the secret nor the instance names an endpoint");
        let host = secret.host.or_else(|| database.host.clone()).ok_or_else(no_endpoint)?;
        if host.contains(".proxy-") {
            return Err(Failure::config(
                "the database's host",
                format!(
                    "{host} is an RDS Proxy, which shares sessions and so cannot keep the migration lock; \
                     give the instance's own endpoint"
                ),
            ));
        }
        let name = settings.database_name.clone().or(secret.dbname).or_else(|| database.name.clone());
        Ok(Target {
            host,
            port: secret.port.or(database.port).ok_or_else(no_endpoint)?,
            user: secret.username,
            password: Some(secret.password),
            database: name.ok_or_else(|| {
                Failure::config(
                    "DatabaseName",
                    "neither the secret nor the instance names a database; set this parameter",
                )
            })?,
            schema: settings.schema.clone(),
            // The step that reads the history reports an invalid one. First it has to be known whether the database can
            // be reached.
            tool: origin.format().unwrap_or(Format::Prisma),
            sqlx_table: settings.sqlx_table.clone(),
            tls: match &settings.roots {
                Some(roots) => Tls::VerifyFull(Roots::Pem(roots.clone())),
                None => Tls::Disabled,
            },
            application_name: application_name(execution),
            lock_timeout: settings.lock_timeout,
            connect_timeout: CONNECT_TIMEOUT,
        })
    }
}

/// Returns what `pg_stat_activity` shows: the product and the execution, within PostgreSQL's 63 bytes.
fn application_name(execution: &str) -> String {
    let name = execution.rsplit(':').next().unwrap_or(execution);
    let name: String = name.chars().filter(char::is_ascii_graphic).take(50).collect();
    format!("lockstep {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_bears_the_executions_name() {
        assert_eq!(application_name("arn:aws:states:eu-central-1:1:execution:machine:run-7"), "lockstep run-7");
        assert!(application_name(&"x".repeat(80)).len() <= 63);
    }
}
