//! Tests a person's declaration about a migration, recorded as `prisma migrate resolve` would record it.

use std::time::Duration;

use engine::Error;
use engine::attempt::Attempt;
use engine::history::History;
use engine::resolve::{ApprovedClaim, Claim, ClaimEvidence, Declared, find_evidence, resolve};
use engine::session::Session;

use crate::support::{Database, INSTANCE, LEDGER, applied, history, run};

const PATIENCE: Duration = Duration::from_secs(5);

fn claim(migration: &str, resolution: Declared) -> Claim {
    Claim { migration: migration.into(), resolution }
}

async fn found(database: &Database, history: &History, claim: &Claim) -> engine::Result<ClaimEvidence> {
    let mut session = Session::open(&database.target).await.unwrap();
    find_evidence(&mut session, INSTANCE, history, claim).await
}

async fn resolved(
    database: &Database,
    history: &History,
    claim: &Claim,
    digest: &str,
    run: &str,
) -> engine::Result<bool> {
    let approved = ApprovedClaim { claim: claim.clone(), digest: digest.into() };
    resolve(Attempt { target: &database.target, instance: INSTANCE, history, run }, &approved, PATIENCE).await
}

/// Leaves a row as another tool leaves it when its connection breaks.
async fn leave_open(database: &Database, name: &str) {
    database
        .run(&format!(
            "INSERT INTO {LEDGER} (id, checksum, migration_name, logs) VALUES ('{name}', 'c', '{name}', 'secret row')"
        ))
        .await;
}

#[tokio::test]
async fn another_tools_unfinished_migration_is_declared_applied() {
    let database = Database::create().await;
    let all = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()"), ("3", "CREATE TABLE c ()")]);
    database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
    leave_open(&database, "2").await;
    database.run("CREATE TABLE b ()").await;
    let claim = claim("2", Declared::Applied);

    let evidence = found(&database, &all, &claim).await.unwrap();
    assert!(evidence.facts[0].contains("may have left it half applied"), "{:?}", evidence.facts);
    assert!(evidence.facts[1].starts_with("another tool started it"), "{:?}", evidence.facts);
    assert!(!format!("{evidence:?}").contains("secret"));
    assert!(resolved(&database, &all, &claim, &evidence.digest, "run").await.unwrap());
    // Again, as after an answer that was lost.
    assert!(!resolved(&database, &all, &claim, &evidence.digest, "run").await.unwrap());

    // Two rows: the failed one is rolled back, the new one has no steps and an empty log.
    assert_eq!(database.ledger().await, [applied("1"), "2 true 0 false".into(), "2 true false 0 false".into()]);
    let checksum = format!("SELECT checksum FROM {LEDGER} WHERE migration_name = '2' AND rolled_back_at IS NULL");
    assert_eq!(database.texts(&checksum).await, [all.migrations[1].checksum.clone()]);
    let outcome = database.migrate(&all).await.unwrap();
    assert_eq!(outcome.applied_now, 1);
    assert_eq!(database.tables().await, ["_prisma_migrations", "a", "b", "c"]);
}

#[tokio::test]
async fn a_migration_that_left_nothing_is_declared_rolled_back_and_runs_again() {
    let database = Database::create().await;
    let all = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()")]);
    database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
    leave_open(&database, "2").await;
    let claim = claim("2", Declared::RolledBack);
    let evidence = found(&database, &all, &claim).await.unwrap();
    assert!(resolved(&database, &all, &claim, &evidence.digest, "run").await.unwrap());
    assert!(!resolved(&database, &all, &claim, &evidence.digest, "another run").await.unwrap());
    assert_eq!(database.migrate(&all).await.unwrap().applied_now, 1);
    assert_eq!(database.ledger().await, [applied("1"), "2 true 0 false".into(), applied("2")]);
}

#[tokio::test]
async fn a_database_made_without_the_history_can_be_declared_to_have_it() {
    let database = Database::create().await;
    database.run("CREATE TABLE a ()").await;
    let all = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()")]);
    let claim = claim("1", Declared::Applied);
    let evidence = found(&database, &all, &claim).await.unwrap();
    assert_eq!(evidence.facts[1], "The ledger has no row for it");
    resolved(&database, &all, &claim, &evidence.digest, "run").await.unwrap();
    assert_eq!(database.migrate(&all).await.unwrap().applied_now, 1);
    assert_eq!(database.ledger().await, ["1 true false 0 false".into(), applied("2")]);
}

#[tokio::test]
async fn a_migration_that_changed_since_it_was_shown_is_not_resolved() {
    let database = Database::create().await;
    let all = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()")]);
    database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
    leave_open(&database, "2").await;
    let claim = claim("2", Declared::Applied);
    let evidence = found(&database, &all, &claim).await.unwrap();
    leave_open(&database, "3").await;
    let error = resolved(&database, &all, &claim, &evidence.digest, "run").await.unwrap_err();
    assert!(matches!(error, Error::PlanChanged { .. }), "{error}");
    let other = found(&database, &all, &self::claim("2", Declared::RolledBack)).await.unwrap();
    assert_ne!(found(&database, &all, &claim).await.unwrap().digest, other.digest);
}

#[tokio::test]
async fn the_catalogs_evidence_is_part_of_the_approved_digest() {
    let database = Database::create().await;
    let table = ("1", "CREATE TABLE t (n int)");
    let all = history(&[table, ("2", "CREATE INDEX CONCURRENTLY i ON t (n)")]);
    database.migrate(&history(&[table])).await.unwrap();
    database.run("CREATE INDEX i ON t (n)").await;
    let claim = claim("2", Declared::Applied);
    let evidence = found(&database, &all, &claim).await.unwrap();
    database.run("DROP INDEX i").await;
    let error = resolved(&database, &all, &claim, &evidence.digest, "run").await.unwrap_err();
    assert!(matches!(error, Error::PlanChanged { .. }), "{error}");
}

#[tokio::test]
async fn a_resolve_that_fails_leaves_no_ledger_behind() {
    let database = Database::create().await;
    database.run("CREATE TABLE a ()").await;
    let all = history(&[("1", "CREATE TABLE a ()")]);
    let claim = claim("1", Declared::Applied);
    let evidence = found(&database, &all, &claim).await.unwrap();
    // Makes the row fail after the table was created.
    let superuser = &mut database.superuser().await;
    run(
        superuser,
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
         CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()",
    )
    .await;
    resolved(&database, &all, &claim, &evidence.digest, "run").await.unwrap_err();
    assert_eq!(database.tables().await, ["a"]);
}

#[tokio::test]
async fn nothing_can_be_resolved_in_a_missing_schema() {
    let mut database = Database::create().await;
    database.target.schema = "nowhere".into();
    let all = history(&[("1", "CREATE TABLE a ()")]);
    let error = found(&database, &all, &claim("1", Declared::Applied)).await.unwrap_err();
    assert!(error.to_string().contains("there is no schema"), "{error}");
}

#[tokio::test]
async fn a_resolve_that_cannot_be_true_is_refused_with_prismas_code() {
    let database = Database::create().await;
    let all = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()")]);
    database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
    for (name, resolution, code) in [
        ("1", Declared::Applied, "P3008"),
        ("9", Declared::Applied, "P3017"),
        ("1", Declared::RolledBack, "P3012"),
        ("2", Declared::RolledBack, "P3011"),
    ] {
        let error = found(&database, &all, &claim(name, resolution)).await.unwrap_err();
        assert!(matches!(&error, Error::Config { .. }) && error.to_string().contains(code), "{error}");
    }
}

#[tokio::test]
async fn the_catalogs_evidence_is_shown() {
    let database = Database::create().await;
    let table = ("1", "CREATE TABLE t (n int)");
    let all = history(&[table, ("2", "CREATE INDEX CONCURRENTLY i ON t (n)")]);
    database.migrate(&history(&[table])).await.unwrap();
    leave_open(&database, "2").await;
    let claim = claim("2", Declared::Applied);
    for (state, part) in [("absent", "is not done"), ("there", "is done")] {
        if state == "there" {
            database.run("CREATE INDEX i ON t (n)").await;
        }
        let facts = found(&database, &all, &claim).await.unwrap().facts.join("\n");
        assert!(facts.contains(&format!("The index i {part}, as the catalog shows")), "{facts}");
    }
}

#[tokio::test]
async fn a_declaration_without_effect_says_what_undid_it() {
    for (each, body, expected) in [
        (
            "STATEMENT",
            "PERFORM pg_catalog.pg_advisory_unlock_all(); RETURN NULL;",
            "this run lost the migration lock during the resolution of 2, so the ledger was not changed: \
             no session holds the lock now; a statement of this run released it (pg_advisory_unlock_all?)",
        ),
        (
            "ROW",
            "RETURN NULL;",
            "the ledger was not changed by the resolution of 2: a trigger or a rule on \
             \"public\".\"_prisma_migrations\" discards or changes its rows; remove it",
        ),
    ] {
        let database = Database::create().await;
        let all = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()")]);
        database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
        leave_open(&database, "2").await;
        database
            .run(&format!(
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$; \
                 CREATE TRIGGER t BEFORE UPDATE ON {LEDGER} FOR EACH {each} EXECUTE FUNCTION f()"
            ))
            .await;
        let claim = claim("2", Declared::RolledBack);
        let evidence = found(&database, &all, &claim).await.unwrap();
        let error = resolved(&database, &all, &claim, &evidence.digest, "run").await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
