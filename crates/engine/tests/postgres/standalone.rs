//! Tests statements that cannot run in a transaction, whole and cut off.

use std::time::Duration;

use engine::Error;
use engine::history::History;

use crate::support::{Database, LEDGER, applied, history, run, until, within};

const TABLE: (&str, &str) = ("1", "CREATE TABLE t (id int, n int); INSERT INTO t VALUES (1, 1), (2, 1)");
const INDEX: (&str, &str) = ("2", "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"An Index\" ON t (n);");
const VALID: &str = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = '\"An Index\"'::regclass";

/// Records that a run of ours has started `name` and was cut off.
async fn cut_off(database: &Database, history: &History, name: &str) {
    let checksum = &history.migrations.iter().find(|migration| migration.name == name).unwrap().checksum;
    let mark = "lockstep: running outside a transaction";
    database
        .run(&format!(
            "INSERT INTO {LEDGER} (id, checksum, migration_name, logs) VALUES ('x', '{checksum}', '{name}', '{mark}')"
        ))
        .await;
}

/// Makes the index invalid, as a failed CREATE INDEX CONCURRENTLY does.
async fn invalidate(database: &Database) {
    database.run("CREATE INDEX \"An Index\" ON t (n)").await;
    run(
        &mut database.superuser().await,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\"An Index\"'::regclass",
    )
    .await;
}

#[tokio::test]
async fn an_index_is_built_concurrently_and_recorded_as_any_other() {
    let database = Database::create().await;
    let all = history(&[TABLE, INDEX, ("3", "VACUUM t"), ("4", "DROP INDEX CONCURRENTLY \"An Index\"")]);
    database.migrate(&all).await.unwrap();
    assert_eq!(database.ledger().await, ["1", "2", "3", "4"].map(applied));
}

#[tokio::test]
async fn an_invalid_index_is_never_taken_for_the_real_one() {
    let database = Database::create().await;
    database.migrate(&history(&[TABLE])).await.unwrap();
    invalidate(&database).await;
    database.migrate(&history(&[TABLE, INDEX])).await.unwrap();
    assert_eq!(database.texts(VALID).await, ["true"]);
    assert_eq!(database.ledger().await, ["1", "2"].map(applied));
}

#[tokio::test]
async fn what_was_cut_off_is_finished_or_done_again_by_what_the_catalog_shows() {
    for state in ["absent", "invalid", "valid"] {
        let database = Database::create().await;
        let all = history(&[TABLE, INDEX]);
        database.migrate(&history(&[TABLE])).await.unwrap();
        match state {
            "invalid" => invalidate(&database).await,
            "valid" => database.run("CREATE INDEX \"An Index\" ON t (n)").await,
            _ => {}
        }
        cut_off(&database, &all, "2").await;
        database.migrate(&all).await.unwrap();
        assert_eq!(database.texts(VALID).await, ["true"], "{state}");
        assert_eq!(database.ledger().await, ["1", "2"].map(applied), "{state}");
    }
}

#[tokio::test]
async fn a_dropped_index_that_was_cut_off_is_found_dropped_or_dropped_again() {
    for there in [false, true] {
        let database = Database::create().await;
        let all = history(&[TABLE, ("2", "CREATE INDEX i ON t (n)"), ("3", "DROP INDEX CONCURRENTLY i")]);
        database.migrate(&history(&[TABLE, ("2", "CREATE INDEX i ON t (n)")])).await.unwrap();
        if !there {
            database.run("DROP INDEX i").await;
        }
        cut_off(&database, &all, "3").await;
        database.migrate(&all).await.unwrap();
        assert_eq!(database.ledger().await, ["1", "2", "3"].map(applied));
        assert_eq!(database.texts("SELECT 'there' WHERE to_regclass('i') IS NOT NULL").await.len(), 0);
    }
}

const PARENT: (&str, &str) = (
    "1",
    "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE c PARTITION OF p FOR VALUES IN (1)",
);

#[tokio::test]
async fn a_partition_whose_detaching_was_cut_off_is_detached() {
    let database = Database::create().await;
    let all = history(&[PARENT, ("2", "ALTER TABLE p DETACH PARTITION c CONCURRENTLY")]);
    database.migrate(&history(&[PARENT])).await.unwrap();
    // The first half commits, and the second waits for this reader.
    let mut reader = database.session().await;
    run(&mut reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM p").await;
    let approved = database.approve(&all).await;
    let error = database.apply_within(&all, &approved, "run", within(Duration::from_millis(1500))).await.unwrap_err();
    assert!(error.to_string().contains("57014"), "{error}");
    assert_eq!(
        database.texts("SELECT inhdetachpending::text FROM pg_inherits WHERE inhrelid = 'c'::regclass").await,
        ["true"]
    );
    run(&mut reader, "COMMIT").await;
    let outcome = database.apply(&all, &approved, "run").await.unwrap();
    assert_eq!(outcome.remaining, 0);
    assert_eq!(database.texts("SELECT 'attached' FROM pg_inherits WHERE inhrelid = 'c'::regclass").await.len(), 0);
    assert_eq!(database.ledger().await, ["1", "2"].map(applied));
}

#[tokio::test]
async fn a_statement_that_leaves_no_evidence_is_left_to_a_person() {
    let database = Database::create().await;
    let all = history(&[PARENT, ("2", "REINDEX TABLE p")]);
    database.migrate(&history(&[PARENT])).await.unwrap();
    cut_off(&database, &all, "2").await;
    let error = database.migrate(&all).await.unwrap_err();
    assert!(matches!(&error, Error::InDoubt { migration, .. } if migration == "2"), "{error}");
    assert!(error.to_string().contains("\"migration\": \"2\""), "{error}");
}

#[tokio::test]
async fn what_was_cut_off_and_is_not_next_is_left_to_a_person_when_planning() {
    let database = Database::create().await;
    let all = history(&[TABLE, INDEX]);
    database.migrate(&history(&[TABLE])).await.unwrap();
    cut_off(&database, &all, "2").await;
    let edited = history(&[TABLE, ("2", "SELECT 1")]);
    let error = database.plan(&edited).await.unwrap_err();
    assert!(matches!(error, Error::HistoryFailed { .. }), "{error}");
    assert!(error.to_string().contains("\"rolledBack\""), "{error}");
}

#[tokio::test]
async fn an_index_of_a_long_name_is_found_again() {
    let database = Database::create().await;
    let name = "n".repeat(70);
    let sql = format!("CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON t (n)");
    database.migrate(&history(&[TABLE])).await.unwrap();
    database.run(&format!("CREATE INDEX {name} ON t (n)")).await;
    run(&mut database.superuser().await, "UPDATE pg_index SET indisvalid = false WHERE indrelid = 't'::regclass").await;
    database.migrate(&history(&[TABLE, ("2", &sql)])).await.unwrap();
    assert_eq!(database.texts("SELECT indisvalid::text FROM pg_index WHERE indrelid = 't'::regclass").await, ["true"]);
}

#[tokio::test]
async fn an_index_of_that_name_on_another_table_is_not_a_success() {
    let database = Database::create().await;
    let elsewhere = ("1", "CREATE TABLE t (n int); CREATE TABLE u (n int); CREATE INDEX \"An Index\" ON u (n)");
    let error = database.migrate(&history(&[elsewhere, INDEX])).await.unwrap_err();
    let told = "migration 2 did nothing: its name is taken, so IF NOT EXISTS made no index: public.\"An Index\" is an index of public.u";
    assert!(error.to_string().starts_with(told), "{error}");
    assert_eq!(database.ledger().await, [applied("1")]);
}

#[tokio::test]
async fn an_index_that_waits_for_a_transaction_until_the_time_is_up_is_built_by_the_next_attempt() {
    let database = Database::create().await;
    let all = history(&[TABLE, ("1b", "SELECT 1"), INDEX]);
    database.migrate(&history(&[TABLE])).await.unwrap();
    let mut writer = database.session().await;
    run(&mut writer, "BEGIN; UPDATE t SET n = 2 WHERE id = 1").await;
    let approved = database.approve(&all).await;
    let first = database.apply_within(&all, &approved, "run", within(Duration::from_secs(1))).await.unwrap();
    assert_eq!((first.applied_now, first.remaining), (1, 1));
    run(&mut writer, "COMMIT").await;
    assert_eq!(database.apply(&all, &approved, "run").await.unwrap().remaining, 0);
    assert_eq!(database.texts(VALID).await, ["true"]);
    assert_eq!(database.ledger().await, ["1", "1b", "2"].map(applied));
}

#[tokio::test]
async fn an_index_that_cannot_be_built_leaves_nothing() {
    let database = Database::create().await;
    let error =
        database.migrate(&history(&[TABLE, ("2", "CREATE UNIQUE INDEX CONCURRENTLY u ON t (n)")])).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("statement 1, line 1 with SQLSTATE 23505") && text.contains("[constraint u, table t]"),
        "{text}"
    );
    assert!(
        text.contains(". It ran outside of a transaction, and what it left was removed: the invalid index public.u;"),
        "{text}"
    );
    assert_eq!(database.texts("SELECT relname::text FROM pg_class WHERE relname = 'u'").await.len(), 0);
    assert_eq!(database.ledger().await, [applied("1")]);
}

#[tokio::test]
async fn the_failure_names_what_a_standalone_statement_left() {
    let database = Database::create().await;
    for (sql, code, left) in [
        ("CREATE INDEX CONCURRENTLY u ON t (missing)", "42703", ", and left no invalid index;"),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY ON t (n)",
            "23505",
            ", and what it left was removed: the invalid index public.t_n_idx;",
        ),
        ("VACUUM missing", "42P01", ": look for what it left;"),
    ] {
        let text = database.migrate(&history(&[TABLE, ("2", sql)])).await.unwrap_err().to_string();
        assert!(text.contains(code) && text.contains(&format!("It ran outside of a transaction{left}")), "{text}");
        assert_eq!(database.ledger().await, [applied("1")]);
    }
}

#[tokio::test]
async fn a_session_that_is_ended_while_an_index_is_built_is_healed_by_the_retry() {
    let database = Database::create().await;
    database.migrate(&history(&[TABLE])).await.unwrap();
    let all = history(&[TABLE, INDEX]);
    let approved = database.approve(&all).await;
    // The build waits for this transaction, so the test can observe it in the middle.
    let mut reader = database.session().await;
    run(&mut reader, "BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE").await;
    let mut other = database.session().await;
    let killer = async {
        until(&mut other, "EXISTS (SELECT FROM pg_stat_progress_create_index WHERE datname = current_database())")
            .await;
        run(
            &mut other,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index WHERE datname = current_database()",
        )
        .await;
    };
    let (result, ()) = tokio::join!(database.apply(&all, &approved, "run"), killer);
    let error = result.unwrap_err();
    assert!(matches!(error, Error::ConnectionClosed { .. }), "{error}");
    assert_eq!(database.texts(VALID).await, ["false"]);
    run(&mut reader, "COMMIT").await;
    let outcome = database.apply(&all, &approved, "run").await.unwrap();
    assert_eq!(outcome.remaining, 0);
    assert_eq!(database.texts(VALID).await, ["true"]);
    assert_eq!(database.ledger().await, ["1", "2"].map(applied));
}

#[tokio::test]
async fn a_statement_of_which_only_the_server_knows_is_given_what_it_needs() {
    let database = Database::create().await;
    database.migrate(&history(&[PARENT, ("2", "REINDEX TABLE p")])).await.unwrap();
    assert_eq!(database.ledger().await, ["1", "2"].map(applied));
}

#[tokio::test]
async fn a_procedure_that_commits_by_itself_is_not_run() {
    let database = Database::create().await;
    let procedure = "CREATE TABLE t (id int); CREATE PROCEDURE twice() LANGUAGE plpgsql \
                     AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); END $$";
    let error = database.migrate(&history(&[("1", procedure), ("2", "CALL twice()")])).await.unwrap_err();
    assert!(error.to_string().contains("2D000") && error.to_string().contains("commits by itself"), "{error}");
    assert_eq!(database.texts("SELECT count(*)::text FROM t").await, ["0"]);
    assert_eq!(database.ledger().await, [applied("1")]);
}

#[tokio::test]
async fn an_error_that_looks_like_a_broken_connection_is_a_failure_of_the_statement() {
    let database = Database::create().await;
    let raise = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '08006'; END $$";
    let error = database.migrate(&history(&[("1", raise)])).await.unwrap_err();
    assert!(matches!(error, Error::MigrationFailed(_)), "{error}");
}

#[tokio::test]
async fn the_remains_of_a_reindex_are_removed_before_it_runs_again() {
    for (sql, others) in [
        ("REINDEX INDEX CONCURRENTLY by_n", 0),
        ("REINDEX TABLE CONCURRENTLY t", 0),
        ("REINDEX SCHEMA CONCURRENTLY public", 0),
        ("REINDEX TABLE CONCURRENTLY other", 1),
    ] {
        let database = Database::create().await;
        let first = ("1", "CREATE TABLE t (n int); CREATE INDEX by_n ON t (n); CREATE TABLE other (n int PRIMARY KEY)");
        let all = history(&[first, ("2", sql)]);
        database.migrate(&history(&[first])).await.unwrap();
        database.run("CREATE INDEX by_n_ccnew ON t (n); CREATE INDEX mine ON t (n)").await;
        let invalid =
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('by_n_ccnew'::regclass, 'mine'::regclass)";
        run(&mut database.superuser().await, invalid).await;
        cut_off(&database, &all, "2").await;
        database.migrate(&all).await.unwrap();
        let left = "SELECT count(*)::text FROM pg_class WHERE relname ~ '_cc(new|old)[0-9]*$'";
        assert_eq!(database.texts(left).await, [others.to_string()], "{sql}");
        // An invalid index of another session stays.
        assert_eq!(database.texts("SELECT count(*)::text FROM pg_class WHERE relname = 'mine'").await, ["1"]);
        assert_eq!(database.ledger().await.len(), 2);
    }
}

#[tokio::test]
async fn an_index_that_another_role_is_building_is_not_removed() {
    let database = Database::create().await;
    let first = ("1", "CREATE TABLE t (n int)");
    let all = history(&[first, ("2", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (n)")]);
    database.migrate(&history(&[first])).await.unwrap();
    let mut writer = database.session().await;
    run(&mut writer, "BEGIN; INSERT INTO t VALUES (1)").await;
    let mut builder = database.superuser().await;
    let build = tokio::spawn(async move { run(&mut builder, "CREATE INDEX CONCURRENTLY i ON t (n)").await });
    until(&mut database.session().await, "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'i')").await;

    let error = database.migrate(&all).await.unwrap_err();
    let Error::IndexBeingBuilt { migration, index, pid } = &error else { panic!("{error}") };
    let is_building = format!("SELECT count(*)::text FROM pg_stat_progress_create_index WHERE pid = {pid}");
    assert_eq!((migration.as_str(), index.as_str()), ("2", "public.i"));
    assert_eq!(database.texts(&is_building).await, ["1"]);
    assert_eq!(
        error.to_string(),
        format!(
            "migration 2 leaves the invalid index public.i alone: the session with pid {pid} is building an index on the \
             same table, and it may be this one. Start a new run when that session has finished"
        )
    );
    run(&mut writer, "COMMIT").await;
    build.await.unwrap();
    database.migrate(&all).await.unwrap();
    assert_eq!(
        database.texts("SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'i'::regclass").await,
        ["true"]
    );
}

#[tokio::test]
async fn a_statement_that_releases_the_lock_is_told_so_and_stays_open() {
    let database = Database::create().await;
    let releases = "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql \
                    AS $$ BEGIN PERFORM pg_catalog.pg_advisory_unlock_all(); RETURN 1; END $$";
    let index = "CREATE INDEX CONCURRENTLY i ON t (f(n))";
    let error = database.migrate(&history(&[TABLE, ("2", releases), ("3", index)])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "this run lost the migration lock during migration 3, so the ledger was not changed: no session holds the lock now; \
         a statement of this run released it (pg_advisory_unlock_all?)"
    );
    assert_eq!(database.ledger().await, [applied("1"), applied("2"), "3 false 0 false".into()]);
}
