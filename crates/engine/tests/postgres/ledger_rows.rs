//! Tests that a row in the ledger counts only if this attempt wrote it, and if it is finished and belongs to this
//! script.

use engine::Error;
use engine::plan::OnDivergence;

use crate::support::{Database, LEDGER, applied, history, run, sqlx_history};

/// A script that writes the row of a later migration does not make the engine skip that migration.
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
async fn a_trigger_that_changes_a_row_is_noticed() {
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
        assert!(error.contains("discards or changes its rows"), "{change}: {error}");
        assert_eq!(database.tables().await, ["_prisma_migrations", "a"], "{change}");
    }
}

/// Before the lock is released, the engine checks once more that the reported rows exist.
#[tokio::test]
async fn rows_that_are_missing_at_the_end_are_named() {
    let deferred = format!(
        "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM {LEDGER} WHERE id = NEW.id; RETURN NULL; END'; \
         CREATE CONSTRAINT TRIGGER gone AFTER INSERT ON {LEDGER} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gone()"
    );
    let by_name = |what: &str| {
        format!("DO $$ BEGIN EXECUTE '{what}'; END $$").replace("_prisma_migrations", "_prisma' || '_migrations")
    };
    let deletes = by_name(&format!("DELETE FROM {LEDGER}"));
    let changes = by_name(&format!("UPDATE {LEDGER} SET checksum = 1"));
    for script in [&deletes, &changes] {
        let database = Database::create().await;
        let all = history(&[("1_a", "CREATE TABLE a ()"), ("2_b", script), ("3_c", "CREATE TABLE c ()")]);
        let error = database.migrate(&all).await.unwrap_err();
        assert!(matches!(&error, Error::RowsGone { migrations, .. } if migrations == &["1_a"]), "{script}: {error}");
        // No migration is applied again before a person has decided.
        let tables = database.tables().await;
        let again = database.migrate(&all).await;
        // A changed row exists, and says that its migration is applied.
        let is_right = match &again {
            Ok(outcome) => *script == changes && outcome.applied_now == 0,
            Err(error) => *script == deletes && matches!(error, Error::InDoubt { .. }),
        };
        assert!(is_right, "{script}: {again:?}");
        assert_eq!(database.tables().await, tables, "{script}");
    }
    // A trigger that is deferred to the commit has no effect.
    let database = Database::create().await;
    let all = history(&[("1_a", "CREATE TABLE a ()"), ("2_b", &deferred)]);
    let error = database.migrate(&all).await.unwrap_err().to_string();
    assert!(error.contains("discards or changes its rows"), "{error}");
}

/// What a script removes from the ledger by its name is rolled back with the script.
#[tokio::test]
async fn a_script_that_takes_rows_from_the_ledger_is_undone() {
    for script in [
        format!("CREATE TABLE b (); DELETE FROM {LEDGER} WHERE migration_name = '1_a'"),
        "CREATE TABLE b (); TRUNCATE \"_prisma_migrations\"".to_owned(),
        format!("CREATE TABLE b (); UPDATE {LEDGER} SET rolled_back_at = now()"),
        format!("CREATE TABLE b (); ALTER TABLE {LEDGER} SET UNLOGGED"),
    ] {
        let database = Database::create().await;
        database.migrate(&history(&[("1_a", "CREATE TABLE a ()")])).await.unwrap();
        let all = history(&[("1_a", "CREATE TABLE a ()"), ("2_b", &script), ("3_c", "CREATE TABLE c ()")]);
        let error = database.migrate(&all).await.unwrap_err().to_string();
        assert!(error.contains("removes the ledger's rows"), "{script}: {error}");
        assert_eq!(database.tables().await, ["_prisma_migrations", "a"], "{script}");
        assert_eq!(database.ledger().await, [applied("1_a")], "{script}");
    }
    // A script may remove rows that do not belong to the history.
    let database = Database::create().await;
    database.migrate(&history(&[("0_old", "SELECT 1"), ("1_a", "CREATE TABLE a ()")])).await.unwrap();
    let removes = format!("DELETE FROM {LEDGER} WHERE migration_name = '0_old'");
    database.migrate(&history(&[("1_a", "CREATE TABLE a ()"), ("2_b", &removes)])).await.unwrap();
    assert_eq!(database.ledger().await, ["1_a", "2_b"].map(applied));
}

/// A script cannot replace the prepared statements of the recording: it does not know their names.
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
    let error =
        engine::plan::plan_history(&mut session, "db", &all, None, OnDivergence::AsTool).await.unwrap_err().to_string();
    assert!(error.contains("is unlogged") && error.contains("SET LOGGED"), "{error}");
    let format = engine::history::Format::Prisma;
    let error = engine::preflight::preflight(&mut session, format).await.unwrap_err().to_string();
    assert!(error.contains("is unlogged"), "{error}");
}

/// A role that may create objects in the schema makes the ledger first, with its own code behind it.
#[tokio::test]
async fn a_ledger_that_runs_another_roles_code_is_neither_read_nor_written() {
    let columns = "id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, \
                   migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, \
                   started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0";
    let view = "SELECT spring() AS id, 'x' AS checksum, now() AS finished_at, 'x' AS migration_name, '' AS logs, \
                NULL::timestamptz AS rolled_back_at, now() AS started_at, 1 AS applied_steps_count";
    for (is_refused, made) in [
        (true, format!("CREATE VIEW _prisma_migrations AS {view}")),
        (
            true,
            format!(
                "CREATE TABLE _prisma_migrations ({columns}); CREATE TRIGGER t BEFORE INSERT ON _prisma_migrations FOR EACH ROW \
                 EXECUTE FUNCTION spring_trigger()"
            ),
        ),
        (true, format!("CREATE TABLE _prisma_migrations ({columns}, more text DEFAULT spring())")),
        (true, format!("CREATE TABLE _prisma_migrations ({columns}, CHECK (spring() = checksum))")),
        (false, format!("CREATE TABLE _prisma_migrations ({columns})")),
    ] {
        let database = Database::create().await;
        let other = format!("{}_other", database.target.user);
        let setup = format!(
            "CREATE SEQUENCE sprung; GRANT ALL ON SEQUENCE sprung TO PUBLIC; CREATE ROLE {other}; GRANT ALL ON SCHEMA public TO {other}; \
             SET SESSION AUTHORIZATION {other}; \
             CREATE FUNCTION spring() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.sprung'); RETURN 'x'; END $$; \
             CREATE FUNCTION spring_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.sprung'); RETURN NEW; END $$; \
             {made}; GRANT ALL ON _prisma_migrations TO PUBLIC"
        );
        run(&mut database.superuser().await, &setup).await;
        let mut session = engine::session::Session::open(&database.target).await.unwrap();
        let checked = engine::preflight::preflight(&mut session, engine::history::Format::Prisma).await;
        let planned = database.plan(&history(&[("1", "CREATE TABLE a ()")])).await;
        if is_refused {
            for error in [checked.unwrap_err().to_string(), planned.unwrap_err().to_string()] {
                assert!(error.contains(&format!("belongs to {other}")), "{made}: {error}");
            }
        } else {
            assert!(checked.is_ok(), "{made}");
            database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
        }
        let called = "SELECT is_called::text FROM sprung";
        assert_eq!(crate::support::texts(&mut database.superuser().await, called).await, ["false"], "{made}");
    }
}
