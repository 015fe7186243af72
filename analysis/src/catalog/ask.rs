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
    let settings = format!("SET LOCAL lock_timeout = '{patience}'; SET LOCAL jit = off");
    let message: Vec<String> = std::iter::once(settings).chain(numbered).collect();
    let rows = sqlx::raw_sql(AssertSqlSafe(message.join("; "))).fetch_all(connection).await?;
    let mut answers: Vec<Vec<PgRow>> = queries.map(|_| Vec::new()).collect();
    for row in rows {
        let number: i32 = row.try_get("query")?;
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
