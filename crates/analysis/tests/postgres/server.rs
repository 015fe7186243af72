//! Tests the look at a real server, and at what a role may not do there.

use std::time::Duration;

use analysis::name::Name;
use analysis::plan;
use analysis::server::{Need, Privilege, ask_server, missing};
use report::Verdict;
use sqlx::{Connection as _, PgConnection};

use crate::rules::subject;
use crate::support::{Database, conninfo, fewest_messages, pid, run, text, until};

async fn lacking(connection: &mut PgConnection, needs: &[Need]) -> Vec<String> {
    tokio::time::timeout(Duration::from_secs(5), missing(connection, needs)).await.unwrap().unwrap()
}

fn alter(name: &str) -> Need {
    Need::Alter(Name::parse(name))
}

fn to(privilege: Privilege, name: &str) -> Need {
    Need::Do(privilege, Name::parse(name))
}

#[tokio::test]
async fn the_server_tells_of_itself() {
    let database = Database::create().await;
    let mut session = database.session().await;
    let server = ask_server(&mut session).await.unwrap();
    let sent = fewest_messages(&mut session, async |session| {
        ask_server(session).await.unwrap();
    });
    assert_eq!(sent.await, 1);
    assert_eq!(server.version, text(&mut session, "current_setting('server_version')").await);
    assert!(!server.in_recovery);
    let reserved = if server.version.starts_with("15") { "0" } else { "current_setting('reserved_connections')::int" };
    let most = format!(
        "current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - {reserved}"
    );
    assert_eq!(server.most_connections.to_string(), text(&mut session, &most).await);
    assert!((1..=server.most_connections).contains(&server.connections));
    assert_eq!(server.longest_transaction, None);
    assert!(server.invalid_indexes.is_empty() && server.prepared_transactions.is_empty());
    assert!(server.missing_privileges.is_empty());
}

#[tokio::test]
async fn connections_are_counted_for_a_stranger_too() {
    let database = Database::create().await;
    let (mut stranger, _) = database.stranger().await;
    let (one, two) = (database.session().await, database.session().await);
    // Other tests connect meanwhile, so there are at least those of this one.
    assert!(ask_server(&mut stranger).await.unwrap().connections >= 3);
    one.close().await.unwrap();
    two.close().await.unwrap();
}

#[tokio::test]
async fn the_longest_transaction_is_told_to_who_may_see_it() {
    let database = Database::create().await;
    let (mut old, mut young) = (database.session().await, database.session().await);
    run(&mut old, "BEGIN; SELECT 1").await;
    run(&mut young, "BEGIN; SELECT 1").await;
    let longest = ask_server(&mut database.session().await).await.unwrap().longest_transaction.unwrap();
    assert_eq!(longest.pid, pid(&mut old).await);
    assert_eq!(longest.application, Some(format!("of {}", database.name)));
    assert_eq!(longest.state.as_deref(), Some("idle in transaction"));
    assert!(longest.seconds < 60);
    let (mut stranger, role) = database.stranger().await;
    let hidden = ask_server(&mut stranger).await.unwrap();
    assert_eq!(hidden.longest_transaction, None);
    assert_eq!(hidden.hidden_transactions, [format!("2 of {}", database.name)]);
    let report = plan::ask_database(&mut stranger, Vec::new()).await.unwrap().report(subject());
    let [note] = &report.notes[..] else { panic!("{:?}", report.notes) };
    assert_eq!(
        (note.verdict, note.text.as_str()),
        (
            Verdict::Safe,
            format!(
                "The role may not see how long transactions of other roles have lasted (2 of {}). GRANT pg_read_all_stats \
                 lets it",
                database.name
            )
            .as_str()
        )
    );
    assert_eq!((report.verdict, report.why.as_str()), (Verdict::Safe, "Nothing is pending"));
    run(&mut database.superuser().await, &format!("GRANT pg_read_all_stats TO {role}")).await;
    let seen = ask_server(&mut stranger).await.unwrap();
    assert_eq!((seen.longest_transaction.unwrap().pid, seen.hidden_transactions.len()), (longest.pid, 0));
}

#[tokio::test]
async fn prepared_transactions_and_invalid_indexes_are_named() {
    let database = Database::create().await;
    let mut session = database.session().await;
    run(&mut session, "CREATE SCHEMA \"Odd\"; CREATE TABLE \"Odd\".t (id int); INSERT INTO \"Odd\".t VALUES (1), (1)")
        .await;
    let broken =
        sqlx::raw_sql("CREATE UNIQUE INDEX CONCURRENTLY \"Once\" ON \"Odd\".t (id)").execute(&mut session).await;
    assert_eq!(broken.unwrap_err().as_database_error().unwrap().code().unwrap(), "23505");
    for name in ["first of it''s kind", "second"] {
        run(&mut session, &format!("BEGIN; INSERT INTO \"Odd\".t VALUES (2); PREPARE TRANSACTION '{name}'")).await;
    }
    let server = ask_server(&mut session).await;
    for name in ["first of it''s kind", "second"] {
        run(&mut session, &format!("ROLLBACK PREPARED '{name}'")).await;
    }
    let server = server.unwrap();
    assert_eq!(server.prepared_transactions, ["first of it's kind", "second"]);
    assert_eq!(server.invalid_indexes, ["\"Odd\".\"Once\""]);
    assert!(ask_server(&mut Database::create().await.session().await).await.unwrap().invalid_indexes.is_empty());
}

#[tokio::test]
async fn replicas_and_their_lag_are_told_to_who_may_see_them() {
    let (publisher, subscriber) = (Database::create().await, Database::create().await);
    let name = format!("replica_{}", publisher.name);
    let mut source = publisher.superuser().await;
    run(&mut source, "CREATE TABLE t (id int); CREATE PUBLICATION all_of_it FOR TABLE t").await;
    run(&mut source, &format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')")).await;
    let mut target = subscriber.superuser().await;
    run(&mut target, "CREATE TABLE t (id int)").await;
    let subscribe = format!(
        "CREATE SUBSCRIPTION {name} CONNECTION '{}' PUBLICATION all_of_it \
         WITH (create_slot = false, slot_name = '{name}', copy_data = false)",
        conninfo(&publisher.name)
    );
    run(&mut target, &subscribe).await;
    let of_it = |what: &str| {
        format!("SELECT count(*) = 1 FROM pg_stat_replication WHERE application_name = '{name}' AND {what}")
    };
    until(&mut source, &of_it("state = 'streaming'")).await;
    // What the subscriber cannot write is not replayed there.
    let mut lock = subscriber.superuser().await;
    run(&mut lock, "BEGIN; LOCK TABLE t").await;
    run(&mut source, "INSERT INTO t SELECT generate_series(1, 10000)").await;
    until(&mut source, &of_it("replay_lsn < pg_current_wal_lsn() - 100000")).await;
    let server = ask_server(&mut source).await;
    let to_stranger = ask_server(&mut publisher.stranger().await.0).await;
    run(&mut lock, "ROLLBACK").await;
    run(&mut target, &format!("DROP SUBSCRIPTION {name}")).await;

    let replicas = server.unwrap().replicas;
    let replica = replicas.iter().find(|replica| replica.name == name).unwrap();
    assert_eq!(replica.state, "streaming");
    assert!(replica.lag_bytes.unwrap() > 100_000);
    assert!(to_stranger.unwrap().replicas.is_empty());
}

/// As Aurora refuses functions that it does not have.
#[tokio::test]
async fn queries_that_the_server_refuses_are_left_out() {
    let database = Database::create().await;
    let mut superuser = database.superuser().await;
    run(&mut superuser, "REVOKE SELECT ON pg_catalog.pg_stat_replication, pg_catalog.pg_prepared_xacts FROM PUBLIC")
        .await;
    let mut session = database.session().await;
    let mut other = database.session().await;
    run(&mut other, "BEGIN; SELECT 1").await;
    let server = ask_server(&mut session).await.unwrap();
    let sent = fewest_messages(&mut session, async |session| {
        ask_server(session).await.unwrap();
    });
    assert_eq!(sent.await, 8);
    assert_eq!(server.longest_transaction.unwrap().pid, pid(&mut other).await);
    assert!(server.connections >= 2);
}

#[tokio::test]
async fn an_owner_lacks_no_right_and_another_role_lacks_most() {
    let database = Database::create().await;
    database
        .run(
            "CREATE SCHEMA app; CREATE TABLE app.orders (id int PRIMARY KEY, note text); CREATE SEQUENCE app.numbers; \
             CREATE VIEW app.shown AS SELECT id FROM app.orders; CREATE TYPE app.mood AS ENUM ('good'); \
             CREATE TABLE app.\"Odd\" (id int); GRANT USAGE ON SCHEMA app TO PUBLIC",
        )
        .await;
    let needs = [
        alter("app.orders"),
        alter("app.orders_pkey"),
        alter("app.orders"),
        alter("app.\"Odd\""),
        alter("app.missing"),
        alter("missing"),
        Need::Drop(Name::parse("app.shown")),
        Need::AlterType(Name::parse("app.mood")),
        to(Privilege::Select, "app.orders"),
        to(Privilege::Insert, "app.orders"),
        to(Privilege::Update, "app.orders"),
        to(Privilege::Delete, "app.orders"),
        to(Privilege::Truncate, "app.orders"),
        to(Privilege::References, "app.orders"),
        to(Privilege::Trigger, "app.orders"),
        Need::CreateIn("app".into()),
        Need::CreateIn("missing".into()),
        Need::Use("app".into()),
        Need::CreateSchema,
    ];
    let mut owner = database.session().await;
    assert_eq!(lacking(&mut owner, &needs).await, Vec::<String>::new());
    let sent = fewest_messages(&mut owner, async |session| {
        lacking(session, &needs).await;
    });
    assert_eq!(sent.await, 1);

    let (mut stranger, role) = database.stranger().await;
    let name = &database.name;
    let expected = [
        "alter app.\"Odd\": its owner is OWNER",
        "alter app.orders: its owner is OWNER",
        "alter app.orders_pkey: its owner is OWNER",
        "drop app.shown: its owner is OWNER",
        "read app.orders: its owner is OWNER and has not granted SELECT",
        "insert into app.orders: its owner is OWNER and has not granted INSERT",
        "update app.orders: its owner is OWNER and has not granted UPDATE",
        "delete from app.orders: its owner is OWNER and has not granted DELETE",
        "truncate app.orders: its owner is OWNER and has not granted TRUNCATE",
        "refer to app.orders: its owner is OWNER and has not granted REFERENCES",
        "make a trigger on app.orders: its owner is OWNER and has not granted TRIGGER",
        "alter type app.mood: its owner is OWNER",
        "make something in schema app: its owner is OWNER and has not granted CREATE",
        "make a schema: the owner of database OWNER is OWNER and has not granted CREATE",
    ];
    assert_eq!(lacking(&mut stranger, &needs).await, expected.map(|clause| clause.replace("OWNER", name)));

    run(
        &mut owner,
        &format!(
            "GRANT SELECT (note), REFERENCES (id) ON app.orders TO {role}; \
             GRANT DELETE, TRIGGER ON app.orders TO PUBLIC; \
             REVOKE USAGE ON SCHEMA app FROM PUBLIC"
        ),
    )
    .await;
    let granted = [Privilege::Select, Privilege::References, Privilege::Delete, Privilege::Trigger];
    assert_eq!(
        lacking(&mut stranger, &granted.map(|privilege| to(privilege, "app.orders"))).await,
        Vec::<String>::new()
    );
    let uses = format!("use schema app: its owner is {name} and has not granted USAGE");
    assert_eq!(lacking(&mut stranger, &[Need::Use("app".into())]).await, [uses]);

    // A role may do what it may do as a member of another role.
    run(&mut database.superuser().await, &format!("GRANT {name} TO {role}")).await;
    assert_eq!(lacking(&mut stranger, &needs).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_schemas_owner_may_drop_what_is_in_it() {
    let database = Database::create().await;
    let (mut stranger, role) = database.stranger().await;
    run(
        &mut database.superuser().await,
        &format!("CREATE SCHEMA theirs AUTHORIZATION {role}; CREATE TABLE theirs.t (id int)"),
    )
    .await;
    let needs = [Need::Drop(Name::parse("theirs.t")), alter("theirs.t")];
    assert_eq!(lacking(&mut stranger, &needs).await, ["alter theirs.t: its owner is postgres"]);
    run(&mut stranger, "DROP TABLE theirs.t").await;
}

/// Compares each answer with PostgreSQL's own.
#[tokio::test]
async fn roles_without_the_right_cannot_maintain() {
    let database = Database::create().await;
    let mut superuser = database.superuser().await;
    let (mut stranger, role) = database.stranger().await;
    run(&mut superuser, "CREATE TABLE t (id int PRIMARY KEY); GRANT USAGE ON SCHEMA public TO PUBLIC").await;
    let version: i32 = text(&mut superuser, "current_setting('server_version_num')").await.parse().unwrap();
    let can_be_granted = version >= 170_000;
    let not_granted = if can_be_granted { " and has not granted MAINTAIN" } else { "" };
    let needs = [to(Privilege::Maintain, "t"), to(Privilege::Maintain, "t_pkey"), to(Privilege::Vacuum, "t")];
    let expected = ["maintain public.t", "maintain public.t_pkey", "vacuum or analyze public.t"];
    let expected = expected.map(|deed| format!("{deed}: its owner is postgres{not_granted}"));
    assert_eq!(lacking(&mut stranger, &needs).await, expected);
    assert!(sqlx::raw_sql("REINDEX INDEX t_pkey").execute(&mut stranger).await.is_err());

    // The database's owner may vacuum the tables in it.
    let mut owner = database.session().await;
    assert_eq!(lacking(&mut owner, &needs[2..]).await, Vec::<String>::new());
    run(&mut owner, "VACUUM t").await;
    let time = "SELECT last_vacuum IS NOT NULL FROM pg_stat_all_tables WHERE relid = 't'::regclass";
    until(&mut owner, time).await;

    if can_be_granted {
        run(&mut superuser, &format!("GRANT MAINTAIN ON t TO {role}")).await;
        assert_eq!(lacking(&mut stranger, &needs).await, Vec::<String>::new());
        run(&mut stranger, "REINDEX INDEX t_pkey").await;
    }
}

#[tokio::test]
async fn roles_without_the_right_cannot_make_extensions() {
    let database = Database::create().await;
    let needs = ["pgcrypto", "pageinspect", "no_such_thing"].map(|name| Need::CreateExtension(name.into()));
    let mut owner = database.session().await;
    let of_superusers = "make extension pageinspect: only a superuser may";
    let unknown = "make extension no_such_thing: the server does not have it";
    assert_eq!(lacking(&mut owner, &needs).await, [unknown, of_superusers]);
    assert!(sqlx::raw_sql("CREATE EXTENSION pageinspect").execute(&mut owner).await.is_err());

    let (mut stranger, _) = database.stranger().await;
    let trusted =
        format!("make extension pgcrypto: the owner of database {0} is {0} and has not granted CREATE", database.name);
    assert_eq!(lacking(&mut stranger, &needs).await, [unknown, of_superusers, &trusted]);
    assert!(sqlx::raw_sql("CREATE EXTENSION pgcrypto").execute(&mut stranger).await.is_err());

    let mut superuser = database.superuser().await;
    assert_eq!(lacking(&mut superuser, &needs).await, [unknown]);
    run(&mut superuser, "CREATE EXTENSION pageinspect").await;
    run(&mut owner, "CREATE EXTENSION pgcrypto").await;
    assert_eq!(lacking(&mut stranger, &needs).await, [unknown]);
    run(&mut stranger, "CREATE EXTENSION IF NOT EXISTS pgcrypto").await;
}

/// The names of RDS's roles exist once on a server, so only this test creates them.
#[tokio::test]
async fn on_rds_its_own_roles_make_extensions() {
    let database = Database::create().await;
    let (mut stranger, role) = database.stranger().await;
    let needs = [Need::CreateExtension("pageinspect".into())];
    assert_eq!(lacking(&mut stranger, &needs).await.len(), 1);
    let mut superuser = database.superuser().await;
    run(&mut superuser, &format!("CREATE ROLE rds_superuser; GRANT rds_superuser TO {role}")).await;
    assert_eq!(lacking(&mut stranger, &needs).await, Vec::<String>::new());
    run(&mut superuser, "DROP ROLE rds_superuser").await;
}

#[tokio::test]
async fn a_locked_table_is_no_reason_to_wait() {
    let database = Database::create().await;
    database.run("CREATE TABLE t (id int PRIMARY KEY)").await;
    let mut holder = database.session().await;
    run(&mut holder, "BEGIN; LOCK TABLE t").await;
    let (mut stranger, _) = database.stranger().await;
    let needs = [alter("public.t"), alter("t_pkey"), to(Privilege::Select, "t"), to(Privilege::Maintain, "t_pkey")];
    assert_eq!(lacking(&mut stranger, &needs).await.len(), 4);
    tokio::time::timeout(Duration::from_secs(5), ask_server(&mut stranger)).await.unwrap().unwrap();
}
