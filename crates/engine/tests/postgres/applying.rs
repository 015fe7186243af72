//! Tests that each migration is applied exactly once: when repeated, in several attempts, side by side, and cut off.

use std::time::Duration;

use engine::Error;

use crate::support::{Database, LEDGER, applied, budget, history, run, texts, until, within};

const THREE: [(&str, &str); 3] = [
    ("1_a", "CREATE TABLE a (id int); INSERT INTO a VALUES (1);"),
    ("2_b", "CREATE TABLE b (id int) -- and no semicolon"),
    ("3_c", "INSERT INTO a VALUES (3)"),
];

#[tokio::test]
async fn a_history_is_applied_and_recorded_as_prisma_records_it() {
    let database = Database::create().await;
    let outcome = database.migrate(&history(&THREE)).await.unwrap();
    assert_eq!((outcome.applied.len(), outcome.applied_now, outcome.remaining), (3, 3, 0));
    assert!(outcome.applied.iter().all(|migration| migration.by_this_run));
    assert_eq!(database.ledger().await, THREE.map(|(name, _)| applied(name)));
    let odd = format!(
        "SELECT migration_name::text FROM {LEDGER} WHERE id !~ '^[0-9a-f]{{8}}-[0-9a-f]{{4}}-4[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}$' \
         OR checksum !~ '^[0-9a-f]{{64}}$'"
    );
    assert!(database.texts(&odd).await.is_empty());
}

#[tokio::test]
async fn the_same_plan_again_finds_everything_done() {
    let database = Database::create().await;
    let history = history(&THREE);
    let approved = database.approve(&history).await;
    database.apply(&history, &approved, "run").await.unwrap();
    for (run, by_this_run) in [("run", true), ("another run", false)] {
        let outcome = database.apply(&history, &approved, run).await.unwrap();
        assert_eq!((outcome.applied_now, outcome.remaining), (0, 0));
        assert!(outcome.applied.iter().all(|migration| migration.by_this_run == by_this_run), "{run}");
    }
    assert_eq!(database.texts("SELECT count(*)::text FROM a").await, ["2"]);
}

#[tokio::test]
async fn what_another_run_applied_of_the_plan_is_not_applied_again() {
    let database = Database::create().await;
    let all = history(&THREE);
    let approved = database.approve(&all).await;
    let first = history(&THREE[..1]);
    let prefix = database.approve(&first).await;
    database.apply(&first, &prefix, "another run").await.unwrap();
    let outcome = database.apply(&all, &approved, "run").await.unwrap();
    let whose: Vec<_> = outcome.applied.iter().map(|migration| migration.by_this_run).collect();
    assert_eq!((whose, outcome.applied_now), (vec![false, true, true], 2));
    assert_eq!(database.ledger().await, THREE.map(|(name, _)| applied(name)));
}

#[tokio::test]
async fn a_history_that_changed_since_it_was_planned_is_not_applied() {
    let database = Database::create().await;
    let approved = database.approve(&history(&THREE)).await;
    let mut edited = THREE;
    edited[2].1 = "DROP TABLE a";
    let error = database.apply(&history(&edited), &approved, "run").await.unwrap_err();
    assert!(matches!(error, Error::PlanChanged { .. }), "{error}");
    assert!(database.tables().await.is_empty());
}

#[tokio::test]
async fn runs_side_by_side_apply_each_migration_once() {
    let database = Database::create().await;
    let scripts: Vec<_> =
        (10..30).map(|n| (format!("{n}"), format!("CREATE TABLE t{n} (); SELECT pg_sleep(0.02)"))).collect();
    let scripts: Vec<_> = scripts.iter().map(|(name, sql)| (name.as_str(), sql.as_str())).collect();
    let history = history(&scripts);
    let approved = database.approve(&history).await;
    let attempt = async |run: &'static str| {
        // The lock may be held for longer than one attempt polls: the state machine would try again.
        loop {
            match database.apply(&history, &approved, run).await {
                Err(Error::LockHeld { .. }) => {}
                result => return result.unwrap(),
            }
        }
    };
    let (one, two, three) = tokio::join!(attempt("one"), attempt("two"), attempt("three"));
    assert_eq!(one.applied_now + two.applied_now + three.applied_now, 20);
    assert_eq!(database.ledger().await.len(), 20);
}

#[tokio::test]
async fn a_session_that_is_ended_in_a_script_leaves_nothing_of_it_and_the_retry_goes_on() {
    let database = Database::create().await;
    let history = history(&[
        ("1", "CREATE TABLE a (id int)"),
        ("2", "INSERT INTO a VALUES (1); SELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM slow) THEN 30 ELSE 0 END)"),
        ("3", "INSERT INTO a VALUES (2)"),
    ]);
    let prelude = crate::support::history(&[("0", "CREATE TABLE slow (); INSERT INTO slow DEFAULT VALUES")]);
    let history = engine::history::History { migrations: [prelude.migrations, history.migrations].concat(), ..prelude };
    let approved = database.approve(&history).await;
    let mut other = database.session().await;
    let killer = async {
        until(&mut other, "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'lockstep test' AND datname = current_database() AND wait_event = 'PgSleep')").await;
        run(&mut other, "DELETE FROM slow").await;
        run(&mut other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lockstep test' AND datname = current_database()").await;
    };
    let (result, ()) = tokio::join!(database.apply(&history, &approved, "run"), killer);
    let error = result.unwrap_err();
    assert!(matches!(&error, Error::ConnectionClosed { during, .. } if during == "migration 2"), "{error}");
    assert_eq!(database.ledger().await, [applied("0"), applied("1")]);

    let outcome = database.apply(&history, &approved, "run").await.unwrap();
    assert_eq!((outcome.applied_now, outcome.applied.len()), (2, 4));
    assert!(outcome.applied.iter().all(|migration| migration.by_this_run));
    assert_eq!(database.texts("SELECT id::text FROM a ORDER BY id").await, ["1", "2"]);
}

#[tokio::test]
async fn an_attempt_stops_in_time_and_the_next_goes_on() {
    let database = Database::create().await;
    let scripts = ["1", "2", "3", "4"].map(|name| (name, "SELECT pg_sleep(0.4)"));
    let history = history(&scripts);
    let approved = database.approve(&history).await;
    let first = database.apply_within(&history, &approved, "run", within(Duration::from_millis(700))).await.unwrap();
    assert!(first.remaining > 0 && !first.applied.is_empty(), "{first:?}");
    let second = database.apply_within(&history, &approved, "run", budget()).await.unwrap();
    assert_eq!((second.applied.len(), second.remaining), (4, 0));
    assert_eq!(database.ledger().await, scripts.map(|(name, _)| applied(name)));
}

#[tokio::test]
async fn a_script_that_needs_more_than_all_the_time_is_cancelled_and_says_so() {
    let database = Database::create().await;
    let history = history(&[("1", "CREATE TABLE a (); SELECT pg_sleep(60)")]);
    let approved = database.approve(&history).await;
    let error =
        database.apply_within(&history, &approved, "run", within(Duration::from_millis(500))).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("statement 2, line 1 with SQLSTATE 57014") && text.contains("had the whole time"), "{text}");
    assert_eq!(database.tables().await, ["_prisma_migrations"]);
    let still = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    assert!(texts(&mut database.superuser().await, still).await.is_empty());
}

#[tokio::test]
async fn a_row_from_a_clock_that_was_ahead_disturbs_nothing() {
    let database = Database::create().await;
    database.migrate(&history(&THREE[..1])).await.unwrap();
    database
        .run(&format!(
            "UPDATE {LEDGER} SET started_at = now() + interval '1 hour', finished_at = now() + interval '1 hour'"
        ))
        .await;
    let history = history(&THREE);
    let approved = database.approve(&history).await;
    let outcome = database.apply(&history, &approved, "run").await.unwrap();
    assert_eq!((outcome.applied_now, outcome.remaining), (2, 0));
    assert_eq!(database.apply(&history, &approved, "run").await.unwrap().applied.len(), 2);
    assert_eq!(database.ledger().await, THREE.map(|(name, _)| applied(name)));
}

#[tokio::test]
async fn a_ledger_that_discards_rows_is_noticed_and_nothing_is_applied() {
    let database = Database::create().await;
    database.migrate(&history(&THREE[..1])).await.unwrap();
    database.run(&format!("CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER s BEFORE INSERT ON {LEDGER} FOR EACH ROW EXECUTE FUNCTION swallow()")).await;
    let error = database.migrate(&history(&THREE)).await.unwrap_err();
    assert!(error.to_string().contains("discards or changes its rows"), "{error}");
    assert_eq!(database.tables().await, ["_prisma_migrations", "a"]);
}
