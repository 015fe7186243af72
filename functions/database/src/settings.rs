//! The settings of the functions that reach the database.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use engine::ledger::TableName;
use engine::plan::OnDivergence;
use shared::{Failure, config};

/// RDS's own root certificates, for every Region of the partition `aws`. In other partitions RDS has others, which a
/// stack names by `DATABASE_CA_FILE`.
pub const RDS_ROOTS: &[u8] = include_bytes!("../rds-global-bundle.pem");

/// sqlx's default name for its ledger.
const SQLX_TABLE: &str = "_sqlx_migrations";

/// The directory of the layer's migrations. Other layers put their files into `/opt` itself.
const LAYER_DIRECTORY: &str = "/opt/migrations";

/// The settings, read once from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `DATABASE_SECRET_ARN`.
    pub secret_arn: String,
    /// `DATABASE_NAME`, which takes precedence over the secret and the instance.
    pub database_name: Option<String>,
    /// `DATABASE_SCHEMA`.
    pub schema: String,
    /// `LOCK_TIMEOUT_MS`: how long a statement waits for a table lock.
    pub lock_timeout: Duration,
    /// `SQLX_TABLE`: the name of sqlx's ledger.
    pub sqlx_table: TableName,
    /// `DIVERGENCE`: what to do where ledger and directory disagree.
    pub divergence: OnDivergence,
    /// The root certificates to trust, in PEM; `None` for no TLS.
    pub roots: Option<Vec<u8>>,
    /// `MIGRATIONS_DIR`: where the migrations are.
    pub migrations: PathBuf,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// `Config.Invalid`, naming the variable.
    pub fn from_env() -> Result<Self, Failure> {
        let milliseconds = config::required(config::LOCK_TIMEOUT_MS)?;
        let milliseconds =
            milliseconds.parse().ok().filter(|milliseconds| *milliseconds > 0).ok_or_else(|| {
                Failure::config("LockTimeoutMs (LOCK_TIMEOUT_MS)", "give whole milliseconds, 1 or more")
            })?;
        Ok(Self {
            secret_arn: config::required(config::DATABASE_SECRET_ARN)?,
            database_name: config::optional(config::DATABASE_NAME),
            schema: config::required(config::DATABASE_SCHEMA)?,
            lock_timeout: Duration::from_millis(milliseconds),
            sqlx_table: config::optional(config::SQLX_TABLE)
                .as_deref()
                .unwrap_or(SQLX_TABLE)
                .parse()
                .map_err(|reason| Failure::config("SqlxTable (SQLX_TABLE)", reason))?,
            divergence: divergence()?,
            roots: roots()?,
            migrations: config::optional(config::MIGRATIONS_DIR).unwrap_or_else(|| LAYER_DIRECTORY.into()).into(),
        })
    }
}

fn divergence() -> Result<OnDivergence, Failure> {
    match config::optional(config::DIVERGENCE).as_deref() {
        None | Some("as-tool") => Ok(OnDivergence::AsTool),
        Some("strict") => Ok(OnDivergence::Strict),
        Some(_) => Err(Failure::config("Divergence (DIVERGENCE)", "give \"as-tool\" or \"strict\"")),
    }
}

fn roots() -> Result<Option<Vec<u8>>, Failure> {
    match config::optional(config::DATABASE_TLS).as_deref() {
        Some("disable") => return Ok(None),
        None | Some("verify-full") => {}
        Some(_) => return Err(Failure::config(config::DATABASE_TLS, "give \"verify-full\" or \"disable\"")),
    }
    match config::optional(config::DATABASE_CA_FILE) {
        None => Ok(Some(RDS_ROOTS.to_vec())),
        Some(file) => fs::read(&file).map(Some).map_err(|error| {
            Failure::config("DatabaseCaFile (DATABASE_CA_FILE)", format!("cannot read {file}: {error}"))
        }),
    }
}
