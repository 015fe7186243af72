//! What the names that scripts use mean in this session, and which other relations belong to the matter.

use std::collections::BTreeMap;

use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row as _};

use super::ask::{ask, asked, function_is_visible, relation_is_visible, type_is_visible};
use super::details::VIEWS;
use super::{Function, TypeFacts};
use crate::name::Name;

/// What names mean.
pub(super) struct Meaning {
    /// The server's version.
    pub(super) version: u32,
    /// Where a relation is made whose name has no schema.
    pub(super) schema: String,
    /// Whether the database holds nothing yet.
    pub(super) is_empty: bool,
    /// The size of a page in bytes.
    pub(super) page: u64,
    /// The relations that names stand for.
    pub(super) relations: BTreeMap<Name, Oid>,
    /// Those relations and all that have to be known with them, their indexes included.
    pub(super) all: Vec<Oid>,
    /// The worst function by name.
    pub(super) functions: BTreeMap<Name, Function>,
    /// Types by name.
    pub(super) types: BTreeMap<Name, TypeFacts>,
}

/// Asks in one round trip.
pub(super) async fn resolve(
    connection: &mut PgConnection,
    names: &[Name],
    functions: &[Name],
    types: &[Name],
) -> Result<Meaning, sqlx::Error> {
    let queries = [server(), relations(names), volatilities(functions), domains(types)];
    let answers = ask(connection, &queries).await?;
    let [server, relations, volatilities, domains] = &answers[..] else { return Err(sqlx::Error::RowNotFound) };
    let server = server.first().ok_or(sqlx::Error::RowNotFound)?;
    let mut meaning = Meaning {
        version: server.try_get::<i32, _>("version")?.unsigned_abs(),
        schema: server.try_get("schema")?,
        is_empty: server.try_get("is_empty")?,
        page: server.try_get::<i32, _>("page")?.unsigned_abs().into(),
        relations: BTreeMap::new(),
        all: Vec::new(),
        functions: BTreeMap::new(),
        types: BTreeMap::new(),
    };
    for row in relations {
        let oid = row.try_get("oid")?;
        match row.try_get::<Option<i64>, _>("number")? {
            Some(number) => meaning.relations.extend(name_of(names, number).map(|name| (name, oid))),
            None => meaning.all.push(oid),
        }
    }
    for row in volatilities {
        let volatility = match row.try_get::<i32, _>("rank")? {
            0 => 'i',
            1 => 's',
            _ => 'v',
        };
        let function = Function { volatility, builtin: row.try_get("builtin")? };
        meaning.functions.extend(name_of(functions, row.try_get("number")?).map(|name| (name, function)));
    }
    for row in domains {
        let facts = TypeFacts { constrained_domain: row.try_get("constrained")? };
        meaning.types.extend(name_of(types, row.try_get("number")?).map(|name| (name, facts)));
    }
    Ok(meaning)
}

fn name_of(names: &[Name], number: i64) -> Option<Name> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    names.get(index).cloned()
}

fn server() -> String {
    // What the system made has a number below 16384.
    let is_ours = |row: &str, catalog: &str| {
        format!(
            "{row}.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = {row}.oid \
             AND d.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass AND d.deptype = 'e')"
        )
    };
    format!(
        "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version, \
                pg_catalog.current_setting('block_size')::pg_catalog.int4 AS page, \
                pg_catalog.current_setting('lockstep.schema') AS schema, \
                NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE {} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
                            AND c.relpersistence <> 't' AND c.relname NOT IN ({LEDGERS})) \
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE {}) AS is_empty",
        is_ours("c", "pg_class"),
        is_ours("p", "pg_proc")
    )
}

/// What the tools call their ledgers.
const LEDGERS: &str = "'_prisma_migrations', '_sqlx_migrations'";

/// A condition on `n`, a namespace, that `asked` is found there: where it is said, or where the session would find it.
/// `to_regclass` would do this too, but fails altogether where the role may not use one of the schemas.
fn found(visible: &str) -> String {
    format!("CASE WHEN asked.schema IS NULL THEN {visible} ELSE n.nspname = asked.schema::pg_catalog.name END")
}

/// The relations asked for, with their number; and without one, once each:
/// - their tables, if they are indexes,
/// - what inherits from those, or from what they read if they are views, or refers to them by a foreign key, and so on:
///   TRUNCATE ... CASCADE takes all of that, and rows that go are looked up there,
/// - what they refer to, and of what they are partitions, with all other partitions of that: the default partition is
///   read when another is made, and sizes are sums,
/// - the tables that views read in the end, whatever views stand between, and those with all their partitions,
/// - the indexes of all these.
fn relations(names: &[Name]) -> String {
    format!(
        "WITH RECURSIVE named AS MATERIALIZED ( \
             SELECT asked.number, c.oid FROM {} \
             JOIN pg_catalog.pg_class c ON c.relname = asked.name::pg_catalog.name \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {} \
         ), edges AS MATERIALIZED ( \
             SELECT inhparent AS origin, inhrelid AS oid FROM pg_catalog.pg_inherits \
             UNION ALL SELECT confrelid, conrelid FROM pg_catalog.pg_constraint WHERE contype = 'f' \
         ), views AS MATERIALIZED ({VIEWS}), \
         seen AS ( \
             SELECT oid FROM named \
             UNION SELECT views.oid FROM seen JOIN views ON views.origin = seen.oid \
         ), reached AS ( \
             SELECT oid FROM seen \
             UNION SELECT i.indrelid FROM named JOIN pg_catalog.pg_index i ON i.indexrelid = named.oid \
             UNION SELECT edges.oid FROM reached JOIN edges ON edges.origin = reached.oid \
         ), linked AS MATERIALIZED ( \
             SELECT oid FROM reached \
             UNION SELECT k.confrelid FROM reached JOIN pg_catalog.pg_constraint k ON k.conrelid = reached.oid \
                   WHERE k.contype = 'f' \
         ), read AS ( \
             SELECT oid FROM reached \
             UNION SELECT views.oid FROM read JOIN views ON views.origin = read.oid \
         ), above AS ( \
             SELECT oid FROM linked UNION SELECT oid FROM read \
             UNION SELECT h.inhparent FROM above JOIN pg_catalog.pg_inherits h ON h.inhrelid = above.oid \
         ), whole AS ( \
             SELECT oid FROM above \
             UNION SELECT h.inhrelid FROM whole JOIN pg_catalog.pg_inherits h ON h.inhparent = whole.oid \
         ) \
         SELECT number, oid FROM named UNION ALL SELECT NULL, oid FROM ( \
             SELECT oid FROM whole \
             UNION SELECT i.indexrelid FROM whole JOIN pg_catalog.pg_index i ON i.indrelid = whole.oid \
         ) AS once",
        asked(names),
        found(&relation_is_visible()),
    )
}

/// Functions, aggregates and procedures alike.
fn volatilities(names: &[Name]) -> String {
    format!(
        "SELECT asked.number, pg_catalog.max(CASE p.provolatile WHEN 'i' THEN 0 WHEN 's' THEN 1 ELSE 2 END) AS rank, \
                pg_catalog.bool_and(n.nspname = 'pg_catalog') AS builtin \
         FROM {} JOIN pg_catalog.pg_proc p ON p.proname = asked.name::pg_catalog.name \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE {} GROUP BY asked.number",
        asked(names),
        found(&function_is_visible()),
    )
}

fn domains(names: &[Name]) -> String {
    format!(
        "SELECT asked.number, EXISTS ( \
             WITH RECURSIVE below AS ( \
                 SELECT t.oid, t.typbasetype, t.typnotnull \
                 UNION ALL SELECT b.oid, b.typbasetype, b.typnotnull \
                 FROM below JOIN pg_catalog.pg_type b ON b.oid = below.typbasetype AND b.typtype = 'd' \
             ) \
             SELECT FROM below WHERE below.typnotnull \
             OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid = below.oid) \
         ) AS constrained \
         FROM {} JOIN pg_catalog.pg_type t ON t.typname = asked.name::pg_catalog.name \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE {}",
        asked(names),
        found(&type_is_visible()),
    )
}
