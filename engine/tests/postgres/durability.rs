//! What was reported survives a crash of the server.

use crate::support::{Database, history, run, texts};

#[tokio::test]
async fn an_attempt_that_finds_nothing_left_flushes_what_an_earlier_one_committed() {
    let database = Database::create().await;
    let history = history(&[("1", "CREATE TABLE a ()")]);
    let approved = database.approve(&history).await;
    database.apply(&history, &approved, "run").await.unwrap();

    // Stands for commits of which nobody waited for the flush.
    let mut other = database.session().await;
    run(&mut other, "SET synchronous_commit = off; CREATE TABLE b AS SELECT generate_series(1, 1000)").await;
    let written = texts(&mut other, "SELECT pg_current_wal_insert_lsn()::text").await.remove(0);
    let outcome = database.apply(&history, &approved, "run").await.unwrap();
    assert_eq!(outcome.applied_now, 0);
    let flushed = format!("SELECT (pg_current_wal_flush_lsn() >= '{written}')::text");
    assert_eq!(texts(&mut other, &flushed).await, ["true"]);
}

#[tokio::test]
async fn a_databases_own_mode_does_not_loosen_our_commits() {
    let database = Database::create().await;
    database.run(&format!("ALTER DATABASE {} SET synchronous_commit = off", database.target.database)).await;
    let setting = "CREATE TABLE mode AS SELECT current_setting('synchronous_commit') AS mode";
    let own = "SET synchronous_commit = off";
    let again = "INSERT INTO mode SELECT current_setting('synchronous_commit')";
    database.migrate(&history(&[("1", setting), ("2", own), ("3", again)])).await.unwrap();
    assert_eq!(database.texts("SELECT mode FROM mode").await, ["on", "on"]);
}
