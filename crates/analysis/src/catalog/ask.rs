//! Sends several queries in one message of the simple protocol, so that any number of them takes one round trip.

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::name::Name;

/// How long a query may wait for a lock. The queries need only ACCESS SHARE on the system's catalogs, which are hardly
/// ever locked against that. Queries that could wait for the lock of another session on a table go through
/// [`ask_leniently`].
const PATIENCE: &str = "2s";

/// How long a query may wait for a lock if its answer is not essential.
const SHORT_PATIENCE: &str = "50ms";

/// The SQLSTATEs with which a server says that it has no such function, view or column, that the role may not ask, that
/// it is a replica, or that a lock was not available.
const REFUSALS: [&str; 8] = ["0A000", "42501", "42703", "42704", "42883", "42P01", "55000", "55P03"];

/// Saves the session's default search path, along which a script's names are looked up, and sets a path on which our
/// queries find only the system's objects. Along another path, a query could find objects that another role has made:
/// PostgreSQL takes the operator that fits best, in whatever schema it is.
const PATHS: &str = "\
    SET LOCAL search_path TO DEFAULT; \
    SELECT pg_catalog.set_config('lockstep.path', pg_catalog.current_schemas(true)::pg_catalog.text, true), \
           pg_catalog.set_config('lockstep.schema', coalesce(pg_catalog.current_schema()::pg_catalog.text, ''), true); \
    SET LOCAL search_path = pg_catalog, pg_temp";

/// The schemas of a script's search path, as a table `path` of `schema` and `place`.
const PATH: &str = "pg_catalog.unnest(pg_catalog.current_setting('lockstep.path')::pg_catalog.name[]) \
                    WITH ORDINALITY AS path(schema, place)";

/// Returns a condition: a script would find `c`, a row of `pg_class`, by its bare name.
pub(crate) fn relation_is_visible() -> String {
    is_first("pg_class", "relname", "relnamespace", "c")
}

/// Returns a condition: a script would find `t`, a row of `pg_type`, by its bare name.
pub(crate) fn type_is_visible() -> String {
    is_first("pg_type", "typname", "typnamespace", "t")
}

/// Returns a condition: the schema `n`, a row of `pg_namespace`, is in the script's search path. For objects of which
/// several can have one name.
pub(crate) fn schema_is_visible() -> String {
    format!("EXISTS (SELECT FROM {PATH} WHERE path.schema = n.nspname)")
}

/// Returns a condition: a script would find `p`, a row of `pg_proc` in the schema `n`, by its bare name. An earlier
/// schema of the path may have a function of the same arguments.
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

/// Returns the rows of each query.
///
/// The settings for the queries end with the message, unless the session is in a transaction of its own.
pub(crate) async fn ask(connection: &mut PgConnection, queries: &[String]) -> Result<Vec<Vec<PgRow>>, sqlx::Error> {
    send(connection, PATIENCE, queries).await
}

/// Returns the rows of each query, for queries that the server may refuse. Sends all at once and, if the server refuses
/// that, each alone. A refused query has no rows.
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
    // The rows of all queries come as one list: the number names a row's query.
    let queries = queries.iter().enumerate();
    let numbered = queries.clone().map(|(number, query)| format!("SELECT {number} AS query, q.* FROM ({query}) AS q"));
    // By its estimates of recursive queries, the server would compile these, which takes longer than running them.
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

/// Returns `values` as an array of text, whatever they contain and whatever `standard_conforming_strings` says.
pub(crate) fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let values: Vec<String> =
        values.into_iter().map(|value| value.map_or_else(|| "NULL".to_owned(), literal)).collect();
    format!("ARRAY[{}]::pg_catalog.text[]", values.join(", "))
}

/// Returns `names` as a table `asked` of `schema`, `name` and `number`, which counts from 1.
pub(crate) fn asked(names: &[Name]) -> String {
    let schemas = texts(names.iter().map(|name| name.schema.as_deref()));
    let own = texts(names.iter().map(|name| Some(name.name.as_str())));
    format!(
        "ROWS FROM (pg_catalog.unnest({schemas}), pg_catalog.unnest({own})) \
         WITH ORDINALITY AS asked(schema, name, number)"
    )
}

/// Returns `oids` as an array.
pub(crate) fn oids(oids: &[Oid]) -> String {
    let oids: Vec<String> = oids.iter().map(|oid| oid.0.to_string()).collect();
    format!("'{{{}}}'::pg_catalog.oid[]", oids.join(","))
}

/// Returns `value` as a string literal.
fn literal(value: &str) -> String {
    // No message can carry a NUL, so no name contains one.
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
