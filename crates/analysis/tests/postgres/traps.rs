//! Tests that no query of ours finds an object that another role has made in a schema of the search path. `traps.sql`,
//! which the engine's tests use too, lays traps there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use analysis::catalog::{Object, ask_catalog};
use analysis::effects::{Named, named};
use analysis::name::Name;
use analysis::server::{self, Need, Privilege, missing};
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::support::{Database, asked, run};

const TRAPS: &str = include_str!("../../../engine/tests/postgres/traps.sql");

const SETUP: &str = "\
    CREATE TABLE customers (id bigint PRIMARY KEY, name text CHECK (name <> ''), tags text[]); \
    CREATE TABLE orders (id int PRIMARY KEY, customer_id bigint REFERENCES customers ON DELETE CASCADE, total int CHECK (total > 0)); \
    CREATE INDEX by_total ON orders (total, lower(total::text)) WHERE total > 5; \
    CREATE TABLE readings (year int, value int) PARTITION BY LIST (year); \
    CREATE TABLE readings_1 PARTITION OF readings FOR VALUES IN (1); CREATE TABLE readings_rest PARTITION OF readings DEFAULT; \
    CREATE VIEW spent AS SELECT customer_id, sum(total) FROM orders GROUP BY 1; CREATE VIEW more AS SELECT * FROM spent; \
    CREATE MATERIALIZED VIEW kept AS SELECT * FROM readings; CREATE SEQUENCE numbers; \
    CREATE DOMAIN label AS text; CREATE DOMAIN positive AS int CHECK (value > 0); CREATE TYPE state AS ENUM ('open', 'closed'); \
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n'; \
    INSERT INTO customers VALUES (1, 'one'); INSERT INTO orders VALUES (1, 1, 1); INSERT INTO readings VALUES (1, 1), (2, 2); \
    CREATE INDEX broken ON customers (name); ANALYZE customers, orders, readings";

/// Returns all names in the forms and the plans: thousands of names, most of them of nothing that exists.
fn names() -> Named {
    let mut all = named(SETUP);
    for directory in ["forms", "plans"] {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "sql") {
                all.extend(named(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    all.extend(Named {
        relations: ["kept", "by_total", "broken", "more", "public.spent", "numbers"].map(Name::parse).into(),
        functions: ["twice", "public.twice"].map(Name::parse).into(),
        types: ["label", "positive", "state", "public.label"].map(Name::parse).into(),
        schemas: ["public", "nowhere"].map(str::to_owned).into(),
        counted: ["customers", "orders"].map(Name::parse).into(),
        dropped: [
            (Object::Type, Name::parse("state")),
            (Object::Function, Name::parse("twice")),
            (Object::Schema, Name::parse("public")),
            (Object::Sequence, Name::parse("numbers")),
        ]
        .into(),
    });
    all
}

/// Returns the answers about all of these, without what is different at each moment.
async fn told(session: &mut PgConnection, stranger: &mut PgConnection, names: &Named) -> String {
    let mut catalog = ask_catalog(session, names).await.unwrap();
    for relation in catalog.relations.values_mut() {
        let facts = &mut relation.facts;
        (facts.reads, facts.writes) = (facts.reads.map(|_| 0), facts.writes.map(|_| 0));
        facts.since = None;
        facts.holders.iter_mut().for_each(|holder| holder.seconds = holder.seconds.map(|_| 0));
    }
    let mut server = server::ask_server(session).await.unwrap();
    server.connections = 0;
    server.replicas.clear();
    server.longest_transaction.iter_mut().for_each(|transaction| transaction.seconds = 0);
    let mut needs = vec![
        Need::CreateIn("public".to_owned()),
        Need::Use("public".to_owned()),
        Need::CreateSchema,
        Need::CreateExtension("pg_trgm".to_owned()),
        Need::CreateExtension("not_there".to_owned()),
        Need::AlterType(Name::parse("state")),
    ];
    for name in ["customers", "orders", "public.readings", "numbers", "by_total"].map(Name::parse) {
        needs.extend([Need::Alter(name.clone()), Need::Drop(name.clone())]);
        for privilege in [Privilege::Select, Privilege::Update, Privilege::Maintain, Privilege::Vacuum] {
            needs.push(Need::Do(privilege, name.clone()));
        }
    }
    let missing = (missing(session, &needs).await.unwrap(), missing(stranger, &needs).await.unwrap());
    format!("{catalog:#?}\n{server:#?}\n{missing:#?}")
}

fn assert_same(before: &str, after: &str) {
    let differs = |(before, after): &(&str, &str)| before != after;
    let first = before.lines().zip(after.lines()).find(differs);
    assert_eq!((before.lines().count(), first), (after.lines().count(), None));
}

/// Lays the operators that fit better than the system's own (`near`), or all operators. No role may run those that are
/// `shut`.
async fn finds_no_trap(near: bool, shut: bool) {
    let database = Database::create().await;
    let path = "\"$user\", public, further, pg_catalog";
    let mut superuser = database.superuser().await;
    database.run(SETUP).await;
    for schema in ["further", &database.name] {
        run(&mut superuser, &format!("CREATE SCHEMA {schema}; GRANT USAGE ON SCHEMA {schema} TO PUBLIC")).await;
    }
    run(&mut superuser, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass").await;
    run(&mut superuser, "SET search_path = pg_catalog; BEGIN; LOCK TABLE public.orders IN ACCESS SHARE MODE").await;
    // A name that means something else with the traps: all names of the system have a trap.
    let mut names = names();
    let mut of_system = BTreeSet::new();
    for name in
        ["SELECT relname::text FROM pg_class", "SELECT typname::text FROM pg_type", "SELECT proname::text FROM pg_proc"]
    {
        let sql = format!("{name} WHERE oid < 16384");
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(&mut superuser).await.unwrap();
        of_system.extend(rows.iter().map(|row| row.get::<String, _>(0)));
    }
    for kind in [&mut names.relations, &mut names.functions, &mut names.types] {
        kind.retain(|name| !of_system.contains(&name.name));
    }
    let mut session = database.session_along(path).await;
    let (mut stranger, _) = database.stranger_along(path).await;
    let before = told(&mut session, &mut stranger, &names).await;
    assert!(before.contains("CHECK ((total > 0))") && before.contains("ACCESS SHARE"), "{before}");

    let mut layer = database.superuser().await;
    run(&mut layer, TRAPS).await;
    for schema in ["public", "further", &database.name] {
        run(&mut layer, &format!("CALL traps.lay('{schema}', {near})")).await;
    }
    if shut {
        run(&mut layer, "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA traps FROM PUBLIC").await;
    }
    // In existing sessions, and in new ones: a cache could hide what is found.
    let after = told(&mut session, &mut stranger, &names).await;
    assert_same(&before, &after);
    for session in [&mut session, &mut stranger] {
        run(session, "DISCARD ALL").await;
    }
    session = database.session_along(path).await;
    assert_same(&before, &told(&mut session, &mut stranger, &names).await);
    // Also some of the system's names, which mean the traps now.
    let some = of_system.iter().step_by(40).map(Name::unqualified).collect::<Vec<_>>();
    ask_catalog(&mut session, &asked(&some, &some, &some)).await.unwrap();
    assert_eq!(crate::support::text(&mut layer, "SELECT is_called FROM traps.sprung").await, "false");
    session.close().await.unwrap();
    database.drop().await;
}

#[tokio::test]
async fn what_fits_better_is_not_found() {
    finds_no_trap(true, false).await;
}

#[tokio::test]
async fn what_comes_first_is_not_found() {
    finds_no_trap(false, false).await;
}

#[tokio::test]
async fn no_trap_is_named() {
    finds_no_trap(false, true).await;
}
