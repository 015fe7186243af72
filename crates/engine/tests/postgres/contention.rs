//! Tests other sessions' locks: they are waited for briefly, again and again, and named.

use std::time::Duration;

use engine::Error;
use engine::apply::Budget;

use crate::support::{Database, applied, budget, history, run, until, within};

const LOCK: &str = "SELECT pg_advisory_lock(72707369)";

#[tokio::test]
async fn a_table_that_stays_locked_fails_with_who_holds_it() {
    let database = Database::create().await;
    database.migrate(&history(&[("1", "CREATE TABLE a (id int)")])).await.unwrap();
    let mut holder = database.session().await;
    run(&mut holder, "SET application_name = 'a long report'; BEGIN; LOCK TABLE a IN ACCESS SHARE MODE").await;
    let two = history(&[("1", "CREATE TABLE a (id int)"), ("2", "ALTER TABLE a ADD b text")]);
    let error = database.migrate(&two).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::LockTimeout { tries: 2.., .. }), "{text}");
    assert!(text.contains("55P03") && text.contains("a long report"), "{text}");
    run(&mut holder, "COMMIT").await;
    database.migrate(&two).await.unwrap();
}

#[tokio::test]
async fn a_table_that_comes_free_is_waited_for_without_blocking_readers() {
    let database = Database::create().await;
    database.migrate(&history(&[("1", "CREATE TABLE a (id int)")])).await.unwrap();
    let mut holder = database.session().await;
    run(&mut holder, "BEGIN; LOCK TABLE a IN ACCESS SHARE MODE").await;
    let two = history(&[("1", "CREATE TABLE a (id int)"), ("2", "ALTER TABLE a ADD b text")]);
    let release = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        run(&mut holder, "COMMIT").await;
    };
    let (result, ()) = tokio::join!(database.migrate(&two), release);
    assert_eq!(result.unwrap().applied_now, 1);
    assert_eq!(database.ledger().await, [applied("1"), applied("2")]);
}

#[tokio::test]
async fn no_session_queues_behind_our_request_while_a_long_transaction_holds_the_table() {
    let database = Database::create().await;
    database.migrate(&history(&[("1", "CREATE TABLE a (id int)")])).await.unwrap();
    let mut holder = database.session().await;
    run(&mut holder, "BEGIN; LOCK TABLE a IN ACCESS SHARE MODE").await;
    let two = history(&[("1", "CREATE TABLE a (id int)"), ("2", "ALTER TABLE a ADD b text")]);
    let watch = async {
        let mut requests = 0;
        for _ in 0..40 {
            let asked = "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'a'::regclass";
            requests += database.texts(asked).await[0].parse::<u32>().unwrap();
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        run(&mut holder, "COMMIT").await;
        requests
    };
    let approved = database.approve(&two).await;
    let patient = Budget { contention_patience: Duration::from_mins(1), ..budget() };
    let (result, requests) = tokio::join!(database.apply_within(&two, &approved, "run", patient), watch);
    assert_eq!((result.unwrap().applied_now, requests), (1, 0));
}

#[tokio::test]
async fn a_reader_that_outlasts_the_function_is_named_and_not_the_script_blamed() {
    let database = Database::create().await;
    database.migrate(&history(&[("1", "CREATE TABLE a (id int)")])).await.unwrap();
    let mut holder = database.session().await;
    run(&mut holder, "BEGIN; LOCK TABLE a IN ACCESS SHARE MODE").await;
    let two = history(&[("1", "CREATE TABLE a (id int)"), ("2", "ALTER TABLE a ADD b text")]);
    let approved = database.approve(&two).await;
    let short = Budget { contention_patience: Duration::from_mins(1), ..within(Duration::from_secs(4)) };
    let error = database.apply_within(&two, &approved, "run", short).await.unwrap_err();
    assert!(matches!(error, Error::LockTimeout { .. }), "{error}");
}

#[tokio::test]
async fn a_migration_lock_that_stays_held_fails_with_who_holds_it() {
    let database = Database::create().await;
    let mut holder = database.session().await;
    run(&mut holder, "SET application_name = 'prisma'").await;
    run(&mut holder, LOCK).await;
    let history = history(&[("1", "CREATE TABLE a ()")]);
    let approved = database.approve(&history).await;
    let impatient = Budget { lock_patience: Duration::from_millis(500), ..budget() };
    let error = database.apply_within(&history, &approved, "run", impatient).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::LockHeld { .. }), "{text}");
    assert!(text.contains("application prisma") && text.contains(&database.target.user), "{text}");
    assert!(database.tables().await.is_empty());
}

#[tokio::test]
async fn an_earlier_attempts_own_session_is_told_as_such() {
    let database = Database::create().await;
    let mut orphan = database.session().await;
    run(&mut orphan, &format!("SET application_name = '{}'", database.target.application_name)).await;
    run(&mut orphan, LOCK).await;
    let history = history(&[("1", "CREATE TABLE a ()")]);
    let approved = database.approve(&history).await;
    let impatient = Budget { lock_patience: Duration::from_millis(500), ..budget() };
    let error = database.apply_within(&history, &approved, "run", impatient).await.unwrap_err();
    assert!(error.to_string().contains("an earlier attempt of this run"), "{error}");
}

#[tokio::test]
async fn a_migration_lock_that_comes_free_is_taken_and_given_up() {
    let database = Database::create().await;
    let mut holder = database.session().await;
    run(&mut holder, LOCK).await;
    let release = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        run(&mut holder, "SELECT pg_advisory_unlock(72707369)").await;
    };
    let history = history(&[("1", "CREATE TABLE a ()")]);
    let (result, ()) = tokio::join!(database.migrate(&history), release);
    result.unwrap();
    until(&mut holder, "SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))").await;
}

#[tokio::test]
async fn what_waits_for_a_transaction_until_the_end_names_it() {
    let database = Database::create().await;
    let start = [
        (
            "1",
            "CREATE TABLE a (id int, at date) PARTITION BY RANGE (at); CREATE TABLE a_1 PARTITION OF a FOR VALUES FROM ('2026-01-01') TO ('2026-01-02')",
        ),
        ("2", "CREATE TABLE b (id int); CREATE INDEX b_id ON b (id)"),
    ];
    database.migrate(&history(&start)).await.unwrap();
    let mut holder = database.session().await;
    let hold = "SET application_name = 'a long report'; BEGIN; INSERT INTO a VALUES (1, '2026-01-01'); INSERT INTO b VALUES (1)";
    run(&mut holder, hold).await;
    for sql in [
        "REINDEX TABLE CONCURRENTLY b",
        "CREATE INDEX CONCURRENTLY i ON b (id)",
        "DROP INDEX CONCURRENTLY b_id",
        "ALTER TABLE a DETACH PARTITION a_1 CONCURRENTLY",
        // In a transaction without the limit that ours has.
        "SET lock_timeout = 0; ALTER TABLE b ADD c int",
    ] {
        let all = history(&[start[0], start[1], ("3", sql)]);
        let approved = database.approve(&all).await;
        let short = Budget { contention_patience: Duration::from_millis(1), ..within(Duration::from_secs(2)) };
        let result = database.apply_within(&all, &approved, sql, short).await;
        let Err(error) = result.map_err(|error| error.to_string()) else { panic!("{sql}: applied") };
        for part in ["57014", "(user ", "a long report", "idle in transaction", "in its transaction for ", " s)"] {
            assert!(error.contains(part), "{sql}: {error}");
        }
        assert!(!error.contains("more time") && !error.contains("Fix the script"), "{sql}: {error}");
        // The next attempt examines the statement that was cut off.
        database.run("DELETE FROM _prisma_migrations WHERE migration_name = '3'").await;
    }
}

#[tokio::test]
async fn a_transaction_that_is_prepared_is_named_as_such() {
    let database = Database::create().await;
    database.migrate(&history(&[("1", "CREATE TABLE a (id int)")])).await.unwrap();
    let name = &database.target.database;
    database.run(&format!("BEGIN; INSERT INTO a VALUES (1); PREPARE TRANSACTION '{name}'")).await;
    let all = history(&[("1", "CREATE TABLE a (id int)"), ("2", "CREATE INDEX CONCURRENTLY i ON a (id)")]);
    let approved = database.approve(&all).await;
    let result = database.apply_within(&all, &approved, "run", within(Duration::from_secs(2))).await;
    database.run(&format!("ROLLBACK PREPARED '{name}'")).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("a prepared transaction"), "{error}");
}

#[tokio::test]
async fn a_script_that_takes_too_long_says_so() {
    let database = Database::create().await;
    let all = history(&[("1", "SELECT pg_sleep(20)")]);
    let approved = database.approve(&all).await;
    let error = database.apply_within(&all, &approved, "run", within(Duration::from_secs(1))).await.unwrap_err();
    assert!(error.to_string().contains("give the apply function more time"), "{error}");
}

#[tokio::test]
async fn who_waits_for_the_migration_lock_is_named() {
    let database = Database::create().await;
    let all = history(&[
        ("1", "CREATE TABLE a (id int); SELECT pg_sleep(1.5)"),
        ("2", "CREATE INDEX CONCURRENTLY i ON a (id)"),
    ]);
    let approved = database.approve(&all).await;
    let mut waiter = database.session().await;
    run(&mut waiter, "SET application_name = 'prisma'").await;
    let wait = async {
        let mut looking = database.session().await;
        until(
            &mut looking,
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 72707369 \
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        )
        .await;
        run(&mut waiter, LOCK).await;
    };
    let (result, ()) = tokio::join!(database.apply(&all, &approved, "run"), wait);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("40P01"), "{error}");
    assert!(error.contains("wait for the migration lock, which this run holds") && error.contains("prisma"), "{error}");
}
