//! Tests the facts on the size of tables, their use, and their lock holders.

use analysis::name::Name;
use sqlx::Connection as _;

use super::{facts, look_for, relation};
use crate::support::{Database, pid, run, text, until};

#[tokio::test]
async fn rows_are_unknown_before_analyze_has_counted_them() {
    let database = Database::create().await;
    let mut session = database.session().await;
    run(
        &mut session,
        "CREATE TABLE t (id int, long text) WITH (autovacuum_enabled = false); \
         ALTER TABLE t ALTER long SET STORAGE EXTERNAL; \
         CREATE TABLE counted_empty (id int) WITH (autovacuum_enabled = false); ANALYZE counted_empty; \
         INSERT INTO counted_empty VALUES (1)",
    )
    .await;
    assert_eq!(facts(&look_for(&mut session, &["t"]).await, "t").rows, Some(0));
    run(&mut session, "INSERT INTO t SELECT i, repeat('x', 5000) FROM generate_series(1, 1000) i").await;
    let catalog = look_for(&mut session, &["t", "counted_empty"]).await;
    assert_eq!((facts(&catalog, "t").rows, facts(&catalog, "counted_empty").rows), (None, None));
    let size = text(&mut session, "pg_table_size('t')").await;
    assert_eq!(facts(&catalog, "t").bytes.to_string(), size);
    assert!(facts(&catalog, "t").bytes > 5_000_000, "TOAST counts");

    run(&mut session, "ANALYZE t").await;
    assert_eq!(facts(&look_for(&mut session, &["t"]).await, "t").rows, Some(1000));
    // Rows that were added since are estimated by the pages, as the planner does.
    run(&mut session, "INSERT INTO t SELECT i, 'x' FROM generate_series(1, 20000) i").await;
    let rows = facts(&look_for(&mut session, &["t"]).await, "t").rows.unwrap();
    assert!((10_000..40_000).contains(&rows), "{rows}");
}

#[tokio::test]
async fn use_is_counted() {
    let database = Database::create().await;
    let mut session = database.session().await;
    run(
        &mut session,
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100); \
         UPDATE t SET id = id + 1000; \
         DELETE FROM t WHERE id > 1090; SELECT * FROM t; CREATE TABLE p (id int) PARTITION BY LIST (id); \
         CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1), (1); \
         CREATE VIEW v AS SELECT FROM t",
    )
    .await;
    // A session reports its counters when it ends, or soon after.
    session.close().await.unwrap();
    let mut session = database.session().await;
    until(&mut session, "SELECT count(*) = 2 FROM pg_stat_user_tables WHERE n_tup_ins > 0").await;
    let catalog = look_for(&mut session, &["t", "p", "v"]).await;
    assert_eq!(facts(&catalog, "t").writes, Some(210));
    assert!(facts(&catalog, "t").reads.unwrap() >= 200);
    assert_eq!(facts(&catalog, "p").writes, Some(2));
    assert_eq!((facts(&catalog, "v").reads, facts(&catalog, "v").since.clone()), (None, None));

    run(&mut database.superuser().await, "SELECT pg_stat_reset()").await;
    until(&mut session, "SELECT n_tup_ins = 0 FROM pg_stat_user_tables WHERE relname = 't'").await;
    let catalog = look_for(&mut session, &["t"]).await;
    assert_eq!(facts(&catalog, "t").writes, Some(0));
    let since = facts(&catalog, "t").since.clone().unwrap();
    let sql =
        format!("SELECT '{since}'::timestamptz BETWEEN now() - interval '1 minute' AND now() + interval '1 second'");
    assert_eq!(text(&mut session, &sql).await, "true", "{since}");
}

#[tokio::test]
async fn a_role_without_rights_sees_what_every_role_may_see() {
    let database = Database::create().await;
    database
        .run(
            "CREATE SCHEMA secret; CREATE TABLE secret.t (id int PRIMARY KEY CONSTRAINT positive CHECK (id > 0)); \
             CREATE TABLE public.open (id int); REVOKE ALL ON public.open FROM PUBLIC; \
             INSERT INTO public.open SELECT generate_series(1, 100); ANALYZE public.open",
        )
        .await;
    let mut holder = database.session().await;
    run(&mut holder, "BEGIN; LOCK TABLE public.open IN SHARE MODE; SELECT FROM public.open").await;
    let (mut stranger, _) = database.stranger_along("public, secret").await;
    let catalog = look_for(&mut stranger, &["secret.t", "t", "open"]).await;
    // Without USAGE a schema is not searched.
    assert!(!catalog.relations.contains_key(&Name::parse("t")));
    let found = relation(&catalog, "secret.t");
    assert!(!found.owned);
    assert_eq!(found.constraints.iter().filter(|rule| rule.kind == 'c').count(), 1);
    let open = facts(&catalog, "open");
    assert_eq!((open.rows, open.writes.is_some()), (Some(100), true));
    let [held] = &open.holders[..] else { panic!("{:?}", open.holders) };
    assert_eq!((held.pid, held.lock.as_str()), (Some(pid(&mut holder).await), "SHARE"));
    assert_eq!((held.application.clone(), held.seconds), (Some(format!("of {}", database.name)), None));
}

#[tokio::test]
async fn a_prepared_transaction_holds_its_locks() {
    let database = Database::create().await;
    database.run("CREATE TABLE t (id int); INSERT INTO t VALUES (2)").await;
    database.run("BEGIN; SAVEPOINT s; UPDATE t SET id = 1; PREPARE TRANSACTION 'of the catalog'").await;
    let mut session = database.session().await;
    let catalog = look_for(&mut session, &["t"]).await;
    run(&mut session, "ROLLBACK PREPARED 'of the catalog'").await;
    let [held] = &facts(&catalog, "t").holders[..] else { panic!("{:?}", facts(&catalog, "t").holders) };
    assert_eq!((held.pid, held.lock.as_str(), held.application.as_ref()), (None, "ROW EXCLUSIVE", None));
    assert!(held.seconds.is_some());
}

#[tokio::test]
async fn of_several_holders_the_oldest_comes_first() {
    let database = Database::create().await;
    database
        .run("CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)")
        .await;
    let (mut old, mut young) = (database.session().await, database.session().await);
    run(&mut old, "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT * FROM t1; INSERT INTO t VALUES (1)").await;
    // Ages are whole seconds.
    let age = "SELECT now() - xact_start > '1.5 seconds' FROM pg_stat_activity \
               WHERE state = 'idle in transaction' AND datname = current_database()";
    until(&mut database.session().await, age).await;
    run(&mut young, "BEGIN; SELECT * FROM t").await;
    let catalog = look_for(&mut database.session().await, &["t"]).await;
    let holders: Vec<_> =
        facts(&catalog, "t").holders.iter().map(|held| (held.pid.unwrap(), held.lock.as_str())).collect();
    assert_eq!(holders, [(pid(&mut old).await, "ROW EXCLUSIVE"), (pid(&mut young).await, "ACCESS SHARE")]);
}
