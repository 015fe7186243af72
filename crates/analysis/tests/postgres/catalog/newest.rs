//! Compares the catalog that is assumed without a database with a server's.

use analysis::catalog::NEWEST;
use sqlx::Row as _;

use crate::support::Database;

/// Functions that a statement can call: not those that read or write a type's values, or that only an index calls.
const QUERY: &str = "\
    SELECT 'cast' AS kind, format_type(castsource, NULL) AS name, format_type(casttarget, NULL) AS what \
    FROM pg_cast WHERE castcontext <> 'e' AND castsource < 16384 AND casttarget < 16384 \
    UNION ALL \
    SELECT 'function', proname::text, max(provolatile::text) FROM pg_proc p \
    WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'w', 'a') AND proname ~ '^[a-z][a-z0-9_]*$' \
      AND prorettype NOT IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype, 'event_trigger'::regtype) \
      AND NOT proargtypes::oid[] && ARRAY['internal'::regtype, 'cstring'::regtype]::oid[] \
    GROUP BY proname \
    UNION ALL \
    SELECT 'type', typname::text, typtype::text FROM pg_type \
    WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND typcategory <> 'A' \
    ORDER BY 1, 2, 3";

#[tokio::test]
async fn what_is_assumed_without_a_database_is_what_the_newest_server_has() {
    let database = Database::create().await;
    let mut session = database.session().await;
    let version: i32 =
        sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&mut session).await.unwrap();
    if version / 10_000 != 18 {
        return;
    }
    let rows = sqlx::query(QUERY).fetch_all(&mut session).await.unwrap();
    let mut found: Vec<String> = rows
        .iter()
        .map(|row| {
            let [kind, name, what] = ["kind", "name", "what"].map(|field| row.get::<String, _>(field));
            format!("{kind}\t{name}\t{what}\n")
        })
        .collect();
    // The order of a database depends on its collation.
    found.sort();
    let found = found.concat();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog/newest.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &found).unwrap();
        return;
    }
    assert!(found == NEWEST, "{file} is not what the server has: run this test with UPDATE=1");
}
