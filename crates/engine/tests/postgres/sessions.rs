//! Tests that a script's session is like the tool's own on that database.

use engine::history::Format;
use engine::session::{Session, Target};

use crate::support::{Database, history, run, sqlx_history};

const LOOK: &str = "CREATE TABLE seen AS SELECT current_setting('TimeZone') AS zone, current_setting('DateStyle') AS style, \
                    current_setting('IntervalStyle') AS intervals, current_setting('search_path') AS path";

async fn seen(database: &Database) -> String {
    database.texts("SELECT concat_ws('|', zone, style, intervals, path) FROM seen").await.remove(0)
}

#[tokio::test]
async fn with_prisma_the_roles_and_the_databases_settings_hold_and_with_sqlx_its_drivers() {
    for (layout, expected) in [
        (history(&[("1", "CREATE TABLE a ()"), ("2", LOOK)]), "Europe/Berlin|SQL, DMY|sql_standard|\"public\""),
        (
            sqlx_history(&[("1_a", "CREATE TABLE a ()"), ("2_b", LOOK)]),
            "UTC|ISO, MDY|sql_standard|\"$user\", public, extra",
        ),
    ] {
        let database = Database::create().await;
        let (name, role) = (&database.target.database, &database.target.user);
        let set = format!(
            "CREATE SCHEMA extra; ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'; ALTER DATABASE {name} SET datestyle = 'SQL, DMY'; \
             ALTER ROLE {role} SET timezone = 'America/Lima'; ALTER ROLE {role} IN DATABASE {name} SET TimeZone = 'Europe/Berlin'; \
             ALTER ROLE {role} SET intervalstyle = 'sql_standard'; ALTER ROLE {role} SET search_path = '$user', public, extra"
        );
        run(&mut database.superuser().await, &set).await;
        database.migrate(&layout).await.unwrap();
        assert_eq!(seen(&database).await, expected);
    }
}

#[tokio::test]
async fn times_that_are_converted_are_as_the_tool_would_convert_them() {
    let database = Database::create().await;
    let name = &database.target.database;
    run(&mut database.superuser().await, &format!("ALTER DATABASE {name} SET timezone = 'Europe/Berlin'")).await;
    let script = "CREATE TABLE shift (at timestamp); INSERT INTO shift VALUES ('2026-07-01 12:00'); \
                  ALTER TABLE shift ALTER COLUMN at TYPE timestamptz";
    database.migrate(&history(&[("1", script)])).await.unwrap();
    assert_eq!(database.texts("SELECT (at AT TIME ZONE 'UTC')::text FROM shift").await, ["2026-07-01 10:00:00"]);
    assert!(database.plan(&history(&[("1", script), ("2", script)])).await.unwrap().warnings.is_empty());
}

#[tokio::test]
async fn a_setting_of_the_tool_that_cannot_be_used_is_a_warning_with_its_effect() {
    let database = Database::create().await;
    let convert = "ALTER TABLE shift ALTER COLUMN at TYPE timestamptz";
    let warnings = database
        .plan(&history(&[("1", "CREATE TABLE a (at timestamptz DEFAULT now())"), ("2", convert)]))
        .await
        .unwrap()
        .warnings;
    assert!(
        warnings.len() == 1 && warnings[0].starts_with("2, line 1, depends on the session's TimeZone"),
        "{warnings:?}"
    );
    let name = &database.target.database;
    run(&mut database.superuser().await, &format!("ALTER DATABASE {name} SET standard_conforming_strings = off")).await;
    let warnings = database.plan(&history(&[("1", "SELECT 1")])).await.unwrap().warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("standard_conforming_strings = off"), "{warnings:?}");
}

/// sqlx itself would make its tables in the first schema of the role's path.
#[tokio::test]
async fn scripts_do_not_run_in_another_schema_than_the_chosen_one() {
    let database = Database::create_for(Format::Sqlx).await;
    let role = &database.target.user;
    run(&mut database.superuser().await, &format!("CREATE SCHEMA {role} AUTHORIZATION {role}")).await;
    let layout = sqlx_history(&[("1_a", LOOK)]);
    let warnings = database.plan(&layout).await.unwrap().warnings;
    assert!(warnings[0].contains("Scripts run with search_path = \"public\""), "{warnings:?}");
    database.migrate(&layout).await.unwrap();
    assert!(seen(&database).await.ends_with("|\"public\""));
    let session = Session::open(&Target { tool: Format::Sqlx, ..database.target.clone() }).await.unwrap();
    session.close().await;
}
