//! Tests that a failed script leaves nothing, and is reported with its place and without a row's value.

use engine::Error;
use engine::error::MigrationFailure;

use crate::support::{Database, applied, history};

async fn failure(database: &Database, sql: &str) -> MigrationFailure {
    let scripts = history(&[
        ("1", "CREATE TABLE p (id int PRIMARY KEY, n text)"),
        ("2", "INSERT INTO p VALUES (1, 's3cret')"),
        ("3", sql),
    ]);
    match database.migrate(&scripts).await {
        Err(Error::MigrationFailed(failure)) => *failure,
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test]
async fn every_failure_names_its_place_and_no_value() {
    for (sql, place, code, parts) in [
        (
            "CREATE TABLE q ();\n\nCREATE TABEL r ();",
            (None, Some(3)),
            "42601",
            vec!["syntax error at or near a word of the script"],
        ),
        ("CREATE TABLE q ();\nSELECT 'a' 's3cret';", (None, Some(2)), "42601", vec!["near a literal of the script"]),
        ("SELECT 1;\nSELECT missing\n  FROM p", (Some(2), Some(2)), "42703", vec!["column \"missing\" does not exist"]),
        (
            "-- é ✓ first\nINSERT INTO p VALUES (2);\nINSERT INTO p VALUES (1, 's3cret')",
            (Some(2), Some(3)),
            "23505",
            vec!["unique_violation", "constraint p_pkey, table p"],
        ),
        ("SELECT 's3cret'::int", (Some(1), Some(1)), "22P02", vec!["invalid_text_representation"]),
        ("SELECT n::int FROM p", (Some(1), Some(1)), "22P02", vec!["invalid_text_representation"]),
        ("ALTER TABLE p ADD CHECK (n <> 's3cret')", (Some(1), Some(1)), "23514", vec!["check_violation"]),
        ("DO $$ BEGIN RAISE EXCEPTION 's3cret'; END $$", (Some(1), Some(1)), "P0001", vec!["raise_exception"]),
        ("BEGIN;\nSELECT 1;\nSELECT 1/0;\nCOMMIT", (Some(3), Some(3)), "22012", vec!["division_by_zero"]),
        (
            "CREATE TABLE d (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO d VALUES (77)",
            (None, None),
            "23503",
            vec!["deferred constraints", "constraint d_id_fkey"],
        ),
        ("CREATE TABLE p ()", (Some(1), Some(1)), "42P07", vec!["relation \"p\" already exists"]),
        ("SELECT n::regclass FROM p", (Some(1), Some(1)), "42P01", vec!["undefined_table"]),
        ("DO $$ BEGIN EXECUTE 'SELECT '||(SELECT n FROM p LIMIT 1); END $$", (Some(1), Some(1)), "42703", vec![]),
        (
            "DO $$ BEGIN RAISE EXCEPTION 's3cret' USING ERRCODE = '42501', TABLE = 's3cret'; END $$",
            (Some(1), Some(1)),
            "42501",
            vec![],
        ),
        ("SELECT 1;\nSELECT 'a' E's3cret'", (None, Some(2)), "42601", vec!["near a literal of the script"]),
        ("SELECT pg_advisory_unlock_all()", (None, None), "22P02", vec!["released the migration lock"]),
    ] {
        let database = Database::create().await;
        let failure = failure(&database, sql).await;
        let text = failure.to_string();
        assert_eq!((failure.statement, failure.line), place, "{sql}: {text}");
        assert_eq!(failure.code, code, "{sql}: {text}");
        for part in parts {
            assert!(text.contains(part), "{sql}: {text}");
        }
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("2 of 3 planned migration(s) are applied and stay"), "{text}");
        assert_eq!(database.ledger().await, [applied("1"), applied("2")], "{sql}");
        assert_eq!(database.tables().await, ["_prisma_migrations", "p"], "{sql}");
    }
}

#[tokio::test]
async fn a_new_enum_value_used_at_once_says_to_split_the_file() {
    let database = Database::create().await;
    let scripts = history(&[
        ("1", "CREATE TYPE e AS ENUM ('a')"),
        ("2", "ALTER TYPE e ADD VALUE 'b'; CREATE TABLE t (e e DEFAULT 'b')"),
    ]);
    let error = database.migrate(&scripts).await.unwrap_err().to_string();
    assert!(error.contains("55P04") && error.contains("split the file in two"), "{error}");
    let folded = history(&[("2", "BEGIN; ALTER TYPE e ADD VALUE 'b'; COMMIT; CREATE TABLE t (e e DEFAULT 'b')")]);
    let error = database.plan(&folded).await.unwrap_err().to_string();
    assert!(error.contains("an enum value that is used behind the COMMIT"), "{error}");
}

#[tokio::test]
async fn a_fixed_script_is_applied_without_a_manual_step() {
    let database = Database::create().await;
    let broken = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABEL b ()"), ("3", "CREATE TABLE c ()")]);
    database.migrate(&broken).await.unwrap_err();
    let mended = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()"), ("3", "CREATE TABLE c ()")]);
    let outcome = database.migrate(&mended).await.unwrap();
    assert_eq!(outcome.applied_now, 2);
    assert_eq!(database.ledger().await, [applied("1"), applied("2"), applied("3")]);
}

#[tokio::test]
async fn a_script_that_makes_its_own_transaction_read_only_has_failed_itself() {
    let database = Database::create().await;
    let failure = failure(&database, "SET TRANSACTION READ ONLY; CREATE TABLE a ()").await;
    assert_eq!((failure.code.as_str(), failure.statement), ("25006", Some(2)));
}
