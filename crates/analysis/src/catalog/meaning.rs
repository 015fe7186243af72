//! What the names in scripts mean in this session, and which other relations are related to those.

use std::collections::BTreeMap;

use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row as _};

use super::Named;
use super::ask::{ask, asked, relation_is_visible, texts};
use super::details::VIEWS;
use super::objects::{self, Objects, found};
use crate::name::Name;

/// The meaning of names.
pub(super) struct Meaning {
    /// The server's version.
    pub(super) version: u32,
    /// The schema of a new relation whose name has no schema.
    pub(super) schema: String,
    /// Whether the database is still empty.
    pub(super) is_empty: bool,
    /// Whether the session's time zone is UTC, so that a timestamp is the same with a zone and without.
    pub(super) is_utc: bool,
    /// The size of a page in bytes.
    pub(super) page: u64,
    /// The relations, by the names that stand for them.
    pub(super) relations: BTreeMap<Name, Oid>,
    /// Those relations, and all related ones, with their indexes.
    pub(super) all: Vec<Oid>,
    /// Functions, types and schemas.
    pub(super) objects: Objects,
}

/// Asks for the meaning of `named`, in one round trip.
pub(super) async fn resolve(connection: &mut PgConnection, named: &Named) -> Result<Meaning, sqlx::Error> {
    let of_relations: Vec<Name> = named.relations.iter().cloned().collect();
    let queries: Vec<String> =
        [server(), relations(&of_relations)].into_iter().chain(objects::queries(named)).collect();
    let answers = ask(connection, &queries).await?;
    let [server, relations, objects @ ..] = &answers[..] else { return Err(sqlx::Error::RowNotFound) };
    let server = server.first().ok_or(sqlx::Error::RowNotFound)?;
    let mut meaning = Meaning {
        version: server.try_get::<i32, _>("version")?.unsigned_abs(),
        schema: server.try_get("schema")?,
        is_empty: server.try_get("is_empty")?,
        is_utc: server.try_get("is_utc")?,
        page: server.try_get::<i32, _>("page")?.unsigned_abs().into(),
        relations: BTreeMap::new(),
        all: Vec::new(),
        objects: objects::read(named, objects)?,
    };
    for row in relations {
        let oid = row.try_get("oid")?;
        match row.try_get::<Option<i64>, _>("number")? {
            Some(number) => meaning.relations.extend(name_of(&of_relations, number).map(|name| (name, oid))),
            None => meaning.all.push(oid),
        }
    }
    Ok(meaning)
}

fn name_of(names: &[Name], number: i64) -> Option<Name> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    names.get(index).cloned()
}

fn server() -> String {
    // The system's own objects have numbers below 16384.
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
                pg_catalog.upper(pg_catalog.current_setting('TimeZone')) IN ('UTC', 'GMT', 'ETC/UTC', 'ETC/GMT') AS is_utc, \
                NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE {} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
                            AND c.relpersistence <> 't' AND c.relname <> ALL ({})) \
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE {}) AS is_empty",
        is_ours("c", "pg_class"),
        texts(LEDGERS.map(Some)),
        is_ours("p", "pg_proc")
    )
}

/// The tools' names for their ledgers.
pub(crate) const LEDGERS: [&str; 2] = ["_prisma_migrations", "_sqlx_migrations"];

/// Returns a query for the requested relations, with their number; and without a number, once each:
/// - their tables, if they are indexes,
/// - the tables that inherit from those, or from what they read if they are views, or that refer to them by a foreign
///   key, and so on: TRUNCATE ... CASCADE empties all of these, and a deleted row is looked up there,
/// - the tables to which they refer, and the table of which they are partitions, with its other partitions: the default
///   partition is read when another is made, and sizes are sums,
/// - the tables that views read in the end, through any views in between, with all their partitions,
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
