//! Tests that a look waits for no lock, and takes few round trips.

use std::time::Instant;

use analysis::catalog::ask_catalog;
use analysis::name::Name;

use super::{AT_ONCE, facts, look_for, relation};
use crate::support::{Database, asked, fewest_messages, names, pid, run, text, until};

/// Whatever locks another session holds or waits for, the look does not wait for them, and names the session.
#[tokio::test]
async fn a_locked_table_is_looked_at_all_the_same() {
    let database = Database::create().await;
    database
        .run(
            "CREATE TABLE t (id int PRIMARY KEY, long text, CONSTRAINT positive CHECK (id > 0)); \
             CREATE TABLE free (id int PRIMARY KEY CONSTRAINT small CHECK (id < 9)); \
             CREATE TABLE child (id int REFERENCES t); INSERT INTO t SELECT generate_series(1, 1000); ANALYZE t; \
             CREATE VIEW v AS SELECT id FROM t; INSERT INTO free VALUES (1)",
        )
        .await;
    let (mut holder, mut session) = (database.session().await, database.session().await);
    let holding = pid(&mut holder).await;
    let exclusive = [
        "LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
        "ALTER TABLE t ADD COLUMN more int",
        "TRUNCATE t CASCADE",
        "DROP TABLE t CASCADE",
        "ALTER TABLE t ALTER COLUMN id TYPE bigint USING id",
        "REINDEX TABLE t",
        "CLUSTER t USING t_pkey",
    ];
    for statement in exclusive {
        // All of it is one transaction: in one message, the statements before BEGIN are part of it.
        run(&mut holder, &format!("DROP VIEW v; BEGIN; {statement}")).await;
        let catalog = look_for(&mut session, &["t", "t_pkey", "child", "free", "v"]).await;
        let table = relation(&catalog, "t");
        assert_eq!(table.columns.len(), 2, "{statement}");
        assert_eq!(table.columns[0].of_type, "integer", "{statement}");
        let found = table.facts.holders.iter().find(|found| found.pid == Some(holding)).unwrap();
        assert_eq!(found.application, Some(format!("of {}", database.name)), "{statement}");
        assert!(found.seconds.is_some(), "{statement}");
        if statement != "REINDEX TABLE t" {
            assert_eq!(found.lock, "ACCESS EXCLUSIVE", "{statement}");
            // The condition cannot be read now. The sizes are those of the last count.
            assert_eq!(table.constraints.iter().find(|rule| rule.name == "positive").unwrap().definition, "");
            assert_eq!(table.facts.rows, Some(1000), "{statement}");
            // Other tables are measured: this one was never counted.
            assert_eq!(facts(&catalog, "free").bytes, 8192, "{statement}");
        }
        assert!(table.facts.bytes > 0, "{statement}");
        let free = relation(&catalog, "free");
        assert_eq!(free.constraints.iter().find(|rule| rule.name == "small").unwrap().definition, "CHECK ((id < 9))");
        assert!(free.facts.holders.is_empty());
        run(&mut holder, "ROLLBACK").await;
    }

    // A session that only waits for the lock is in the way too.
    run(&mut holder, "BEGIN; SELECT * FROM t").await;
    let mut waiting = database.session().await;
    let waiter = pid(&mut waiting).await;
    let waiting = tokio::spawn(async move {
        run(&mut waiting, "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; COMMIT").await;
    });
    until(&mut session, &format!("SELECT count(*) > 0 FROM pg_locks WHERE pid = {waiter} AND NOT granted")).await;
    let catalog = look_for(&mut session, &["t"]).await;
    let holders: Vec<_> =
        facts(&catalog, "t").holders.iter().map(|held| (held.pid.unwrap(), held.lock.as_str())).collect();
    assert_eq!(holders, [(holding, "ACCESS SHARE")]);
    run(&mut holder, "ROLLBACK").await;
    waiting.await.unwrap();
}

/// The lock comes between the query for lock holders and the next query. Here, the lock is on a table that the first
/// query does not cover.
#[tokio::test]
async fn a_lock_that_cannot_be_foreseen_costs_a_moment() {
    let database = Database::create().await;
    let mut superuser = database.superuser().await;
    let table = "CREATE TABLE t (id int CONSTRAINT positive CHECK (id > 0), long text); INSERT INTO t VALUES (1)";
    run(&mut superuser, table).await;
    run(&mut superuser, "VACUUM t").await;
    let toast = text(&mut superuser, "SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 't'").await;
    run(&mut superuser, &format!("BEGIN; REINDEX INDEX {toast}_index")).await;
    let mut session = database.session().await;
    let catalog = look_for(&mut session, &["t"]).await;
    let sent = fewest_messages(&mut session, async |session| {
        look_for(session, &["t"]).await;
    });
    assert_eq!(sent.await, 9);
    assert_eq!(relation(&catalog, "t").constraints[0].definition, "CHECK ((id > 0))");
    assert_eq!((facts(&catalog, "t").bytes, facts(&catalog, "t").rows), (16384, Some(1)));
}

/// A lock on the catalog itself cannot be avoided, but the look does not wait for it for long either.
#[tokio::test]
async fn a_locked_catalog_is_an_error() {
    let database = Database::create().await;
    database.run("CREATE TABLE t (id int)").await;
    let mut session = database.session().await;
    let mut superuser = database.superuser().await;
    run(&mut superuser, "BEGIN; LOCK TABLE pg_catalog.pg_depend IN ACCESS EXCLUSIVE MODE").await;
    let named = asked(&names(&["t"]), &[], &[]);
    let looking = tokio::time::timeout(AT_ONCE, ask_catalog(&mut session, &named));
    let error = looking.await.unwrap().unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "55P03");
}

/// As Aurora refuses functions that it does not have.
#[tokio::test]
async fn queries_that_the_server_refuses_are_left_out() {
    let database = Database::create().await;
    database
        .run("CREATE TABLE t (id int CONSTRAINT positive CHECK (id > 0)); INSERT INTO t VALUES (1); ANALYZE t")
        .await;
    let mut superuser = database.superuser().await;
    run(
        &mut superuser,
        "SET allow_system_table_mods = on; CREATE FUNCTION refuse() RETURNS bool LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'not supported for this server' USING ERRCODE = '0A000'; END $$; \
         DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW pg_catalog.pg_stat_activity AS ' \
             || rtrim(pg_get_viewdef('pg_catalog.pg_stat_activity'), ';') || ' WHERE public.refuse()'; END $$",
    )
    .await;
    let mut holder = database.session().await;
    run(&mut holder, "BEGIN; SELECT FROM t").await;
    let mut session = database.session().await;
    let catalog = look_for(&mut session, &["t"]).await;
    let sent = fewest_messages(&mut session, async |session| {
        look_for(session, &["t"]).await;
    });
    assert_eq!(sent.await, 9);
    assert_eq!(relation(&catalog, "t").constraints[0].definition, "CHECK ((id > 0))");
    let table = facts(&catalog, "t");
    assert_eq!((table.rows, table.bytes > 0, table.reads.is_some()), (Some(1), true, true));
    assert!(table.holders.is_empty());

    run(&mut superuser, "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_table_size FROM PUBLIC").await;
    run(&mut superuser, "REVOKE SELECT ON pg_catalog.pg_stat_all_tables FROM PUBLIC").await;
    let catalog = look_for(&mut session, &["t"]).await;
    let table = facts(&catalog, "t");
    assert_eq!((table.rows, table.bytes, table.reads), (Some(1), 8192, None));
}

#[tokio::test]
async fn two_thousand_names_take_three_round_trips() {
    let database = Database::create().await;
    let mut session = database.session().await;
    run(
        &mut session,
        r#"DO $$ BEGIN FOR i IN 1..2000 LOOP
             EXECUTE format('CREATE TABLE "Table %s" (id bigint PRIMARY KEY, previous bigint, at timestamptz,
                 status text CHECK (status <> %L), amount numeric, note text, other int, more int)', i, '');
             EXECUTE format('CREATE INDEX ON "Table %s" (status, at)', i);
             IF i > 1 THEN
                 EXECUTE format('ALTER TABLE "Table %s" ADD FOREIGN KEY (previous) REFERENCES "Table %s"', i, i - 1);
             END IF;
             IF i % 500 = 0 THEN COMMIT; END IF;
         END LOOP; END $$"#,
    )
    .await;
    run(&mut session, "ANALYZE").await;
    let all: Vec<Name> = (1..=2000).map(|i| Name::unqualified(format!("Table {i}"))).collect();
    let functions: Vec<Name> = (1..=500).map(|i| Name::unqualified(format!("function_{i}"))).collect();
    for time in ["first", "second"] {
        let started = Instant::now();
        let catalog = ask_catalog(&mut session, &asked(&all, &functions, &functions)).await.unwrap();
        eprintln!("2,000 names, {time} time: {:?}", started.elapsed());
        // The last tables lead to few others. In so short a time a session has no changes of the catalog to catch up
        // with.
        let few = asked(&all[1950..], &functions, &functions);
        let sent = fewest_messages(&mut session, async |session| {
            ask_catalog(session, &few).await.unwrap();
        });
        assert_eq!(sent.await, 3);
        assert_eq!(catalog.relations.len(), 4000);
        assert!(all.iter().all(|name| {
            catalog.relations[name].constraints.iter().any(|rule| rule.kind == 'c' && !rule.definition.is_empty())
        }));
    }
    // One name is enough to find all tables that refer to it, one after the other.
    let started = Instant::now();
    let catalog = look_for(&mut session, &["\"Table 1\""]).await;
    eprintln!("one name and 1,999 that lead there: {:?}", started.elapsed());
    assert_eq!(catalog.relations.len(), 2001);

    look_for(&mut session, &["missing"]).await;
    let sent = fewest_messages(&mut session, async |session| {
        look_for(session, &["missing"]).await;
    });
    assert_eq!(sent.await, 1);
}

#[tokio::test]
async fn settings_of_the_session_stay_as_they_were() {
    let database = Database::create().await;
    let mut session = database.session().await;
    run(&mut session, "CREATE TABLE t (id int); SET lock_timeout = '7s'").await;
    look_for(&mut session, &["t"]).await;
    assert_eq!(text(&mut session, "current_setting('lock_timeout')").await, "7s");
}
