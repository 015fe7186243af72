//! Checks what can be known before planning: whether the role may migrate here, and whether another session is in the
//! way.

use std::collections::BTreeSet;

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::history::Format;
use crate::ledger::{self, Statements};
use crate::name::quoted;
use crate::quote::{identifier, literal};
use crate::session::Session;
use crate::{Error, Result, lock};

/// The findings of a preflight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreflightFindings {
    /// PostgreSQL's version, in the server's own format.
    pub server_version: String,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// Whether the connection is encrypted and the server's name is verified.
    pub tls: bool,
    /// Warnings, which stop nothing.
    pub warnings: Vec<String>,
}

/// Asks the server what would stop a migration, and changes nothing. `format` decides whose ledger and lock to look at.
///
/// # Errors
///
/// [`Error::ReadOnly`] on a replica; [`Error::Config`] when the role cannot create the ledger; the connection's errors
/// by cause.
pub async fn preflight(session: &mut Session, format: Format) -> Result<PreflightFindings> {
    session.check_writable()?;
    let target = session.target().clone();
    let statements = Statements::new(&target, format);
    let schemas = BTreeSet::from(statements.schemas());
    for schema in &schemas {
        // Without the right to use the schema, even asking for a table in it is an error.
        check_schema(session, schema, "USAGE").await?;
    }
    let mut warnings = Vec::new();
    if session.value::<bool>("looking for the ledger", &statements.exists()).await? {
        ledger::check_owner(session, &statements).await?;
        warnings.extend(check_may_record(session, &statements).await?);
        if session.value::<bool>("looking at the ledger", &statements.is_unlogged()).await? {
            return Err(statements.unlogged());
        }
    } else {
        for schema in &schemas {
            check_schema(session, schema, "CREATE").await?;
        }
    }

    if let Some(holder) = lock::holder(session, &statements).await? {
        warnings.push(format!("another session holds the migration lock: {holder}"));
    }
    let prepared = "SELECT count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()";
    let prepared: i64 = session.value("looking for prepared transactions", prepared).await?;
    if prepared > 0 {
        warnings.push(format!(
            "{prepared} prepared transaction(s) keep their locks until COMMIT PREPARED or ROLLBACK PREPARED ends them"
        ));
    }
    let long = "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() \
                AND xact_start < pg_catalog.now() - interval '1 minute'";
    let long: i64 = session.value("looking for long transactions", long).await?;
    if long > 0 {
        warnings.push(format!("{long} session(s) have been in a transaction for over a minute and may hold locks"));
    }
    warnings.extend(unseen(session).await?);
    warnings.extend(creators(session, &schemas).await?);
    Ok(PreflightFindings {
        server_version: session.facts().version.clone(),
        database: target.database,
        user: target.user,
        tls: target.tls.is_verified(),
        warnings,
    })
}

/// The maximum number of roles that a warning names.
const NAMED: usize = 5;

/// Returns a warning of the transactions whose beginning the server hides from our role.
async fn unseen(session: &mut Session) -> Result<Option<String>> {
    let doing = "looking for transactions of other roles";
    let rows = session.rows(doing, UNSEEN).await?;
    let read = |row: &PgRow| Ok((row.try_get::<String, _>(0)?, row.try_get::<i64, _>(1)?));
    let found: Vec<_> =
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(|error| session.error(doing, &error))?;
    if found.is_empty() {
        return Ok(None);
    }
    let sessions: i64 = found.iter().map(|(_, sessions)| sessions).sum();
    let named: Vec<_> =
        found.iter().take(NAMED).map(|(role, sessions)| format!("{} ({sessions})", quoted(role))).collect();
    let more = found.len().saturating_sub(NAMED);
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    let (named, user) = (named.join(", "), quoted(session.role()));
    Ok(Some(format!(
        "{sessions} session(s) of other roles are in a transaction, and {user} may not see for how long: of {named}{others}. \
         They may hold locks for long; to see it, run: GRANT pg_read_all_stats TO {user}"
    )))
}

/// Returns a query: how many sessions of each role are in a transaction that the server hides, the most first. The
/// server hides the kind of the process too. Every role sees a transaction's lock on itself; an idle session has none.
const UNSEEN: &str = "\
    SELECT a.usename::text, count(*) FROM pg_catalog.pg_stat_activity a \
    WHERE a.datname = pg_catalog.current_database() AND a.usename IS NOT NULL AND a.backend_type IS NULL \
    AND a.pid IN (SELECT l.pid FROM pg_catalog.pg_locks l \
        WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted) \
    GROUP BY 1 ORDER BY 2 DESC, 1";

/// Warns of other roles that may create objects where scripts look for names: in `schemas`, and in those of the search
/// path.
///
/// Roles that may do anything are left out: superusers, RDS's own, and a role that owns the schema together with ours.
async fn creators(session: &mut Session, schemas: &BTreeSet<&str>) -> Result<Vec<String>> {
    let own = session.path().iter().map(String::as_str);
    let names: BTreeSet<String> = schemas.iter().copied().chain(own).map(literal).collect();
    let names: Vec<String> = names.into_iter().collect();
    let sql = CREATORS.replace("$schemas", &names.join(", "));
    let doing = "looking for the roles that may create objects";
    let rows = session.rows(doing, &sql).await?;
    let read = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let found: Vec<(String, Option<String>, bool)> =
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(|error| session.error(doing, &error))?;
    let user = session.role();
    Ok(found.chunk_by(|one, other| one.0 == other.0).flat_map(|of_schema| warnings(of_schema, user)).collect())
}

/// Returns the warnings for one schema's rows. A row has the schema's name, a role (or none for every role), and
/// whether the role owns the schema.
fn warnings(rows: &[(String, Option<String>, bool)], user: &str) -> Vec<String> {
    const RISK: &str = "so that a script can run another role's function or operator; run:";
    let Some((schema, ..)) = rows.first() else { return Vec::new() };
    let schema = quoted(schema);
    let mut warnings = Vec::new();
    let (mut granted, mut by_every_role) = (Vec::new(), false);
    for (_, role, owns) in rows {
        match (role, owns) {
            (None, _) => by_every_role = true,
            (Some(role), true) => warnings.push(format!(
                "schema {schema}: its owner {} may create objects in it, {RISK} ALTER SCHEMA {schema} OWNER TO {}",
                quoted(role),
                quoted(user)
            )),
            (Some(role), false) => granted.push(quoted(role)),
        }
    }
    if by_every_role {
        let revoke = format!("REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC");
        warnings.push(format!("schema {schema}: every role may create objects in it, {RISK} {revoke}"));
    } else if !granted.is_empty() {
        let more = granted.len().saturating_sub(NAMED);
        granted.truncate(NAMED);
        let named = granted.join(", ");
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        let revoke = format!("REVOKE CREATE ON SCHEMA {schema} FROM {named}");
        warnings.push(format!("schema {schema}: {named}{others} may create objects in it, {RISK} {revoke}"));
    }
    warnings
}

/// `pg_database_owner` has one member, the owner of the database, which is listed in its place.
const CREATORS: &str = "\
    WITH schemas AS ( \
        SELECT n.nspname, n.nspacl, CASE n.nspowner WHEN o.oid THEN d.datdba ELSE n.nspowner END AS owner, o.oid AS implied, d.datdba \
        FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database() \
        LEFT JOIN pg_catalog.pg_roles o ON o.rolname = 'pg_database_owner' WHERE n.nspname IN ($schemas) \
    ), creators AS ( \
        SELECT nspname, owner, owner AS role FROM schemas \
        UNION SELECT s.nspname, s.owner, CASE a.grantee WHEN s.implied THEN s.datdba ELSE a.grantee END \
        FROM schemas s CROSS JOIN LATERAL pg_catalog.aclexplode(s.nspacl) a WHERE a.privilege_type = 'CREATE' \
    ) \
    SELECT c.nspname::text, r.rolname::text, c.role = c.owner FROM creators c LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.role \
    WHERE c.role = 0 OR r.oid IS NOT NULL AND NOT ( \
        r.rolsuper OR pg_catalog.pg_has_role(r.oid, 'USAGE') \
        OR r.oid <> c.owner AND pg_catalog.pg_has_role(r.oid, c.owner, 'USAGE') \
        OR EXISTS (SELECT FROM pg_catalog.pg_roles a WHERE a.rolname = 'rds_superuser' AND pg_catalog.pg_has_role(r.oid, a.oid, 'MEMBER')) \
    ) ORDER BY 1, 2";

/// Returns an error unless the role may record in the ledger. Returns a warning if the role may not delete rows there.
async fn check_may_record(session: &mut Session, statements: &Statements) -> Result<Option<String>> {
    let doing = "looking at the role's privileges";
    let rows = session.rows(doing, &statements.may()).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound);
    let found = row.and_then(|row| Ok((row.try_get::<bool, _>(0)?, row.try_get::<bool, _>(1)?)));
    let (may_record, may_forget) = found.map_err(|error| session.error(doing, &error))?;
    let user = session.role();
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

/// Returns an error unless the role has this right on the schema, or may create the schema.
async fn check_schema(session: &mut Session, schema: &str, right: &str) -> Result<()> {
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
    let user = session.role();
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
