//! A row in the ledger is believed only if it is the one that this attempt wrote, finished, and of this script.

use engine::Error;
use engine::plan::OnDivergence;

use crate::support::{Database, LEDGER, applied, history, sqlx_history};

/// A script that writes the row of a later migration does not have it skipped.
#[tokio::test]
async fn a_row_that_a_script_wrote_is_no_evidence() {
    for row in ["now(), false, '\\x00', 1", "now(), true, '\\x00', 1"] {
        let scripts = [
            ("1_a", "CREATE TABLE a (i int)".to_owned()),
            ("2_b", format!("INSERT INTO _sqlx_migrations VALUES (3, 'c', {row})")),
            ("3_c", "CREATE TABLE c (i int)".to_owned()),
            ("4_d", "CREATE TABLE d (i int)".to_owned()),
        ];
        let scripts: Vec<_> = scripts.iter().map(|(name, sql)| (*name, sql.as_str())).collect();
        let database = Database::create().await;
        let error = database.migrate(&sqlx_history(&scripts)).await.unwrap_err();
        assert!(matches!(&error, Error::MigrationFailed(failure) if failure.migration == "3_c"), "{error}");
        assert_eq!(database.tables().await, ["_sqlx_migrations", "a"]);
    }
}

#[tokio::test]
async fn a_trigger_that_changes_a_row_is_found_out() {
    for change in [
        "NEW.finished_at = NULL",
        "NEW.migration_name = ''other''",
        "NEW.checksum = ''other''",
        "NEW.rolled_back_at = now()",
    ] {
        let database = Database::create().await;
        database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
        database
            .run(&format!(
                "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {change}; RETURN NEW; END'; \
                 CREATE TRIGGER change BEFORE INSERT ON {LEDGER} FOR EACH ROW EXECUTE FUNCTION change()"
            ))
            .await;
        let two = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()"), ("3", "CREATE TABLE c ()")]);
        let error = database.migrate(&two).await.unwrap_err().to_string();
        assert!(error.contains("swallows or changes its rows"), "{change}: {error}");
        assert_eq!(database.tables().await, ["_prisma_migrations", "a"], "{change}");
    }
}

/// What is reported is looked for once more before the lock is given up.
#[tokio::test]
async fn rows_that_are_gone_at_the_end_are_told() {
    let deferred = format!(
        "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM {LEDGER} WHERE id = NEW.id; RETURN NULL; END'; \
         CREATE CONSTRAINT TRIGGER gone AFTER INSERT ON {LEDGER} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gone()"
    );
    let deletes = format!("DELETE FROM {LEDGER}");
    let changes = format!("UPDATE {LEDGER} SET checksum = 'other'");
    for (script, gone) in [(&deferred, &["2_b", "3_c"][..]), (&deletes, &["1_a"]), (&changes, &["1_a"])] {
        let database = Database::create().await;
        let all = history(&[("1_a", "CREATE TABLE a ()"), ("2_b", script), ("3_c", "CREATE TABLE c ()")]);
        let error = database.migrate(&all).await.unwrap_err();
        assert!(matches!(&error, Error::RowsGone { migrations, .. } if migrations == gone), "{script}: {error}");
    }
}

/// A script cannot put a statement of its own where the recording is prepared: the names are not known.
#[tokio::test]
async fn what_is_prepared_cannot_be_taken_over() {
    let database = Database::create().await;
    let hijack = "DEALLOCATE ALL; PREPARE lockstep_record(text, text, text, text, timestamptz) AS SELECT 1; \
                  PREPARE lockstep_check(text, text, text, text) AS SELECT 1::int8, now()::text, 2::int8 AS lockstep_prepared";
    let all =
        history(&[("1", "CREATE TABLE a ()"), ("2", hijack), ("3", "CREATE TABLE b ()"), ("4", "CREATE TABLE c ()")]);
    database.migrate(&all).await.unwrap();
    assert_eq!(database.ledger().await, ["1", "2", "3", "4"].map(applied));
}

#[tokio::test]
async fn an_unlogged_ledger_is_refused() {
    let database = Database::create().await;
    let all = history(&[("1", "CREATE TABLE a ()")]);
    database.migrate(&all).await.unwrap();
    database.run(&format!("ALTER TABLE {LEDGER} SET UNLOGGED")).await;
    let mut session = engine::session::Session::open(&database.target).await.unwrap();
    let error = engine::plan::look(&mut session, "db", &all, None, OnDivergence::AsTool).await.unwrap_err().to_string();
    assert!(error.contains("is unlogged") && error.contains("SET LOGGED"), "{error}");
    let format = engine::history::Format::Prisma;
    let error = engine::preflight::preflight(&mut session, format).await.unwrap_err().to_string();
    assert!(error.contains("is unlogged"), "{error}");
}
