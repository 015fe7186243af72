//! Tests that the server's language changes the quoted text, and nothing else.

use std::io::Write as _;

use engine::Error;
use engine::error::MigrationFailure;

use crate::support::{Database, history};

const LANGUAGES: [&str; 3] = ["fr_FR.UTF-8", "de_DE.UTF-8", "ja_JP.UTF-8"];

const START: &str = "CREATE TABLE crate (id int PRIMARY KEY, label text); CREATE VIEW labels AS SELECT label FROM crate; \
    CREATE TABLE parcel (crate_id int REFERENCES crate DEFERRABLE INITIALLY DEFERRED); INSERT INTO crate VALUES (1, 's3cret & | !'); \
    CREATE TABLE day (at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF day DEFAULT; \
    CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2026-01-01') TO ('2026-01-02')";

const FAILING: [&str; 26] = [
    "CREATE TABEL a ()",
    "CREATE TABLE a (b int,)",
    "SELECT (",
    "SELECT 'a' 's3cret'",
    "SELECT gone FROM crate",
    "INSERT INTO gone VALUES (1)",
    "ALTER TABLE gone ALTER a TYPE int USING a::int",
    "CREATE TABLE nowhere.a ()",
    "CREATE TABLE crate ()",
    "ALTER TABLE crate ADD a gone DEFAULT 1",
    "DROP TABLE crate",
    "ALTER TABLE crate ALTER label TYPE varchar(9)",
    "ALTER TABLE crate DROP label",
    "ALTER TABLE day DETACH PARTITION day_1 CONCURRENTLY",
    "INSERT INTO parcel VALUES (1); ALTER TABLE parcel ADD a int",
    "INSERT INTO parcel VALUES (7)",
    "INSERT INTO crate VALUES (1, 's3cret')",
    "SELECT label::int FROM crate",
    "SELECT to_tsquery(label) FROM crate",
    "SELECT label::regclass FROM crate",
    "DO $$ BEGIN RAISE EXCEPTION 's3cret'; END $$",
    "DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY i ON crate (label)'; END $$",
    "SELECT pg_advisory_unlock_all()",
    "SET statement_timeout = 20; SELECT pg_sleep(5)",
    "ALTER ROLE no_such_role NOLOGIN",
    "SET TRANSACTION READ ONLY; CREATE TABLE a ()",
];

async fn failure(database: &Database, sql: &str) -> MigrationFailure {
    match database.migrate(&history(&[("1", START), ("2", sql)])).await {
        Err(Error::MigrationFailed(failure)) => *failure,
        other => panic!("{sql}: {other:?}"),
    }
}

/// Sets the language in which the server answers the database's role. Returns why, if it does not answer in `language`.
async fn speaks(database: &Database, language: &str) -> Result<(), &'static str> {
    let set = format!("ALTER ROLE {} SET lc_messages = '{language}'", database.target.user);
    let set = sqlx::raw_sql(sqlx::AssertSqlSafe(set)).execute(&mut database.superuser().await).await;
    set.map_err(|_| "the system has no such locale")?;
    let error = sqlx::raw_sql("SELECT gone").execute(&mut database.session().await).await.unwrap_err().to_string();
    if error.contains("does not exist") { Err("the server has no messages in it") } else { Ok(()) }
}

/// Returns the failure of each script.
async fn failures(database: Database) -> Vec<MigrationFailure> {
    database.migrate(&history(&[("1", START)])).await.unwrap();
    let mut failures = Vec::new();
    for sql in FAILING {
        failures.push(failure(&database, sql).await);
    }
    failures
}

#[tokio::test]
async fn a_servers_language_changes_nothing_but_what_is_quoted() {
    let promised = std::env::var("TEST_POSTGRES_SPEAKS").unwrap_or_default();
    let (mut spoken, mut skipped) = (Vec::new(), Vec::new());
    for language in LANGUAGES {
        let database = Database::create().await;
        match speaks(&database, language).await {
            Ok(()) => spoken.push((language, tokio::spawn(failures(database)))),
            Err(reason) => {
                assert!(!promised.split(' ').any(|promised| promised == language), "{language}: {reason}");
                skipped.push(format!("; {language} not: {reason}"));
            }
        }
    }
    let tried = spoken.len();
    let english = if spoken.is_empty() { Vec::new() } else { failures(Database::create().await).await };
    for (language, foreign) in spoken {
        let mut differ = 0;
        for ((sql, english), foreign) in FAILING.iter().zip(&english).zip(foreign.await.unwrap()) {
            let but_its_text = |failure: &MigrationFailure| MigrationFailure { message: None, ..failure.clone() };
            assert_eq!(but_its_text(&foreign), but_its_text(english), "{language}: {sql}");
            assert_eq!(foreign.message.is_some(), english.message.is_some(), "{language}: {sql}: {foreign} {english}");
            assert!(!foreign.to_string().contains("s3cret"), "{language}: {sql}: {foreign}");
            differ += usize::from(foreign.message != english.message);
        }
        assert!(differ > 5, "{language}: {differ} texts in it");
    }
    // Written past the test harness, which hides what a passing test prints.
    let (all, skipped) = (LANGUAGES.len(), skipped.concat());
    writeln!(std::io::stderr(), "languages of the server: {tried} of {all} tried{skipped}").unwrap();
}
