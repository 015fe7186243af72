//! Tests what a failure says: the server's text where it names only objects, and a way out that works.

use engine::Error;
use engine::error::MigrationFailure;
use sqlx::PgConnection;

use crate::support::{Database, history, run, sqlx_history};

/// Applies `sql` after `setup` in a new schema, and expects its failure.
async fn failure(database: &Database, session: &mut PgConnection, setup: &str, sql: &str) -> MigrationFailure {
    run(session, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    match database.migrate(&history(&[("1", setup), ("2", sql)])).await {
        Err(Error::MigrationFailed(failure)) if failure.applied_before == 1 => *failure,
        other => panic!("{sql}: {other:?}"),
    }
}

/// Expects a `failure` of `sql` with this code, whose text contains these parts.
fn expect(failure: &MigrationFailure, sql: &str, code: &str, parts: &[&str]) {
    let text = failure.to_string();
    assert_eq!(failure.code, code, "{sql}: {text}");
    for part in parts {
        assert!(text.contains(part), "{sql}: {text}");
    }
}

const SHOP: &str = "CREATE TABLE crate (id int PRIMARY KEY, label varchar(100)); \
                    CREATE VIEW crate_labels AS SELECT label FROM crate; \
                    CREATE TABLE parcel (crate_id int REFERENCES crate)";

#[tokio::test]
async fn what_depends_on_an_object_is_named() {
    let database = Database::create().await;
    let mut session = database.session().await;
    for (setup, sql, code, parts) in [
        (
            SHOP,
            "ALTER TABLE crate ALTER label TYPE varchar(300)",
            "0A000",
            vec!["used by a view or rule", "view crate_labels", "column \"label\""],
        ),
        (
            SHOP,
            "ALTER TABLE crate DROP label",
            "2BP01",
            vec!["because other objects depend on it", "view crate_labels"],
        ),
        (SHOP, "DROP VIEW crate_labels; DROP TABLE crate", "2BP01", vec!["parcel_crate_id_fkey", "table parcel"]),
        (SHOP, "ALTER TABLE crate DROP CONSTRAINT crate_pkey", "2BP01", vec!["parcel_crate_id_fkey"]),
        (SHOP, "TRUNCATE crate", "0A000", vec!["foreign key", "\"parcel\""]),
        (SHOP, "CREATE OR REPLACE VIEW crate_labels AS SELECT id, label FROM crate", "42P16", vec!["\"label\""]),
        (SHOP, "DROP INDEX crate_pkey", "2BP01", vec!["constraint crate_pkey"]),
        (SHOP, "ALTER TABLE parcel RENAME TO crate", "42P07", vec!["relation \"crate\" already exists"]),
        (
            SHOP,
            "ALTER TABLE crate ADD PRIMARY KEY (label), ADD CHECK (id > 0)",
            "42P16",
            vec!["multiple primary keys for table \"crate\""],
        ),
        (
            "CREATE TYPE hue AS ENUM ('a'); CREATE TABLE paint (h hue)",
            "DROP TYPE hue",
            "2BP01",
            vec!["column h of table paint"],
        ),
        (
            "CREATE TYPE hue AS ENUM ('a'); CREATE TABLE paint (h text DEFAULT 'a')",
            "ALTER TABLE paint ALTER h TYPE hue USING h::hue",
            "42804",
            vec!["default for column \"h\" cannot be cast automatically to type hue"],
        ),
        (
            "CREATE TYPE hue AS ENUM ('a'); CREATE TABLE paint (h text)",
            "ALTER TABLE paint ALTER h TYPE hue",
            "42804",
            vec!["column \"h\" cannot be cast automatically to type hue"],
        ),
        (
            "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE shelf (i int); \
             CREATE TRIGGER tg BEFORE INSERT ON shelf FOR EACH ROW EXECUTE FUNCTION touch()",
            "DROP FUNCTION touch()",
            "2BP01",
            vec!["trigger tg on table shelf"],
        ),
        (
            "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OR REPLACE FUNCTION one() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
            "42P13",
            vec!["cannot change return type"],
        ),
        (
            "CREATE TABLE twice (a int, b int GENERATED ALWAYS AS (a * 2) STORED)",
            "ALTER TABLE twice ALTER b DROP DEFAULT",
            "42601",
            vec!["syntax_error"],
        ),
        ("", "CREATE TABLE nowhere.a ()", "3F000", vec!["schema \"nowhere\" does not exist"]),
        ("", "ALTER TABLE gone ALTER a TYPE int USING a::int", "42P01", vec!["relation \"gone\" does not exist"]),
        ("CREATE TABLE a ()", "ALTER TABLE a ADD b gone DEFAULT 1", "42704", vec!["type \"gone\" does not exist"]),
        (
            "CREATE TABLE a ()",
            "GRANT SELECT ON a TO no_such_role",
            "42704",
            vec!["role \"no_such_role\" does not exist"],
        ),
        ("", "CREATE EXTENSION no_such_thing", "0A000", vec!["extension \"no_such_thing\" is not available"]),
        ("", "INSERT INTO gone VALUES (1)", "42P01", vec!["relation \"gone\" does not exist"]),
        ("CREATE TABLE a (b int)", "INSERT INTO a (c) VALUES (1)", "42703", vec!["column \"c\" of relation \"a\""]),
    ] {
        expect(&failure(&database, &mut session, setup, sql).await, sql, code, &parts);
    }
}

#[tokio::test]
async fn what_another_role_owns_is_named() {
    let database = Database::create().await;
    database.migrate(&history(&[("1", "")])).await.unwrap();
    run(&mut database.superuser().await, "CREATE TABLE theirs (i int)").await;
    for sql in ["ALTER TABLE theirs ADD b int DEFAULT 1", "UPDATE theirs SET i = 1", "SELECT i FROM theirs"] {
        let error = database.migrate(&history(&[("1", ""), ("2", sql)])).await.unwrap_err().to_string();
        assert!(error.contains("42501") && error.contains("table theirs"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn each_way_out_works() {
    let database = Database::create().await;
    let mut session = database.session().await;
    let pending = "CREATE TABLE box (id int PRIMARY KEY); INSERT INTO box VALUES (1); \
                   CREATE TABLE letter (box_id int REFERENCES box DEFERRABLE INITIALLY DEFERRED); \
                   INSERT INTO letter VALUES (NULL)";
    let partitioned = "CREATE TABLE day (at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF day DEFAULT; \
                       CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2026-01-01') TO ('2026-01-02')";
    for (setup, sql, code, parts) in [
        (
            pending,
            "UPDATE letter SET box_id = 1;\nALTER TABLE letter ALTER box_id SET NOT NULL",
            "55006",
            vec!["\"letter\" because it has pending trigger events", "SET CONSTRAINTS ALL IMMEDIATE", "split the file"],
        ),
        (
            partitioned,
            "ALTER TABLE day DETACH PARTITION day_1 CONCURRENTLY",
            "55000",
            vec!["when a default partition exists"],
        ),
        (
            "CREATE TABLE a (i int)",
            "DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY i ON a (i)'; END $$",
            "25001",
            vec!["inside of a function or a DO block", "a statement of its own", "Its transaction was rolled back"],
        ),
        (
            "",
            "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p; SELECT 1",
            "25001",
            vec!["create_slot = false"],
        ),
        (
            "CREATE TABLE a (i int)",
            "SET LOCAL statement_timeout = 50;\nSELECT pg_sleep(5)",
            "57014",
            vec!["The script sets a statement_timeout", "Then start a new run"],
        ),
        ("", "SELECT pg_cancel_backend(pg_backend_pid())", "57014", vec!["Another session cancelled it"]),
    ] {
        expect(&failure(&database, &mut session, setup, sql).await, sql, code, &parts);
    }
}

#[tokio::test]
async fn a_full_disk_or_memory_is_not_the_scripts_fault() {
    let database = Database::create().await;
    let mut session = database.session().await;
    let raised = |code| format!("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$");
    let limit = format!("ALTER ROLE {} SET temp_file_limit = '64kB'", database.target.user);
    run(&mut database.superuser().await, &limit).await;
    let sorted = "SET LOCAL work_mem = '64kB'; CREATE TABLE a AS SELECT md5(i::text) FROM generate_series(1, 20000) i ORDER BY 1";
    for (sql, code, parts) in [
        (raised("53100"), "53100", vec!["(disk_full)", "free space there, or give the server more storage"]),
        (raised("53200"), "53200", vec!["(out_of_memory)", "max_locks_per_transaction"]),
        (sorted.to_owned(), "53400", vec!["temporary file size exceeds", "raise the limit for the role"]),
    ] {
        let failure = failure(&database, &mut session, "CREATE TABLE first ()", &sql).await;
        expect(&failure, &sql, code, &parts);
        let end =
            ". Its transaction was rolled back; 1 of 2 planned migration(s) are applied and stay. Then start a new run";
        let text = failure.to_string();
        assert!(text.contains(end) && !text.contains("Fix the script"), "{text}");
        assert_eq!(database.tables().await, ["_prisma_migrations", "first"]);
    }
}

#[tokio::test]
async fn a_publisher_that_cannot_be_reached_is_told_as_such() {
    let database = Database::create().await;
    run(&mut database.superuser().await, &format!("ALTER ROLE {} SUPERUSER", database.target.user)).await;
    let sql = "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1 password=s3cret' PUBLICATION p";
    let error = database.migrate(&history(&[("1", sql)])).await.unwrap_err().to_string();
    assert!(error.contains("could not reach the publisher") && error.contains("connect = false"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn a_replication_slot_that_is_there_is_told_as_what_outlives_a_rollback() {
    let database = Database::create().await;
    let mut superuser = database.superuser().await;
    run(&mut superuser, &format!("ALTER ROLE {} REPLICATION", database.target.user)).await;
    let slot = format!("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", database.target.database);
    database.run(&slot).await;
    let error = database.migrate(&history(&[("1", &slot)])).await.unwrap_err().to_string();
    run(&mut superuser, &format!("SELECT pg_drop_replication_slot('{}')", database.target.database)).await;
    assert!(error.contains("42710") && error.contains("pg_drop_replication_slot"), "{error}");
}

#[tokio::test]
async fn an_event_trigger_that_refuses_is_named() {
    let database = Database::create().await;
    database.migrate(&history(&[("1", "")])).await.unwrap();
    let refuse = "CREATE FUNCTION public.keep_out() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
                  IF session_user <> 'postgres' THEN RAISE EXCEPTION 's3cret'; END IF; END $$; \
                  CREATE EVENT TRIGGER keep_out ON ddl_command_start EXECUTE FUNCTION public.keep_out()";
    run(&mut database.superuser().await, refuse).await;
    let error = database.migrate(&history(&[("1", ""), ("2", "CREATE TABLE a ()")])).await.unwrap_err().to_string();
    assert!(error.contains("The function keep_out() of the database stopped the statement"), "{error}");
    assert!(error.contains("event trigger") && !error.contains("s3cret"), "{error}");
    // The statement may have called a function itself, and a row of it may be in the context.
    let sql = "ALTER TABLE _prisma_migrations ADD a int";
    let error = database.migrate(&history(&[("1", ""), ("2", sql)])).await.unwrap_err().to_string();
    assert!(error.contains("an event trigger's, or one that the statement calls"), "{error}");
}

#[tokio::test]
async fn a_function_that_relies_on_the_search_path_is_told_as_such() {
    let setup = "CREATE TABLE kind (id int, label text); \
                 CREATE FUNCTION label_of(int) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT label FROM kind WHERE id = $1'; \
                 CREATE FUNCTION label_in(int) RETURNS text IMMUTABLE LANGUAGE plpgsql \
                 AS 'BEGIN RETURN (SELECT label FROM kind WHERE id = $1); END'; \
                 CREATE TABLE thing (k int); INSERT INTO thing VALUES (1)";
    let database = Database::create().await;
    let mut session = database.session().await;
    let version = database.texts("SELECT current_setting('server_version_num')").await;
    if version[0].as_str() < "170000" {
        eprintln!("skipped: before PostgreSQL 17 maintenance keeps the session's search_path");
        return;
    }
    for sql in [
        "CREATE INDEX ON thing (label_of(k))",
        "CREATE INDEX ON thing (label_in(k))",
        "CREATE INDEX CONCURRENTLY i ON thing (label_in(k))",
        "CREATE MATERIALIZED VIEW m AS SELECT label_in(k) FROM thing",
    ] {
        let failure = failure(&database, &mut session, setup, sql).await;
        let text = failure.to_string();
        assert_eq!(failure.code, "42P01", "{text}");
        assert!(text.contains("search_path = pg_catalog, pg_temp"), "{sql}: {text}");
    }
}

#[tokio::test]
async fn what_may_be_a_secret_of_the_script_is_not_repeated() {
    let database = Database::create().await;
    let mut session = database.session().await;
    for sql in [
        "ALTER ROLE someone PASSWORD hunter2",
        "ALTER ROLE someone PASSWORD \"hunter2\"",
        "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (password hunter2)",
        "SELECT 'a' 'hunter2'",
        "SELECT 'hunter2 & | !'::tsquery",
        "SELECT 'hunter2'::int",
        "SELECT to_tsquery('hunter2 & | !')",
        "CREATE TABLE a (b int DEFAULT 'hunter2')",
        "ALTER TABLE _prisma_migrations SET (fillfactor = 'hunter2')",
    ] {
        let text = failure(&database, &mut session, "", sql).await.to_string();
        assert!(!text.contains("hunter"), "{sql}: {text}");
    }
}

#[tokio::test]
async fn a_long_detail_is_cut_at_a_line() {
    let database = Database::create().await;
    let mut session = database.session().await;
    let views: Vec<_> =
        (0..60).map(|n| format!("CREATE VIEW a_view_with_a_long_name_{n} AS SELECT b FROM a")).collect();
    let setup = format!("CREATE TABLE a (b int); {}", views.join("; "));
    let text = failure(&database, &mut session, &setup, "DROP TABLE a").await.to_string();
    assert!(text.contains("; view a_view_with_a_long_name_") && text.contains("(cut here)"), "{text}");
    assert!(text.len() < 2_000 && !text.contains('\n'), "{text}");
}

#[tokio::test]
async fn a_ledgers_odd_column_is_named_with_what_it_should_be() {
    for (ledger, alter, parts) in [
        (
            "_prisma_migrations",
            "ALTER id TYPE uuid USING id::uuid",
            vec!["column id is of type uuid", "character varying(36)"],
        ),
        (
            "_prisma_migrations",
            "ALTER checksum TYPE bytea USING checksum::bytea",
            vec!["column checksum is of type bytea"],
        ),
        ("_prisma_migrations", "ALTER logs TYPE jsonb USING logs::jsonb", vec!["column logs is of type jsonb"]),
        ("_prisma_migrations", "DROP logs", vec!["no column logs"]),
        (
            "_prisma_migrations",
            "ALTER finished_at TYPE date, ALTER started_at TYPE date",
            vec!["column finished_at is of type date"],
        ),
        ("_sqlx_migrations", "ALTER version TYPE numeric", vec!["column version is of type numeric", "bigint"]),
        ("_sqlx_migrations", "ALTER success TYPE text", vec!["column success is of type text", "boolean"]),
        ("_sqlx_migrations", "ALTER checksum TYPE text", vec!["column checksum is of type text", "bytea"]),
    ] {
        let database = Database::create().await;
        let scripts = [("1_a", "CREATE TABLE a ()")];
        let history = if ledger == "_prisma_migrations" { history(&scripts) } else { sqlx_history(&scripts) };
        database.migrate(&history).await.unwrap();
        database.run(&format!("ALTER TABLE {ledger} {alter}")).await;
        let Err(error) = database.plan(&history).await else { panic!("{alter}: planned") };
        let text = error.to_string();
        for part in parts {
            assert!(text.contains(part) && text.contains(ledger), "{alter}: {text}");
        }
    }
}

#[tokio::test]
async fn a_failure_of_a_sqlx_history_names_the_cause_too() {
    let database = Database::create().await;
    let history = sqlx_history(&[("1_a", SHOP), ("2_b", "ALTER TABLE crate DROP label")]);
    let error = database.migrate(&history).await.unwrap_err().to_string();
    assert!(error.contains("view crate_labels"), "{error}");
}
