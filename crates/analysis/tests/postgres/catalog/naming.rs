//! Tests how names are looked up, and for which functions and types they stand.

use analysis::catalog::ask_catalog;
use analysis::name::Name;

use super::{look_for, relation};
use crate::support::{Database, asked, names, run, written};

#[tokio::test]
async fn names_are_found_as_the_session_would_find_them() {
    let database = Database::create().await;
    database
        .run(
            "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.t (of_one int); CREATE TABLE two.t (of_two int); \
             CREATE TABLE two.only (id int)",
        )
        .await;
    let mut session = database.session_along("nowhere, two, one").await;
    let catalog = look_for(&mut session, &["t", "one.t", "TWO.ONLY", "only", "public.t", "missing", "nowhere.t"]).await;
    assert_eq!(written(catalog.relations.keys()), ["\"only\"", "t", "one.t", "two.\"only\"", "two.t"]);
    assert_eq!(relation(&catalog, "t").columns[0].name, "of_two");
    assert_eq!(relation(&catalog, "t").name.to_string(), "two.t");
    assert_eq!(relation(&catalog, "one.t").columns[0].name, "of_one");
    assert!(relation(&catalog, "t").owned);
    assert_eq!(catalog.schema, "two");

    let mut session = database.session_along("''").await;
    let catalog = look_for(&mut session, &["t", "one.t"]).await;
    assert_eq!((written(catalog.relations.keys()), catalog.schema.as_str()), (vec!["one.t".to_owned()], ""));
    run(&mut session, "CREATE TEMPORARY TABLE t (temporary int)").await;
    assert_eq!(relation(&look_for(&mut session, &["t"]).await, "t").columns[0].name, "temporary");
}

#[tokio::test]
async fn hostile_names_are_names() {
    let database = Database::create().await;
    let long = "ü".repeat(40);
    let hostile = [
        r#""it's""#,
        r#""a.b""#,
        r#""a""b""#,
        r#""back\slash""#,
        r#""back\'; DROP TABLE x; --""#,
        r#""Mixed Case""#,
        r#""NULL""#,
        r#""{a,b}""#,
        r#""$1""#,
        r#""$locked""#,
        r#""日本語 ✓""#,
        r#""a' || 'b""#,
        "\"line\nbreak\"",
        r#""select""#,
    ];
    let mut session = database.session().await;
    for setting in ["on", "off"] {
        run(&mut session, &format!("SET standard_conforming_strings = {setting}")).await;
        for (number, name) in hostile.iter().copied().chain([long.as_str()]).enumerate() {
            run(&mut session, "DROP SCHEMA IF EXISTS \"s'\\.\" CASCADE; CREATE SCHEMA \"s'\\.\"").await;
            let table = format!("\"s'\\.\".{name}");
            run(
                &mut session,
                &format!("CREATE TABLE {table} ({name} int CONSTRAINT {name} CHECK ({name} > {number}))"),
            )
            .await;
            let other = format!("\"s'\\.\".\"{number}\"");
            let refer = format!(
                "ALTER TABLE {table} ADD UNIQUE ({name}); \
                 CREATE TABLE {other} ({name} int REFERENCES {table} ({name}))"
            );
            run(&mut session, &refer).await;
            let catalog = look_for(&mut session, &[&table]).await;
            let found = relation(&catalog, &table);
            assert_eq!(found.name, Name::parse(&table));
            assert_eq!(found.columns[0].name, Name::parse(name).name);
            let check = found.constraints.iter().find(|constraint| constraint.kind == 'c').unwrap();
            assert_eq!(
                (check.name.as_str(), &check.columns),
                (Name::parse(name).name.as_str(), &vec![found.columns[0].name.clone()])
            );
            assert!(check.definition.starts_with("CHECK ((") && check.definition.contains(&format!("> {number}")));
            let referring = relation(&catalog, &other);
            assert_eq!(
                referring.constraints.iter().find(|constraint| constraint.kind == 'f').unwrap().refers_to,
                Some(found.name.clone())
            );
            assert_eq!(found.facts.referenced_by[0].table, Name::parse(&other).to_string());
        }
    }
    // Where no such object exists, nothing is found, and nothing breaks.
    run(&mut session, "DROP SCHEMA \"s'\\.\" CASCADE").await;
    let mut missing = names(&hostile);
    missing.push(Name::unqualified("nul\0"));
    let catalog = ask_catalog(&mut session, &asked(&missing, &missing, &missing)).await.unwrap();
    assert!(catalog.relations.is_empty() && catalog.functions.is_empty() && catalog.types.is_empty());
}

#[tokio::test]
async fn the_worst_of_functions_with_one_name_counts() {
    let database = Database::create().await;
    database
        .run(
            "CREATE FUNCTION mixed(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; \
             CREATE FUNCTION mixed(text) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'; \
             CREATE SCHEMA other; CREATE FUNCTION other.mixed(bool) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'",
        )
        .await;
    let mut session = database.session().await;
    let functions = names(&["mixed", "other.mixed", "now", "random", "lower", "max", "pg_catalog.now", "nothing"]);
    let catalog = ask_catalog(&mut session, &asked(&[], &functions, &[])).await.unwrap();
    let found: Vec<_> = catalog.functions.iter().map(|(name, found)| format!("{name} {}", found.volatility)).collect();
    let rest = ["now s", "random v", "other.mixed v", "pg_catalog.now s"];
    assert_eq!(found, [&["lower i", "max i", "mixed s"][..], &rest[..]].concat());
    let others = catalog.functions.iter().filter(|(_, found)| !found.builtin).map(|(name, _)| name);
    assert_eq!(written(others), ["mixed", "other.mixed"]);
    let catalog = ask_catalog(&mut database.session_along("public, other").await, &asked(&[], &names(&["mixed"]), &[]))
        .await
        .unwrap();
    assert_eq!(catalog.functions[&Name::unqualified("mixed")].volatility, 'v');

    // A function of the same arguments is found only if the path says so. One of other arguments is found.
    run(&mut session, "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.now()'")
        .await;
    run(&mut session, "CREATE FUNCTION public.lower(int) RETURNS int LANGUAGE sql AS 'SELECT 1'").await;
    for (path, builtin) in
        [("public", ["lower false", "now true"]), ("public, pg_catalog", ["lower false", "now false"])]
    {
        let named = asked(&[], &names(&["now", "lower"]), &[]);
        let catalog = ask_catalog(&mut database.session_along(path).await, &named).await.unwrap();
        let found: Vec<_> = catalog.functions.iter().map(|(name, found)| format!("{name} {}", found.builtin)).collect();
        assert_eq!(found, builtin);
    }
}

#[tokio::test]
async fn a_domain_is_constrained_by_itself_or_what_is_below_it() {
    let database = Database::create().await;
    database
        .run(
            "CREATE DOMAIN plain AS int; CREATE DOMAIN checked AS int CHECK (value > 0); \
             CREATE DOMAIN needed AS int NOT NULL; \
             CREATE DOMAIN above AS checked; CREATE DOMAIN far AS above; CREATE DOMAIN plainer AS plain; \
             CREATE TYPE mood AS ENUM ('good'); CREATE TABLE rows (id int)",
        )
        .await;
    let mut session = database.session().await;
    let types =
        names(&["plain", "checked", "needed", "above", "public.far", "plainer", "mood", "rows", "int4", "missing"]);
    let catalog = ask_catalog(&mut session, &asked(&[], &[], &types)).await.unwrap();
    let constrained = catalog.types.iter().filter(|(_, facts)| facts.constrained_domain).map(|(name, _)| name);
    assert_eq!(written(constrained), ["above", "checked", "needed", "public.far"]);
    assert_eq!(catalog.types.len(), 9);
}
