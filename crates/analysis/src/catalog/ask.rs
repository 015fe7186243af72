//! Several queries in one message of the simple protocol, so that however much is asked takes one round trip.

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::name::Name;

/// How long a query may wait for a lock. What is asked needs none but ACCESS SHARE on the system's catalogs, and those
/// are hardly ever locked against it; what could wait for a table of somebody's is asked by [`ask_leniently`].
const PATIENCE: &str = "2s";

/// The same for what can be done without.
const SHORT_PATIENCE: &str = "50ms";

/// With these a server says that it has no such function, view or column, that the role may not ask, that it is a
/// replica, or that a lock was not to be had.
const REFUSALS: [&str; 8] = ["0A000", "42501", "42703", "42704", "42883", "42P01", "55000", "55P03"];

/// Remembers along which path a script's names are looked for: the session's default. Then nothing but the system's objects
/// is found by the queries themselves. A role that may create objects in another schema could have them found otherwise: an
/// operator that fits better is taken wherever it is.
const PATHS: &str = "\
    SET LOCAL search_path TO DEFAULT; \
    SELECT pg_catalog.set_config('lockstep.path', pg_catalog.current_schemas(true)::pg_catalog.text, true), \
           pg_catalog.set_config('lockstep.schema', coalesce(pg_catalog.current_schema()::pg_catalog.text, ''), true); \
    SET LOCAL search_path = pg_catalog, pg_temp";

/// The schemas of a script's search path, as a table `path` of `schema` and `place`.
const PATH: &str = "pg_catalog.unnest(pg_catalog.current_setting('lockstep.path')::pg_catalog.name[]) \
                    WITH ORDINALITY AS path(schema, place)";

/// A condition that a script would find `c`, a row of `pg_class`, by its bare name.
pub(crate) fn relation_is_visible() -> String {
    is_first("pg_class", "relname", "relnamespace", "c")
}

/// The same of `t`, a row of `pg_type`.
pub(crate) fn type_is_visible() -> String {
    is_first("pg_type", "typname", "typnamespace", "t")
}

/// The same of what is in `n`, a row of `pg_namespace`, for objects of which several can have one name.
pub(crate) fn schema_is_visible() -> String {
    format!("EXISTS (SELECT FROM {PATH} WHERE path.schema = n.nspname)")
}

/// The same of `p`, a row of `pg_proc` in that schema: one of the same arguments may stand before it.
pub(crate) fn function_is_visible() -> String {
    let earlier = PATH.replace("path(", "earlier(");
    format!(
        "EXISTS (SELECT FROM {PATH} WHERE path.schema = n.nspname AND NOT EXISTS ( \
             SELECT FROM {earlier} JOIN pg_catalog.pg_namespace m ON m.nspname = earlier.schema \
             JOIN pg_catalog.pg_proc x ON x.pronamespace = m.oid AND x.proname = p.proname AND x.proargtypes = p.proargtypes \
             WHERE earlier.place < path.place))"
    )
}

fn is_first(catalog: &str, name: &str, namespace: &str, row: &str) -> String {
    format!(
        "{row}.oid = (SELECT x.oid FROM {PATH} JOIN pg_catalog.pg_namespace m ON m.nspname = path.schema \
         JOIN pg_catalog.{catalog} x ON x.{namespace} = m.oid AND x.{name} = {row}.{name} ORDER BY path.place LIMIT 1)"
    )
}

/// The rows of each query.
///
/// What is set for it ends with the message, unless the session is in a transaction of its own.
pub(crate) async fn ask(connection: &mut PgConnection, queries: &[String]) -> Result<Vec<Vec<PgRow>>, sqlx::Error> {
    send(connection, PATIENCE, queries).await
}

/// The same for queries that the server may refuse: all at once and, if it refuses that, each alone. A refused one has
/// no rows.
pub(crate) async fn ask_leniently(
    connection: &mut PgConnection,
    queries: &[String],
) -> Result<Vec<Vec<PgRow>>, sqlx::Error> {
    match send(connection, SHORT_PATIENCE, queries).await {
        Err(error) if is_refusal(&error) => {}
        result => return result,
    }
    let mut answers = Vec::with_capacity(queries.len());
    for query in queries {
        match send(connection, SHORT_PATIENCE, std::slice::from_ref(query)).await {
            Ok(answer) => answers.extend(answer),
            Err(error) if is_refusal(&error) => answers.push(Vec::new()),
            Err(error) => return Err(error),
        }
    }
    Ok(answers)
}

async fn send(
    connection: &mut PgConnection,
    patience: &str,
    queries: &[String],
) -> Result<Vec<Vec<PgRow>>, sqlx::Error> {
    // The rows of all queries come as one list: the number says whose each is.
    let queries = queries.iter().enumerate();
    let numbered = queries.clone().map(|(number, query)| format!("SELECT {number} AS query, q.* FROM ({query}) AS q"));
    // What is estimated of recursive queries would have the server compile these, which takes longer than running them.
    let settings = format!("SET LOCAL lock_timeout = '{patience}'; SET LOCAL jit = off; {PATHS}");
    let message: Vec<String> = std::iter::once(settings).chain(numbered).collect();
    let rows = sqlx::raw_sql(AssertSqlSafe(message.join("; "))).fetch_all(connection).await?;
    let mut answers: Vec<Vec<PgRow>> = queries.map(|_| Vec::new()).collect();
    for row in rows {
        let Ok(number) = row.try_get::<i32, _>("query") else { continue };
        if let Some(answer) = usize::try_from(number).ok().and_then(|number| answers.get_mut(number)) {
            answer.push(row);
        }
    }
    Ok(answers)
}

fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| REFUSALS.contains(&code.as_ref()))
}

/// `values` as an array of text, whatever they contain and whatever `standard_conforming_strings` says.
pub(crate) fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let values: Vec<String> =
        values.into_iter().map(|value| value.map_or_else(|| "NULL".to_owned(), literal)).collect();
    format!("ARRAY[{}]::pg_catalog.text[]", values.join(", "))
}

/// `names` as a table `asked` of `schema`, `name` and `number`, which counts from 1.
pub(crate) fn asked(names: &[Name]) -> String {
    let schemas = texts(names.iter().map(|name| name.schema.as_deref()));
    let own = texts(names.iter().map(|name| Some(name.name.as_str())));
    format!(
        "ROWS FROM (pg_catalog.unnest({schemas}), pg_catalog.unnest({own})) \
         WITH ORDINALITY AS asked(schema, name, number)"
    )
}

/// `oids` as an array.
pub(crate) fn oids(oids: &[Oid]) -> String {
    let oids: Vec<String> = oids.iter().map(|oid| oid.0.to_string()).collect();
    format!("'{{{}}}'::pg_catalog.oid[]", oids.join(","))
}

/// `value` as a string literal.
fn literal(value: &str) -> String {
    // No message can carry a NUL, and so nothing is called like that.
    let doubled = value.replace('\0', "\u{fffd}").replace('\'', "''");
    if doubled.contains('\\') { format!(" E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_doubled() {
        assert_eq!(texts([Some("it's"), None, Some(r"a\'b")]), r"ARRAY['it''s', NULL,  E'a\\''b']::pg_catalog.text[]");
        assert_eq!(oids(&[Oid(1), Oid(2)]), "'{1,2}'::pg_catalog.oid[]");
    }
}
