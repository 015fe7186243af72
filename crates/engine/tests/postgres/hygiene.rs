//! Tests that a script's changes to its session reach neither the next script nor the ledger.

use std::time::Duration;

use engine::history::Format;
use engine::preflight::preflight;
use engine::session::Session;

use crate::support::{Database, applied, history, run, sqlx_history};

#[tokio::test]
async fn settings_roles_and_search_paths_end_with_their_script() {
    let database = Database::create().await;
    let role = format!("{}_other", database.target.user);
    let superuser = &mut database.superuser().await;
    run(
        superuser,
        &format!(
            "CREATE ROLE {role}; GRANT {role} TO {}; GRANT CREATE ON SCHEMA public TO {role}",
            database.target.user
        ),
    )
    .await;
    let set_role = format!("SET ROLE {role}; CREATE TABLE by_role ()");
    let scripts = [
        ("1", "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE public.by_dump ()"),
        ("2", "CREATE TABLE in_public ()"),
        ("3", set_role.as_str()),
        (
            "4",
            "SET lock_timeout = '1min'; SET statement_timeout = '1min'; SET TimeZone = 'Asia/Tokyo'; SET standard_conforming_strings = off",
        ),
        (
            "5",
            "DO $$ BEGIN ASSERT current_user = session_user AND current_setting('search_path') = '\"public\"' \
             AND current_setting('lock_timeout') = '200ms' AND current_setting('statement_timeout') = '0' \
             AND current_setting('TimeZone') = 'UTC' AND '\\' = chr(92); END $$",
        ),
        ("6", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1"),
        ("7", "SET synchronous_commit = off; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"),
        (
            "8",
            "DO $$ BEGIN ASSERT current_setting('transaction_isolation') = 'read committed'; END $$ -- ends in a comment",
        ),
        ("9", ""),
    ];
    database.migrate(&history(&scripts)).await.unwrap();
    assert_eq!(database.ledger().await, scripts.map(|(name, _)| applied(name)));
    let owner = database.texts("SELECT tableowner::text FROM pg_tables WHERE tablename = 'by_role'").await;
    assert_eq!(owner, [role]);
}

#[tokio::test]
async fn a_scripts_own_way_to_write_dates_harms_no_other() {
    let database = Database::create().await;
    let odd = "SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Kolkata'; CREATE TABLE a ()";
    let german = "SET datestyle = 'German'; SET intervalstyle = 'sql_standard'; CREATE TABLE b ()";
    let history =
        history(&[("1", odd), ("2", german), ("3", "CREATE TABLE c ()"), ("4", odd.replace(" a ", " d ").as_str())]);
    database.migrate(&history).await.unwrap();
    let sane = "SELECT (max(started_at) < clock_timestamp() AND min(started_at) > clock_timestamp() - interval '1 minute')::text \
                FROM _prisma_migrations";
    assert_eq!(database.texts(sane).await, ["true"]);
    assert_eq!(database.ledger().await, ["1", "2", "3", "4"].map(applied));
}

#[tokio::test]
async fn a_roles_own_limits_cut_no_script_off() {
    let database = Database::create().await;
    let role = &database.target.user;
    database
        .run(&format!("ALTER ROLE {role} SET statement_timeout = 300; ALTER ROLE {role} SET transaction_timeout = 300"))
        .await;
    database.migrate(&history(&[("1", "SELECT pg_sleep(0.7)")])).await.unwrap();
}

#[tokio::test]
async fn a_roles_own_limits_end_no_session_that_pauses() {
    let database = Database::create().await;
    let role = &database.target.user;
    let limits = ["idle_session_timeout", "idle_in_transaction_session_timeout"];
    database.run(&limits.map(|limit| format!("ALTER ROLE {role} SET {limit} = 100")).join("; ")).await;
    let mut session = Session::open(&database.target).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    preflight(&mut session, Format::Prisma).await.unwrap();
}

#[tokio::test]
async fn a_failed_script_leaves_its_settings_behind_too() {
    let database = Database::create().await;
    let scripts = history(&[("1", "SET search_path = pg_catalog; SELECT 1/0")]);
    database.migrate(&scripts).await.unwrap_err();
    database.migrate(&history(&[("1", "CREATE TABLE here ()")])).await.unwrap();
    assert_eq!(database.tables().await, ["_prisma_migrations", "here"]);
}

#[tokio::test]
async fn a_script_may_bring_its_own_transaction() {
    let database = Database::create().await;
    let scripts = history(&[("1", "BEGIN;\nCREATE TABLE a ();\nCOMMIT;\nBEGIN; CREATE TABLE b (); COMMIT;")]);
    database.migrate(&scripts).await.unwrap();
    assert_eq!(database.tables().await, ["_prisma_migrations", "a", "b"]);
}

#[tokio::test]
async fn temporary_tables_and_prepared_statements_end_with_their_script() {
    let database = Database::create().await;
    let scripts = [
        (
            "1",
            "CREATE TABLE u (); CREATE TEMP TABLE u (); PREPARE q AS SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        ),
        ("2", "ALTER TABLE u ADD b text; PREPARE q AS SELECT 2"),
        ("3", "CREATE TEMP TABLE u (); DECLARE c CURSOR WITH HOLD FOR SELECT 1"),
    ];
    database.migrate(&history(&scripts)).await.unwrap();
    let column = "SELECT attname::text FROM pg_attribute WHERE attrelid = 'public.u'::regclass AND attnum > 0";
    assert_eq!(database.texts(column).await, ["b"]);
}

#[tokio::test]
async fn answers_that_the_driver_misreads_are_settled_by_the_ledger() {
    // Each makes the server send an answer that sqlx does not expect, and goes on to COMMIT.
    for sql in [
        "CREATE TABLE a (); LISTEN y; NOTIFY y",
        "CREATE TABLE a (); SELECT set_config('client_encoding', 'LATIN1', true); SELECT 1 AS \"é\"",
    ] {
        let database = Database::create().await;
        let history = history(&[("1", sql), ("2", "CREATE TABLE b ()")]);
        let approved = database.approve(&history).await;
        let mut result = database.apply(&history, &approved, "run").await;
        if matches!(result, Err(engine::Error::ConnectionClosed { .. })) {
            result = database.apply(&history, &approved, "run").await;
        }
        assert_eq!(result.unwrap().remaining, 0, "{sql}");
        assert_eq!(database.tables().await, ["_prisma_migrations", "a", "b"], "{sql}");
        assert_eq!(database.ledger().await, ["1", "2"].map(applied), "{sql}");
    }
}

/// From the second migration on, prepared statements write the row.
#[tokio::test]
async fn a_script_may_give_up_what_is_prepared_or_prepare_itself() {
    let scripts = [
        ("1_first", "CREATE TABLE a (b int)"),
        ("2_gives_up", "DEALLOCATE ALL; CREATE TABLE c ()"),
        ("3_second", "CREATE TABLE d ()"),
        ("4_prepares", "PREPARE q AS SELECT 1"),
        ("5_prepares", "PREPARE q AS SELECT 2"),
        ("6_alone", "CREATE INDEX CONCURRENTLY i ON a (b)"),
        ("7_after_it", "CREATE TABLE f ()"),
        ("8_last", "CREATE TABLE e ()"),
    ];
    for history in [history(&scripts), sqlx_history(&scripts)] {
        let database = Database::create().await;
        let outcome = database.migrate(&history).await.unwrap();
        assert_eq!((outcome.applied_now, outcome.remaining), (8, 0));
        let plan = database.plan(&history).await.unwrap();
        assert_eq!((plan.pending.len(), plan.already_applied, plan.warnings), (0, 8, Vec::<String>::new()));
        let left = database.texts("SELECT relname::text FROM pg_class WHERE relname IN ('c', 'd', 'e', 'i')").await;
        assert_eq!(left.len(), 4);
    }
}
