//! Tests that a script's own BEGIN and COMMIT keep their meaning, although the whole file is one transaction.

use crate::support::{Database, history, run, sqlx_history};

#[tokio::test]
async fn what_a_block_sets_locally_ends_with_it() {
    let script = "BEGIN; SET LOCAL search_path = audit; SET LOCAL statement_timeout = '200ms'; CREATE TABLE log (i int); COMMIT;\n\
                  CREATE TABLE users AS SELECT pg_sleep(0.4)::text AS slept, current_setting('search_path') AS path";
    for history in [history(&[("1", script)]), sqlx_history(&[("1_a", script)])] {
        let database = Database::create().await;
        database.run("CREATE SCHEMA audit").await;
        database.migrate(&history).await.unwrap();
        let tables = "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relname IN ('log', 'users') ORDER BY 1";
        assert_eq!(database.texts(tables).await, ["audit.log", "public.users"]);
    }
}

#[tokio::test]
async fn deferred_constraints_are_checked_where_a_block_ends_and_wait_again_behind_it() {
    let database = Database::create().await;
    let tables = "CREATE TABLE box (id int PRIMARY KEY, top int); \
                  CREATE TABLE letter (id int, box int REFERENCES box DEFERRABLE INITIALLY DEFERRED); \
                  CREATE TABLE strict (box int REFERENCES box DEFERRABLE INITIALLY IMMEDIATE)";
    let pending = "BEGIN; INSERT INTO box VALUES (1, 1); INSERT INTO letter VALUES (1, 1); COMMIT; \
                   ALTER TABLE letter ALTER box SET NOT NULL; \
                   BEGIN; INSERT INTO letter VALUES (2, 2); INSERT INTO box VALUES (2, 2); COMMIT";
    database.migrate(&history(&[("1", tables), ("2", pending)])).await.unwrap();
    assert_eq!(database.texts("SELECT count(*)::text FROM letter").await, ["2"]);
    // What PostgreSQL would refuse at the first COMMIT or after it is refused.
    for wrong in [
        "BEGIN; INSERT INTO letter VALUES (3, 3); COMMIT; BEGIN; INSERT INTO box VALUES (3, 3); COMMIT",
        "BEGIN; SET CONSTRAINTS ALL DEFERRED; SELECT 1; COMMIT; INSERT INTO strict VALUES (9); INSERT INTO box VALUES (9, 9)",
    ] {
        let all = history(&[("1", tables), ("2", pending), ("3", wrong)]);
        let error = database.migrate(&all).await.unwrap_err().to_string();
        assert!(error.contains("23503") && error.contains("rolled back"), "{wrong}: {error}");
    }
}

#[tokio::test]
async fn a_table_that_a_commit_drops_does_not_hide_another() {
    let database = Database::create().await;
    let script = "CREATE TABLE t (i int); \
                  BEGIN; CREATE TEMP TABLE t (i int) ON COMMIT DROP; INSERT INTO t VALUES (1); COMMIT; \
                  INSERT INTO t VALUES (2)";
    database.migrate(&history(&[("1", script)])).await.unwrap();
    assert_eq!(database.texts("SELECT i::text FROM t").await, ["2"]);
}

#[tokio::test]
async fn the_mode_of_the_only_block_is_that_of_the_transaction() {
    let database = Database::create().await;
    let script = "-- first\nBEGIN ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE t AS SELECT current_setting('transaction_isolation') AS mode;\nCOMMIT;";
    database.migrate(&history(&[("1", script), ("2", "CREATE TABLE u (); SELECT 1 / 1")])).await.unwrap();
    assert_eq!(database.texts("SELECT mode FROM t").await, ["serializable"]);
    let wrong = history(&[
        ("1", script),
        ("2", "CREATE TABLE u (); SELECT 1 / 1"),
        ("3", "BEGIN READ WRITE;\nSELECT 1;\nSELECT 1/0;\nCOMMIT"),
    ]);
    let error = database.migrate(&wrong).await.unwrap_err().to_string();
    assert!(error.contains("at statement 3, line 3 with SQLSTATE 22012"), "{error}");
}

/// With insertions, positions in the message differ from those in the file.
#[tokio::test]
async fn an_error_behind_a_block_has_its_line() {
    let database = Database::create().await;
    run(&mut database.superuser().await, "CREATE SCHEMA audit").await;
    let script = "BEGIN;\nSET LOCAL search_path = audit;\nSELECT 'é';\nCOMMIT;\nSELECT 1;\nSELECT * FROM\n  missing;";
    let error = database.migrate(&history(&[("1", script)])).await.unwrap_err().to_string();
    assert!(error.contains("at statement 6, line 7 with SQLSTATE 42P01"), "{error}");
}
