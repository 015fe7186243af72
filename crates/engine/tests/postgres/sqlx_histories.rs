//! Tests histories in sqlx's layout: sqlx's ledger, its lock, and what its own migrator would refuse.

use std::time::Duration;

use engine::Error;
use engine::attempt::Attempt;
use engine::history::{Format, Migration};
use engine::plan::{OnDivergence, plan_history};
use engine::preflight::preflight;
use engine::resolve::{ApprovedClaim, Claim, Declared, find_evidence, resolve};
use engine::session::Session;

use crate::support::{Database, INSTANCE, run, sqlx_history as history, texts, until};

const LEDGER: &str = "public._sqlx_migrations";
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns version, description, success, checksum, and whether the time is a duration, in the order of installation.
async fn ledger(database: &Database) -> Vec<String> {
    let sql = format!(
        "SELECT concat_ws('|', version, description, success, encode(checksum, 'hex'), execution_time >= 0) FROM {LEDGER} \
         ORDER BY installed_on"
    );
    database.texts(&sql).await
}

fn line(migration: &Migration, description: &str) -> String {
    let version = migration.name.split('_').next().unwrap().parse::<i64>().unwrap();
    format!("{version}|{description}|t|{}|t", migration.checksum)
}

fn two() -> engine::history::History {
    history(&[("0001_create_a", "CREATE TABLE a ()"), ("0002_create_b", "-- no-transaction\nCREATE TABLE b ()")])
}

async fn leave_open(database: &Database, version: i64) {
    let row = format!(
        "INSERT INTO {LEDGER} (version, description, success, checksum, execution_time) VALUES ({version}, 'x', false, '', -1)"
    );
    database.run(&row).await;
}

#[tokio::test]
async fn a_history_is_applied_as_sqlx_records_it() {
    let database = Database::create_for(Format::Sqlx).await;
    let history = two();
    let outcome = database.migrate(&history).await.unwrap();
    assert_eq!((outcome.applied_now, outcome.remaining), (2, 0));
    assert!(outcome.applied.iter().all(|applied| applied.by_this_run));
    assert_eq!(outcome.applied[1].name, "0002_create_b");
    let [first, second] = [line(&history.migrations[0], "create a"), line(&history.migrations[1], "create b")];
    assert_eq!(ledger(&database).await, [first, second]);
    assert_eq!(database.tables().await, ["_sqlx_migrations", "a", "b"]);
    let plan = database.plan(&history).await.unwrap();
    assert_eq!((plan.pending.len(), plan.already_applied, plan.warnings), (0, 2, Vec::<String>::new()));
}

#[tokio::test]
async fn a_table_of_another_name_is_used() {
    let mut database = Database::create_for(Format::Sqlx).await;
    database.target.sqlx_table = r#""odd ""ledger""""#.parse().unwrap();
    database.migrate(&two()).await.unwrap();
    assert_eq!(database.tables().await, ["a", "b", "odd \"ledger\""]);
    assert!(database.plan(&two()).await.unwrap().pending.is_empty());
    // In a schema of its own, which is created; a warning names the other ledger.
    database.target.sqlx_table = "Ops.Ledger".parse().unwrap();
    let plan = database.plan(&history(&[("1_c", "CREATE TABLE c ()")])).await.unwrap();
    assert!(
        plan.warnings.iter().any(|warning| warning.contains("but public.\"odd \"\"ledger\"\"\" looks like")),
        "{:?}",
        plan.warnings
    );
    database.migrate(&history(&[("1_c", "CREATE TABLE c ()")])).await.unwrap();
    assert_eq!(database.texts("SELECT description FROM ops.ledger").await, ["c"]);
}

#[tokio::test]
async fn a_ledger_that_sqlx_would_find_first_is_not_overlooked() {
    let database = Database::create_for(Format::Sqlx).await;
    let schema = &database.target.user;
    let mut own = database.target.clone();
    own.schema.clone_from(schema);
    let own = Database { target: own };
    own.migrate(&two()).await.unwrap();
    let error = database.plan(&two()).await.unwrap_err().to_string();
    assert!(
        error.starts_with("DatabaseSchema: there is no") && error.contains("sqlx finds first for this role"),
        "{error}"
    );
}

#[tokio::test]
async fn a_script_that_sqlx_could_not_run_is_a_warning() {
    let database = Database::create_for(Format::Sqlx).await;
    let history = history(&[("1_a", "CREATE TABLE a ()"), ("2_v", "VACUUM a"), ("3_v", "-- no-transaction\nVACUUM a")]);
    let warnings = database.plan(&history).await.unwrap().warnings;
    assert_eq!(warnings, ["2_v runs outside a transaction; for sqlx itself it has to begin with -- no-transaction"]);
}

#[tokio::test]
async fn a_failure_leaves_no_row_and_a_plain_retry_goes_on() {
    let database = Database::create_for(Format::Sqlx).await;
    let broken = history(&[("1_a", "CREATE TABLE a ()"), ("2_b", "CREATE TABLE b (); SELECT 1/0")]);
    let error = database.migrate(&broken).await.unwrap_err();
    assert!(matches!(error, Error::MigrationFailed(_)), "{error}");
    assert_eq!(database.tables().await, ["_sqlx_migrations", "a"]);
    let mended = history(&[("1_a", "CREATE TABLE a ()"), ("2_b", "CREATE TABLE b ()")]);
    assert_eq!(database.migrate(&mended).await.unwrap().applied_now, 1);
}

#[tokio::test]
async fn the_lock_is_the_one_that_sqlx_takes() {
    let database = Database::create_for(Format::Sqlx).await;
    let mut other = database.session().await;
    // As sqlx computes it, with the polynomial from sqlx's sources.
    let key = 0x3d32_ad9e_i64 * i64::from(crc32(database.target.database.as_bytes()));
    run(&mut other, &format!("SELECT pg_advisory_lock({key})")).await;
    let approved = database.approve(&two()).await;
    let budget = engine::apply::Budget { lock_patience: Duration::from_millis(300), ..crate::support::budget() };
    let error = database.apply_within(&two(), &approved, "run", budget).await.unwrap_err();
    assert!(matches!(error, Error::LockHeld { .. }), "{error}");
    let mut session = Session::open(&database.target).await.unwrap();
    let warnings = preflight(&mut session, Format::Sqlx).await.unwrap().warnings;
    assert!(warnings[0].starts_with("another session holds the migration lock"), "{warnings:?}");
    run(&mut other, &format!("SELECT pg_advisory_unlock({key})")).await;
    database.apply(&two(), &approved, "run").await.unwrap();
}

/// Returns the CRC-32/ISO-HDLC, computed bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[tokio::test]
async fn a_row_without_success_stops_plan_and_apply_until_it_is_resolved() {
    let database = Database::create_for(Format::Sqlx).await;
    let history = two();
    database.migrate(&sqlx_first(&history)).await.unwrap();
    let approved = database.approve(&history).await;
    leave_open(&database, 2).await;
    for error in
        [database.plan(&history).await.unwrap_err(), database.apply(&history, &approved, "run").await.unwrap_err()]
    {
        assert!(matches!(error, Error::HistoryFailed { .. }), "{error}");
    }
    for (resolution, pending) in [(Declared::RolledBack, 1), (Declared::Applied, 0)] {
        let claim = Claim { migration: "0002_create_b".into(), resolution };
        let mut session = Session::open(&database.target).await.unwrap();
        let digest = find_evidence(&mut session, INSTANCE, &history, &claim).await.unwrap().digest;
        let approved = ApprovedClaim { claim, digest };
        let attempt = Attempt { target: &database.target, instance: INSTANCE, history: &history, run: "run" };
        let settle = || resolve(attempt, &approved, PATIENCE);
        assert!(settle().await.unwrap());
        assert!(!settle().await.unwrap(), "again, as after an answer that was lost");
        assert_eq!(database.plan(&history).await.unwrap().pending.len(), pending);
        if resolution == Declared::RolledBack {
            leave_open(&database, 2).await;
        }
    }
    let row = format!("SELECT concat_ws(' ', success, execution_time) FROM {LEDGER} WHERE version = 2");
    assert_eq!(database.texts(&row).await, ["t -1"]);
}

#[tokio::test]
async fn a_name_that_is_not_quite_anothers_resolves_nothing() {
    let database = Database::create_for(Format::Sqlx).await;
    let history = two();
    database.migrate(&sqlx_first(&history)).await.unwrap();
    leave_open(&database, 2).await;
    let mut session = Session::open(&database.target).await.unwrap();
    for (name, found) in [("2_wrong", false), ("0002_create_b", true), ("2", true), ("2_create_b", true)] {
        let claim = Claim { migration: name.into(), resolution: Declared::RolledBack };
        let evidence = find_evidence(&mut session, INSTANCE, &history, &claim).await;
        assert_eq!(evidence.is_ok(), found, "{name}: {evidence:?}");
    }
}

fn sqlx_first(history: &engine::history::History) -> engine::history::History {
    engine::history::History { migrations: history.migrations[..1].to_vec(), ..history.clone() }
}

#[tokio::test]
async fn a_standalone_statement_that_is_cut_off_is_completed_by_the_next_attempt() {
    let database = Database::create_for(Format::Sqlx).await;
    let history = history(&[
        ("1_a", "CREATE TABLE a (n int)"),
        ("2_i", "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (n)"),
    ]);
    database.migrate(&sqlx_first(&history)).await.unwrap();
    let approved = database.approve(&history).await;
    let mut holder = database.session().await;
    run(&mut holder, "BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE").await;
    let mut superuser = database.superuser().await;
    let kill = async {
        let building = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
                        AND query LIKE '%CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock')";
        until(&mut superuser, building).await;
        // The open row stops sqlx itself too.
        assert_eq!(database.texts(&format!("SELECT success::text FROM {LEDGER} WHERE version = 2")).await, ["false"]);
        let kill = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database() \
                    AND query LIKE '%CREATE INDEX CONCURRENTLY%' AND pid <> pg_backend_pid()";
        texts(&mut superuser, kill).await;
    };
    let (failed, ()) = tokio::join!(database.apply(&history, &approved, "run"), kill);
    assert!(matches!(failed, Err(Error::ConnectionClosed { .. })), "{failed:?}");
    run(&mut holder, "ROLLBACK").await;
    assert_eq!(database.apply(&history, &approved, "run").await.unwrap().applied_now, 1);
    let rows = ledger(&database).await;
    assert_eq!(rows[1], line(&history.migrations[1], "i"));
    let valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'i'::regclass";
    assert_eq!(database.texts(valid).await, ["true"]);
}

/// An index of that name further along the search path may be the one to drop, or another one.
#[tokio::test]
async fn a_namesake_of_an_index_that_was_dropped_is_not_dropped() {
    let database = Database::create_for(Format::Sqlx).await;
    let name = &database.target.user;
    let mut superuser = database.superuser().await;
    run(
        &mut superuser,
        &format!("CREATE SCHEMA s AUTHORIZATION {name}; ALTER ROLE {name} SET search_path = public, s"),
    )
    .await;
    let history = history(&[
        ("1_a", "CREATE TABLE public.a (n int); CREATE TABLE s.a (n int); CREATE INDEX i ON s.a (n)"),
        ("2_d", "-- no-transaction\nDROP INDEX CONCURRENTLY i"),
    ]);
    database.migrate(&sqlx_first(&history)).await.unwrap();
    let row = format!(
        "INSERT INTO {LEDGER} (version, description, success, checksum, execution_time) \
         VALUES (2, 'd', false, decode('{}', 'hex'), -2)",
        history.migrations[1].checksum
    );
    database.run(&row).await;
    let error = database.migrate(&history).await.unwrap_err();
    assert!(matches!(&error, Error::InDoubt { evidence, .. } if evidence.contains("later schema")), "{error}");
    assert_eq!(database.texts("SELECT 'there' WHERE to_regclass('s.i') IS NOT NULL").await, ["there"]);
    // An index in the first schema is the one to drop: no other index can have hidden it.
    database.run("CREATE INDEX i ON public.a (n)").await;
    database.migrate(&history).await.unwrap();
    let left = "SELECT (to_regclass('public.i') IS NULL AND to_regclass('s.i') IS NOT NULL)::text";
    assert_eq!(database.texts(left).await, ["true"]);
}

#[tokio::test]
async fn what_sqlx_refuses_is_refused_before_anything_is_written() {
    let database = Database::create_for(Format::Sqlx).await;
    database.migrate(&two()).await.unwrap();
    let before = ledger(&database).await;
    let edited = history(&[("1_create_a", "CREATE TABLE a ()"), ("2_create_b", "SELECT 2"), ("3_c", "SELECT 3")]);
    let missing = history(&[("1_create_a", "CREATE TABLE a ()"), ("3_c", "SELECT 3")]);
    for (history, part) in
        [(edited, "2_create_b was edited"), (missing, "2_create_b is applied, but its script is missing")]
    {
        let error = database.plan(&history).await.unwrap_err();
        assert!(matches!(error, Error::HistoryDiverged { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(ledger(&database).await, before);
}

#[tokio::test]
async fn a_schema_with_tables_but_no_ledger_is_told_or_strictly_refused() {
    let database = Database::create_for(Format::Sqlx).await;
    database.run("CREATE TABLE already_here ()").await;
    let warnings = database.plan(&two()).await.unwrap().warnings;
    assert!(warnings[0].contains("1 table(s) but no _sqlx_migrations"), "{warnings:?}");
    let mut session = Session::open(&database.target).await.unwrap();
    let error = plan_history(&mut session, INSTANCE, &two(), None, OnDivergence::Strict).await.unwrap_err();
    assert!(matches!(error, Error::HistoryNotEmpty { tables: 1, .. }), "{error}");
    database.migrate(&two()).await.unwrap();
}
