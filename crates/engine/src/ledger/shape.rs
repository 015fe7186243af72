//! Explains why a ledger could not be read.

use super::statements::Statements;
use crate::history::Format;
use crate::quote::literal;
use crate::session::Session;
use crate::{Error, Result};

/// A column as the tool creates it: its name, its type, and the other types that can be read as well.
type Column = (&'static str, &'static str, &'static [&'static str]);

const TEXTS: &[&str] = &["varchar", "text", "bpchar", "citext", "name"];
const TIMES: &[&str] = &["timestamptz", "timestamp"];

const PRISMA: [Column; 8] = [
    ("id", "character varying(36)", TEXTS),
    ("checksum", "character varying(64)", TEXTS),
    ("finished_at", "timestamp with time zone", TIMES),
    ("migration_name", "character varying(255)", TEXTS),
    ("logs", "text", TEXTS),
    ("rolled_back_at", "timestamp with time zone", TIMES),
    ("started_at", "timestamp with time zone", TIMES),
    ("applied_steps_count", "integer", &["int4", "int8", "int2"]),
];

const SQLX: [Column; 6] = [
    ("version", "bigint", &["int8"]),
    ("description", "text", TEXTS),
    ("installed_on", "timestamp with time zone", TIMES),
    ("success", "boolean", &["bool"]),
    ("checksum", "bytea", &["bytea"]),
    ("execution_time", "bigint", &["int8", "int4"]),
];

/// Returns an error that lists the columns that are missing or of another type. Returns `error` itself if there are
/// none, or if it has a variant of its own.
pub(super) async fn explain(session: &mut Session, statements: &Statements, error: Error) -> Result<Error> {
    if !matches!(error, Error::Query { .. }) {
        return Ok(error);
    }
    let columns: &[Column] = match statements.format {
        Format::Prisma => &PRISMA,
        Format::Sqlx => &SQLX,
    };
    let sql = format!(
        "SELECT pg_catalog.concat_ws(' ', a.attname, t.typname, pg_catalog.format_type(a.atttypid, a.atttypmod)) \
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         WHERE a.attrelid = pg_catalog.to_regclass({}) AND a.attnum > 0 AND NOT a.attisdropped",
        literal(statements.table())
    );
    let found = session.values::<String>("looking at the ledger's columns", &sql).await?;
    let odd: Vec<_> = columns.iter().filter_map(|column| odd(column, &found)).collect();
    if found.is_empty() || odd.is_empty() {
        return Ok(error);
    }
    let reason = format!(
        "{} cannot be read as a ledger: {}. Give the table the columns that the tool makes",
        statements.table(),
        odd.join("; ")
    );
    Ok(Error::Config { name: "the ledger".into(), reason })
}

/// Returns what is wrong with one column, given the table's column names, the names of their types, and the types in
/// full.
fn odd((name, of_the_tool, readable): &Column, found: &[String]) -> Option<String> {
    let has = found.iter().find_map(|column| column.strip_prefix(name)?.strip_prefix(' ')?.split_once(' '));
    match has {
        None => Some(format!("it has no column {name}, which is of type {of_the_tool}")),
        Some((short, _)) if readable.contains(&short) => None,
        Some((_, full)) => Some(format!("its column {name} is of type {full}, and should be {of_the_tool}")),
    }
}
