//! What can be known before anything is planned: may we migrate here, and would somebody be in the way?

use crate::history::Format;
use crate::ledger::Statements;
use crate::quote::{identifier, literal};
use crate::session::{Session, Tls};
use crate::{Error, Result, lock};

/// What a preflight found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// PostgreSQL's version, as it writes it.
    pub server_version: String,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// Whether the connection is encrypted and the server's name verified.
    pub tls: bool,
    /// What a person should know though it stops nothing.
    pub warnings: Vec<String>,
}

/// Looks, and changes nothing. `format` says whose ledger and lock it is about.
///
/// # Errors
///
/// [`Error::ReadOnly`] on a replica; [`Error::Config`] when the role cannot make the ledger; the
/// connection's errors by cause.
pub async fn preflight(session: &mut Session, format: Format) -> Result<Report> {
    session.check_writable()?;
    let target = session.target().clone();
    let statements = Statements::new(&target, format);
    if session.value::<bool>("looking for the ledger", &statements.exists()).await? {
        check_may_record(session, &statements, &target.user).await?;
    } else {
        check_may_create(session, statements.ledger_schema(), &target.user).await?;
    }

    let mut warnings = Vec::new();
    if let Some(holder) = lock::holder(session, &statements).await? {
        warnings.push(format!("another session holds the migration lock: {holder}"));
    }
    let prepared = "SELECT count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()";
    let prepared: i64 = session.value("looking for prepared transactions", prepared).await?;
    if prepared > 0 {
        warnings.push(format!("{prepared} prepared transaction(s) keep their locks until somebody decides them"));
    }
    let long = "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() \
                AND xact_start < pg_catalog.now() - interval '1 minute'";
    let long: i64 = session.value("looking for long transactions", long).await?;
    if long > 0 {
        warnings.push(format!("{long} session(s) have been in a transaction for over a minute and may hold locks"));
    }
    Ok(Report {
        server_version: session.facts().version.clone(),
        database: target.database,
        user: target.user,
        tls: matches!(target.tls, Tls::VerifyFull(_)),
        warnings,
    })
}

async fn check_may_record(session: &mut Session, statements: &Statements, user: &str) -> Result<()> {
    if session.value::<bool>("looking at the role's privileges", &statements.is_writable()).await? {
        return Ok(());
    }
    Err(Error::Config {
        name: "the database role".into(),
        reason: format!(
            "{user} may not write to the ledger; run: GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}",
            statements.table(),
            identifier(user)
        ),
    })
}

async fn check_may_create(session: &mut Session, schema: &str, user: &str) -> Result<()> {
    let sql = format!(
        "SELECT CASE WHEN pg_catalog.to_regnamespace({quoted}) IS NULL \
         THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') \
         ELSE pg_catalog.has_schema_privilege({name}, 'CREATE') END",
        quoted = literal(&identifier(schema)),
        name = literal(schema),
    );
    if session.value::<bool>("looking at the role's privileges", &sql).await? {
        return Ok(());
    }
    Err(Error::Config {
        name: "the database role".into(),
        reason: format!(
            "{user} may not create tables in schema {schema}; run: GRANT USAGE, CREATE ON SCHEMA {} TO {}",
            identifier(schema),
            identifier(user)
        ),
    })
}
