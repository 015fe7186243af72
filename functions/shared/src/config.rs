//! Environment variables. The constants name what the template has to set; the template's tests compare the two.

use std::env;

use crate::Failure;

/// The project's name, the prefix of every resource's name.
pub const PROJECT: &str = "PROJECT";
/// The environment: dev, qa or prod.
pub const ENVIRONMENT: &str = "ENVIRONMENT";
/// The ARN of the secret with the database's user and password.
pub const DATABASE_SECRET_ARN: &str = "DATABASE_SECRET_ARN";
/// The schema of the ledger and of every script's search path.
pub const DATABASE_SCHEMA: &str = "DATABASE_SCHEMA";
/// How long a statement waits for a table lock, in milliseconds.
pub const LOCK_TIMEOUT_MS: &str = "LOCK_TIMEOUT_MS";
/// The name of sqlx's ledger, for a history in sqlx's layout.
pub const SQLX_TABLE: &str = "SQLX_TABLE";
/// `as-tool` or `strict`: what to do where ledger and directory disagree.
pub const DIVERGENCE: &str = "DIVERGENCE";
/// The database's name, which takes precedence over the secret and the instance. Optional.
pub const DATABASE_NAME: &str = "DATABASE_NAME";
/// A PEM file of root certificates, instead of RDS's own. Optional.
pub const DATABASE_CA_FILE: &str = "DATABASE_CA_FILE";
/// The bucket that reports are written to, and bundles are read from.
pub const REPORTS_BUCKET: &str = "REPORTS_BUCKET";
/// The topic to publish to.
pub const TOPIC_ARN: &str = "TOPIC_ARN";
/// The state machine whose executions `approve` may decide.
pub const STATE_MACHINE_NAME: &str = "STATE_MACHINE_NAME";
/// The names of the roles whose sessions may reject, but not approve, separated by commas. Optional.
pub const REJECT_ONLY_ROLES: &str = "REJECT_ONLY_ROLES";

/// The directory of the migrations. The template does not set it: the layer's are in `/opt/migrations`.
pub const MIGRATIONS_DIR: &str = "MIGRATIONS_DIR";
/// `disable` for a database without TLS. The template does not set it, so that no stack can.
pub const DATABASE_TLS: &str = "DATABASE_TLS";

/// What the template sets for `preflight`, `plan` and `apply`.
pub const DATABASE_VARIABLES: &[&str] = &[
    PROJECT,
    ENVIRONMENT,
    DATABASE_SECRET_ARN,
    DATABASE_SCHEMA,
    LOCK_TIMEOUT_MS,
    DATABASE_NAME,
    DATABASE_CA_FILE,
    SQLX_TABLE,
    DIVERGENCE,
    REPORTS_BUCKET,
];
/// What the template sets for `notify`.
pub const NOTIFY_VARIABLES: &[&str] = &[PROJECT, ENVIRONMENT, TOPIC_ARN];
/// What the template sets for `approve`.
pub const APPROVE_VARIABLES: &[&str] = &[PROJECT, ENVIRONMENT, STATE_MACHINE_NAME, REJECT_ONLY_ROLES];

/// Returns the value of the variable `name`.
///
/// # Errors
///
/// `Config.Invalid` when it is missing or empty.
pub fn required(name: &str) -> Result<String, Failure> {
    optional(name).ok_or_else(|| Failure::config(name, "this environment variable is not set"))
}

/// Returns the value of the variable `name`, if it is set and not empty.
pub fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
