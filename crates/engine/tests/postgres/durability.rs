//! Tests that reported work survives a crash of the server.

use crate::support::{Database, history, run, texts};

#[tokio::test]
async fn an_attempt_that_finds_nothing_left_flushes_what_an_earlier_one_committed() {
    let database = Database::create().await;
    let history = history(&[("1", "CREATE TABLE a ()")]);
    let approved = database.approve(&history).await;
    database.apply(&history, &approved, "run").await.unwrap();

    // Stands for commits that did not wait for their flush.
    let mut other = database.session().await;
    run(&mut other, "SET synchronous_commit = off; CREATE TABLE b AS SELECT generate_series(1, 1000)").await;
    let written = texts(&mut other, "SELECT pg_current_wal_insert_lsn()::text").await.remove(0);
    let outcome = database.apply(&history, &approved, "run").await.unwrap();
    assert_eq!(outcome.applied_now, 0);
    let flushed = format!("SELECT (pg_current_wal_flush_lsn() >= '{written}')::text");
    assert_eq!(texts(&mut other, &flushed).await, ["true"]);
}

#[tokio::test]
async fn no_commit_waits_alone_and_all_are_flushed_before_the_report() {
    let database = Database::create().await;
    database.run(&format!("ALTER DATABASE {} SET synchronous_commit = on", database.target.database)).await;
    let look = "CREATE TABLE IF NOT EXISTS seen (mode text, lsn pg_lsn); \
                INSERT INTO seen SELECT current_setting('synchronous_commit'), pg_current_wal_insert_lsn()";
    let own = format!("{look}; SET synchronous_commit = on");
    database.migrate(&history(&[("1", look), ("2", &own), ("3", look)])).await.unwrap();
    let flushed = "SELECT concat_ws(' ', mode, pg_current_wal_flush_lsn() > lsn) FROM seen";
    assert_eq!(database.texts(flushed).await, ["off t"; 3]);
}
