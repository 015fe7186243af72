//! What can be known before anything is planned: may we migrate here, and would somebody be in the way?

use std::collections::BTreeSet;

use sqlx::Row as _;

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
    let schemas = BTreeSet::from(statements.schemas());
    for schema in &schemas {
        // Without it, asking for a table in there is an error already.
        check_schema(session, schema, &target.user, "USAGE").await?;
    }
    let mut warnings = Vec::new();
    if session.value::<bool>("looking for the ledger", &statements.exists()).await? {
        warnings.extend(check_may_record(session, &statements, &target.user).await?);
        if session.value::<bool>("looking at the ledger", &statements.is_unlogged()).await? {
            return Err(statements.unlogged());
        }
    } else {
        for schema in &schemas {
            check_schema(session, schema, &target.user, "CREATE").await?;
        }
    }

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

/// An error unless the role may record in the ledger. Gives a warning if it may not forget there.
async fn check_may_record(session: &mut Session, statements: &Statements, user: &str) -> Result<Option<String>> {
    let doing = "looking at the role's privileges";
    let rows = session.rows(doing, &statements.may()).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound);
    let found = row.and_then(|row| Ok((row.try_get::<bool, _>(0)?, row.try_get::<bool, _>(1)?)));
    let (may_record, may_forget) = found.map_err(|error| session.error(doing, &error))?;
    let (table, role) = (statements.table(), identifier(user));
    if !may_record {
        return Err(Error::Config {
            name: "the database role".into(),
            reason: format!(
                "{user} may not write to the ledger; run: GRANT SELECT, INSERT, UPDATE ON {table} TO {role}"
            ),
        });
    }
    Ok((!may_forget).then(|| {
        format!(
            "{user} may not delete from the ledger, which is needed where a statement that cannot run in a transaction \
             is refused: its row would stay unfinished; run: GRANT DELETE ON {table} TO {role}"
        )
    }))
}

/// An error unless the role has this right on the schema, or may make it.
async fn check_schema(session: &mut Session, schema: &str, user: &str, right: &str) -> Result<()> {
    let sql = format!(
        "SELECT coalesce(pg_catalog.has_schema_privilege(n.oid, '{right}'), \
         pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')), n.oid IS NOT NULL \
         FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = {}",
        literal(schema),
    );
    let doing = "looking at the role's privileges";
    let rows = session.rows(doing, &sql).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound);
    let found = row.and_then(|row| Ok((row.try_get::<bool, _>(0)?, row.try_get::<bool, _>(1)?)));
    let (may, exists) = found.map_err(|error| session.error(doing, &error))?;
    if may {
        return Ok(());
    }
    let role = identifier(user);
    let reason = if exists {
        let schema = identifier(schema);
        format!("{user} lacks the right {right}; run: GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}")
    } else {
        let database = identifier(&session.target().database);
        format!(
            "there is no schema {schema}, and {user} may not make it; run: GRANT CREATE ON DATABASE {database} TO {role}"
        )
    };
    Err(Error::Config { name: "the database role".into(), reason })
}
