//! A script's session is as the tool's own would be on this database.
//!
//! The driver's start-up sets `TimeZone` and `DateStyle`, which sqlx's own runner has in common with us and Prisma's has
//! not: there the role's and the database's own settings hold. A start-up parameter cannot be left out, so these are set
//! again in the session.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::Target;
use crate::history::Format;
use crate::quote::{identifier, literal};

/// Two columns: the schemas of the search path that the session was opened with, and the path as it is written. To be run
/// before that is changed.
pub(super) const PATH: &str = "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[], \
                               pg_catalog.current_setting('search_path')";

/// What the role and the database set of what we set ourselves: a row of three columns, null where they do not.
///
/// The closest of them counts: for the role in this database, for the role, for the database, for all roles.
pub(super) const QUERY: &str = "\
    SELECT pg_catalog.max(value) FILTER (WHERE name = 'timezone'), pg_catalog.max(value) FILTER (WHERE name = 'datestyle'), \
           pg_catalog.max(value) FILTER (WHERE name = 'standard_conforming_strings') \
    FROM (SELECT DISTINCT ON (pg_catalog.lower(pg_catalog.split_part(setting, '=', 1))) \
                 pg_catalog.lower(pg_catalog.split_part(setting, '=', 1)) AS name, \
                 pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1) AS value \
          FROM pg_catalog.pg_db_role_setting s CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS setting \
          WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) \
          AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)) \
          ORDER BY pg_catalog.lower(pg_catalog.split_part(setting, '=', 1)), s.setrole = 0, s.setdatabase = 0) AS closest";

/// What a script's session has.
pub(super) struct Settings {
    /// What sets it, a statement each.
    pub(super) statements: Vec<String>,
    /// The schemas in which names are looked for.
    pub(super) path: Vec<String>,
    /// How it differs from the tool's own session.
    pub(super) differences: Vec<String>,
    /// Whether its time zone is certainly that of the tool's own session.
    pub(super) knows_time_zone: bool,
}

/// The search path to open a session with, where the role's own would have scripts make their tables in another schema than
/// the one that was chosen.
pub(super) fn path_to_set(target: &Target, path: &PgRow) -> Option<(&'static str, String)> {
    let schemas: Vec<String> = path.try_get(0).ok()?;
    let fits = schemas.first() == Some(&target.schema);
    let own = identifier(&target.schema);
    let is_set = path.try_get::<&str, _>(1).ok()? == own;
    (target.tool == Format::Sqlx && !fits && !is_set).then_some(("search_path", own))
}

/// Reads what [`PATH`] and [`QUERY`] told. `tools_path` is the search path that the tool's own session would have, where
/// [`path_to_set`] set another.
pub(super) fn read(
    target: &Target,
    path: &PgRow,
    own: &PgRow,
    tools_path: Option<&str>,
) -> Result<Settings, sqlx::Error> {
    let [time_zone, date_style, strings]: [Option<String>; 3] = [own.try_get(0)?, own.try_get(1)?, own.try_get(2)?];
    let mut settings = Settings {
        statements: Vec::new(),
        path: path.try_get(0)?,
        differences: Vec::new(),
        // The server's own configuration is hidden behind what the driver sets.
        knows_time_zone: target.tool == Format::Sqlx || time_zone.is_some(),
    };
    if let Some(path) = tools_path {
        settings.differences.push(format!(
            "Scripts run with search_path = {}; sqlx itself would run them with {path}, which begins with another schema",
            identifier(&target.schema)
        ));
    }
    if settings.path.first() != Some(&target.schema) {
        // It is not there yet, or the role may not use it yet.
        settings.path.insert(0, target.schema.clone());
    }
    if target.tool == Format::Prisma {
        for (name, value) in [("TimeZone", time_zone), ("DateStyle", date_style)] {
            settings.statements.extend(value.map(|value| format!("SET {name} = {}", literal(&value))));
        }
    }
    if strings.is_some_and(|value| value.eq_ignore_ascii_case("off")) {
        settings.differences.push(format!(
            "The role or the database sets standard_conforming_strings = off, and scripts run with it on: a backslash in a \
             plain string stands for itself here, where {} reads an escape",
            target.tool.tool()
        ));
    }
    Ok(settings)
}
