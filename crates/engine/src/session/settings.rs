//! Gives a script's session the settings that the tool's own session would have on this database.
//!
//! The driver's start-up sets `TimeZone` and `DateStyle`. sqlx's own runner has the same start-up. Prisma's has not:
//! there the settings of the role and the database hold. A start-up parameter cannot be left out, so these settings are
//! restored in the session.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::Target;
use crate::history::Format;
use crate::quote::{identifier, literal};

/// Two columns: the schemas of the search path with which the session was opened, and the path's text. To be run before
/// the path is changed.
pub(super) const PATH: &str = "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[], \
                               pg_catalog.current_setting('search_path')";

/// The role's and the database's own values of the settings that we set: a row of three columns, null where they have
/// none.
///
/// The most specific value counts: for the role in this database, for the role, for the database, for all roles.
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

/// The settings of a script's session.
pub(super) struct Settings {
    /// The statements that set them.
    pub(super) statements: Vec<String>,
    /// The schemas in which names are looked up.
    pub(super) path: Vec<String>,
    /// How the session differs from the tool's own, a sentence each.
    pub(super) differences: Vec<String>,
    /// Whether its time zone is certainly that of the tool's own session.
    pub(super) knows_time_zone: bool,
}

/// Returns the search path to open a session with, if along the role's own path scripts would make their tables in
/// another schema than the chosen one.
pub(super) fn path_to_set(target: &Target, path: &PgRow) -> Option<(&'static str, String)> {
    let schemas: Vec<String> = path.try_get(0).ok()?;
    let fits = schemas.first() == Some(&target.schema);
    let own = identifier(&target.schema);
    let is_set = path.try_get::<&str, _>(1).ok()? == own;
    (target.tool == Format::Sqlx && !fits && !is_set).then_some(("search_path", own))
}

/// Reads the answers to [`PATH`] and [`QUERY`]. `tools_path` is the search path of the tool's own session, if
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
        // The driver's settings hide those of the server's own configuration.
        knows_time_zone: target.tool == Format::Sqlx || time_zone.is_some(),
    };
    if let Some(path) = tools_path {
        settings.differences.push(format!(
            "Scripts run with search_path = {}; sqlx itself would run them with {path}, which begins with another schema",
            identifier(&target.schema)
        ));
    }
    if settings.path.first() != Some(&target.schema) {
        // The schema does not exist yet, or the role may not use it yet.
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
