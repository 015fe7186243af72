//! Tests that a database which was created before its ledger gets one, and that nothing is run.

use std::time::Duration;

use engine::Error;
use engine::attempt::Attempt;
use engine::baseline::{ApprovedBaseline, Baseline, plan_baseline, record};
use engine::history::History;
use engine::session::Session;

use crate::support::{Database, INSTANCE, history, sqlx_history};

const PATIENCE: Duration = Duration::from_secs(5);

async fn planned(database: &Database, history: &History, up_to: &str) -> engine::Result<Baseline> {
    plan_baseline(&mut Session::open(&database.target).await.unwrap(), INSTANCE, history, up_to).await
}

async fn recorded(database: &Database, history: &History, up_to: &str, digest: &str) -> engine::Result<usize> {
    let approved = ApprovedBaseline { up_to: up_to.into(), digest: digest.into() };
    record(Attempt { target: &database.target, instance: INSTANCE, history, run: "run" }, &approved, PATIENCE).await
}

#[tokio::test]
async fn a_baseline_is_recorded_and_the_rest_is_applied() {
    let scripts = [("1_a", "CREATE TABLE a ()"), ("2_b", "CREATE TABLE b ()"), ("3_c", "CREATE TABLE c ()")];
    for history in [history(&scripts), sqlx_history(&scripts)] {
        let database = Database::create().await;
        database.run("CREATE TABLE a (); CREATE TABLE b ()").await;
        let baseline = planned(&database, &history, "2_b").await.unwrap();
        assert_eq!((baseline.tables, baseline.migrations), (2, vec!["1_a".to_owned(), "2_b".to_owned()]));
        assert_eq!(database.tables().await, ["a", "b"], "looking writes nothing");

        assert_eq!(recorded(&database, &history, "2_b", &baseline.digest).await.unwrap(), 2);
        // Again, as after an answer that was lost.
        assert_eq!(recorded(&database, &history, "2_b", &baseline.digest).await.unwrap(), 0);
        let plan = database.plan(&history).await.unwrap();
        assert_eq!((plan.already_applied, plan.warnings), (2, Vec::<String>::new()));
        assert_eq!(database.migrate(&history).await.unwrap().applied_now, 1);
    }
}

#[tokio::test]
async fn the_rows_are_those_that_the_tools_themselves_would_write() {
    let database = Database::create().await;
    database.run("CREATE TABLE a ()").await;
    let both = history(&[("1_a", "SELECT 1"), ("2_b", "SELECT 2")]);
    let baseline = planned(&database, &both, "2_b").await.unwrap();
    recorded(&database, &both, "2_b", &baseline.digest).await.unwrap();
    assert_eq!(database.ledger().await, ["1_a true false 0 false", "2_b true false 0 false"]);

    let database = Database::create().await;
    database.run("CREATE TABLE a ()").await;
    let both = sqlx_history(&[("1_a", "SELECT 1"), ("2_b", "SELECT 2")]);
    // The version is enough.
    let baseline = planned(&database, &both, "2").await.unwrap();
    recorded(&database, &both, "2", &baseline.digest).await.unwrap();
    let rows = "SELECT concat_ws(' ', version, description, success, execution_time) FROM _sqlx_migrations ORDER BY 1";
    assert_eq!(database.texts(rows).await, ["1 a t -1", "2 b t -1"]);
}

#[tokio::test]
async fn a_baseline_is_for_tables_without_a_ledger_only() {
    let database = Database::create().await;
    let history = history(&[("1_a", "CREATE TABLE a ()")]);
    let error = planned(&database, &history, "1_a").await.unwrap_err();
    assert!(error.to_string().contains("schema \"public\" has no table"), "{error}");
    let error = planned(&database, &history, "9").await.unwrap_err();
    assert!(error.to_string().starts_with("upTo: there is no migration \"9\""), "{error}");
    database.migrate(&history).await.unwrap();
    let error = planned(&database, &history, "1_a").await.unwrap_err();
    assert!(error.to_string().contains("_prisma_migrations has 1 row(s) already"), "{error}");
}

#[tokio::test]
async fn a_ledgers_schema_is_made_and_another_ledger_told_of() {
    let mut database = Database::create().await;
    let history = sqlx_history(&[("1_a", "CREATE TABLE a ()")]);
    database.run("CREATE TABLE a ()").await;
    database.target.sqlx_table = "ops.ledger".parse().unwrap();
    let baseline = planned(&database, &history, "1").await.unwrap();
    assert_eq!(recorded(&database, &history, "1", &baseline.digest).await.unwrap(), 1);
    assert_eq!(database.texts("SELECT description FROM ops.ledger").await, ["a"]);
    database.target.sqlx_table = "another".parse().unwrap();
    let baseline = planned(&database, &history, "1").await.unwrap();
    assert!(baseline.warnings[0].contains("ops.ledger looks like a ledger of sqlx's"), "{:?}", baseline.warnings);
}

#[tokio::test]
async fn another_runs_row_of_another_script_is_not_taken_for_ours() {
    let database = Database::create().await;
    database.run("CREATE TABLE a ()").await;
    let ours = sqlx_history(&[("1_a", "CREATE TABLE a ()")]);
    let theirs = sqlx_history(&[("1_a", "CREATE TABLE IF NOT EXISTS a ()")]);
    let baseline = planned(&database, &ours, "1_a").await.unwrap();
    database.migrate(&theirs).await.unwrap();
    let error = recorded(&database, &ours, "1_a", &baseline.digest).await.unwrap_err();
    assert!(error.to_string().contains("_sqlx_migrations has 1 row(s) already"), "{error}");
}

#[tokio::test]
async fn a_baseline_that_changed_since_it_was_shown_is_not_recorded() {
    let database = Database::create().await;
    database.run("CREATE TABLE a ()").await;
    let history = history(&[("1_a", "CREATE TABLE a ()")]);
    let baseline = planned(&database, &history, "1_a").await.unwrap();
    database.run("CREATE TABLE b ()").await;
    let error = recorded(&database, &history, "1_a", &baseline.digest).await.unwrap_err();
    assert!(matches!(error, Error::PlanChanged { .. }), "{error}");
    assert_eq!(database.tables().await, ["a", "b"]);
}
