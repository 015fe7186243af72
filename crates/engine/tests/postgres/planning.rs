//! Tests that planning writes nothing, and finds what Prisma's own checks find.

use engine::history::Format;
use engine::session::Session;
use engine::{Error, preflight::preflight};
use sqlx::PgConnection;

use crate::support::{Database, LEDGER, applied, connect, history, run, sqlx_history};

const EVERYTHING: &str = "SELECT concat_ws(' ', c.oid, c.relname, c.relfilenode, c.xmin) FROM pg_class c ORDER BY 1";

#[tokio::test]
async fn planning_and_preflight_change_nothing() {
    let database = Database::create().await;
    let before = database.texts(EVERYTHING).await;
    let plan = database.plan(&history(&[("1", "CREATE TABLE a ()"), ("2", "VACUUM")])).await.unwrap();
    assert_eq!((plan.pending.len(), plan.base_rows, plan.already_applied), (2, 0, 0));
    let mut session = Session::open(&database.target).await.unwrap();
    let report = preflight(&mut session, Format::Prisma).await.unwrap();
    assert_eq!((report.database, report.tls), (database.target.database.clone(), true));
    assert_eq!(database.texts(EVERYTHING).await, before);
}

#[tokio::test]
async fn a_schema_with_tables_but_no_ledger_is_refused() {
    let database = Database::create().await;
    database.run("CREATE VIEW v AS SELECT 1; CREATE SEQUENCE s; CREATE EXTENSION pg_trgm").await;
    let history = history(&[("1", "SELECT 1")]);
    let approved = database.approve(&history).await;
    database.run("CREATE TABLE already_here ()").await;
    let error = database.plan(&history).await.unwrap_err();
    assert!(error.to_string().contains("1 table(s) but no _prisma_migrations"), "{error}");
    assert!(error.to_string().contains("\"mode\": \"baseline\""), "{error}");
    // Apply checks again, under the lock.
    let error = database.apply(&history, &approved, "run").await.unwrap_err();
    assert!(matches!(error, Error::HistoryNotEmpty { tables: 1, .. }), "{error}");
    assert_eq!(database.tables().await, ["already_here"]);
}

#[tokio::test]
async fn a_row_that_another_tool_left_open_stops_plan_and_apply() {
    let database = Database::create().await;
    let two = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()")]);
    database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
    let approved = database.approve(&two).await;
    database.run(&format!("INSERT INTO {LEDGER} (id, checksum, migration_name) VALUES ('x', 'y', '2')")).await;
    for error in [database.plan(&two).await.unwrap_err(), database.apply(&two, &approved, "run").await.unwrap_err()] {
        assert!(matches!(&error, Error::HistoryFailed { migration, .. } if migration == "2"), "{error}");
        assert!(error.to_string().contains("\"migration\": \"2\""), "{error}");
    }
    database.run(&format!("UPDATE {LEDGER} SET rolled_back_at = now() WHERE id = 'x'")).await;
    database.migrate(&two).await.unwrap();
    let ledger = database.ledger().await;
    assert_eq!((ledger.len(), &ledger[0], &ledger[2]), (3, &applied("1"), &applied("2")));
}

#[tokio::test]
async fn a_migration_that_another_tool_is_applying_has_not_failed() {
    let database = Database::create().await;
    let history = history(&[("1", "CREATE TABLE a ()"), ("2", "CREATE TABLE b ()")]);
    database.migrate(&crate::support::history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
    let mut other = database.session().await;
    let under_way = format!("INSERT INTO {LEDGER} (id, checksum, migration_name) VALUES ('x', 'y', '2')");
    run(&mut other, &format!("SELECT pg_advisory_lock(72707369); {under_way}")).await;
    let error = database.plan(&history).await.unwrap_err();
    let message = error.to_string();
    assert!(matches!(&error, Error::UnderWay { migration, .. } if migration == "2"), "{message}");
    assert!(message.contains("migration 2 was started and has not finished"), "{message}");
    assert!(message.contains(&format!(", user {}, ", database.target.user)), "{message}");
    run(&mut other, "SELECT pg_advisory_unlock(72707369)").await;
    let error = database.plan(&history).await.unwrap_err();
    assert!(matches!(error, Error::HistoryFailed { .. }), "{error}");
}

#[tokio::test]
async fn a_role_that_may_not_create_is_told_what_it_lacks() {
    let database = Database::create().await;
    let name = &database.target.user;
    run(
        &mut database.superuser().await,
        &format!("ALTER SCHEMA public OWNER TO postgres; ALTER DATABASE {name} OWNER TO postgres"),
    )
    .await;
    let refused = async |schema: &str| {
        let target = engine::session::Target { schema: schema.into(), ..database.target.clone() };
        let mut session = Session::open(&target).await.unwrap();
        preflight(&mut session, Format::Prisma).await.unwrap_err().to_string()
    };
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"{name}\"");
    assert!(refused("public").await.contains(&grant));
    run(&mut database.superuser().await, "REVOKE ALL ON SCHEMA public FROM PUBLIC").await;
    let without_usage = refused("public").await;
    assert!(without_usage.contains("lacks the right USAGE") && without_usage.contains(&grant), "{without_usage}");
    let missing = refused("not there").await;
    assert!(missing.contains(&format!("GRANT CREATE ON DATABASE \"{name}\" TO \"{name}\"")), "{missing}");
}

#[tokio::test]
async fn missing_rights_are_those_of_the_role_that_a_login_becomes() {
    let database = Database::create().await;
    let (login, other) = (&database.target.user, format!("{}_other", database.target.user));
    let set = format!("CREATE ROLE {other}; GRANT {other} TO {login}; ALTER ROLE {login} SET role = '{other}'");
    run(&mut database.superuser().await, &set).await;
    let mut session = Session::open(&database.target).await.unwrap();
    let error = preflight(&mut session, Format::Prisma).await.unwrap_err().to_string();
    let grant = format!("{other} lacks the right CREATE; run: GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"{other}\"");
    assert!(error.contains(&grant), "{error}");
}

#[tokio::test]
async fn a_role_needs_of_another_owners_ledger_only_what_applying_needs() {
    let database = Database::create().await;
    let role = &database.target.user;
    for (one, format, table) in [
        (history(&[("1", "CREATE TABLE a ()")]), Format::Prisma, LEDGER),
        (sqlx_history(&[("1_a", "CREATE TABLE b ()")]), Format::Sqlx, "public._sqlx_migrations"),
    ] {
        database.migrate(&one).await.unwrap();
        let mut superuser = database.superuser().await;
        let grant = async |superuser: &mut PgConnection, rights: &str| {
            let sql = format!("REVOKE ALL ON {table} FROM {role}; GRANT {rights} ON {table} TO {role}");
            run(superuser, &sql).await;
        };
        let checked = async || {
            let mut session = Session::open(&database.target).await.unwrap();
            preflight(&mut session, format).await.map(|report| report.warnings)
        };
        run(&mut superuser, &format!("ALTER TABLE {table} OWNER TO postgres")).await;
        grant(&mut superuser, "SELECT, INSERT").await;
        let error = checked().await.unwrap_err().to_string();
        assert!(error.contains("GRANT SELECT, INSERT, UPDATE ON") && !error.contains("DELETE"), "{error}");
        grant(&mut superuser, "SELECT, INSERT, UPDATE").await;
        let warnings = checked().await.unwrap();
        assert!(warnings.len() == 1 && warnings[0].contains("GRANT DELETE ON"), "{warnings:?}");
        grant(&mut superuser, "SELECT, INSERT, UPDATE, DELETE").await;
        assert!(checked().await.unwrap().is_empty());
    }
    // Without the right, even a statement that cannot run in a transaction works.
    let mut superuser = database.superuser().await;
    run(&mut superuser, &format!("REVOKE DELETE ON {LEDGER} FROM {role}")).await;
    let more =
        [("1", "CREATE TABLE a ()"), ("2", "ALTER TABLE a ADD i int"), ("3", "CREATE INDEX CONCURRENTLY ON a (i)")];
    assert_eq!(database.migrate(&history(&more)).await.unwrap().applied_now, 2);
}

#[tokio::test]
async fn roles_that_may_create_objects_where_scripts_look_are_named() {
    let database = Database::create().await;
    let role = &database.target.user;
    let mut superuser = database.superuser().await;
    let run = async |sql: String| crate::support::run(&mut database.superuser().await, &sql).await;
    let warnings = async || {
        let mut session = Session::open(&database.target).await.unwrap();
        preflight(&mut session, Format::Prisma).await.unwrap().warnings
    };
    assert_eq!(warnings().await, Vec::<String>::new(), "nothing is granted in a new database");
    let risk = "may create objects in it, so that a script can run another role's function or operator; run:";

    let names: Vec<String> = (0..7).map(|number| format!("{role}_{number}")).collect();
    for name in &names {
        run(format!("CREATE ROLE {name}; GRANT CREATE ON SCHEMA public TO {name}")).await;
    }
    // A member of our role may become the owner, and a superuser may do anything. Our role may do what its groups may.
    run(format!("GRANT {role} TO {}; ALTER ROLE {} SUPERUSER", names[5], names[6])).await;
    let five = names[..5].join(", ");
    let revoke = format!("REVOKE CREATE ON SCHEMA public FROM {five}");
    assert_eq!(warnings().await, [format!("schema public: {five} {risk} {revoke}")]);
    run(format!("REVOKE {role} FROM {}", names[5])).await;
    assert_eq!(warnings().await, [format!("schema public: {five} and 1 more {risk} {revoke}")]);
    run(format!("GRANT {} TO {role}; {revoke}", names[5])).await;
    assert_eq!(warnings().await, Vec::<String>::new());

    run("GRANT CREATE ON SCHEMA public TO PUBLIC".into()).await;
    let public = format!("schema public: every role {risk} REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    assert_eq!(warnings().await, std::slice::from_ref(&public));

    // The database's owner owns the schema, and our role may create objects there, like all others.
    run(format!("ALTER DATABASE {role} OWNER TO {}", names[0])).await;
    let owner = format!("schema public: its owner {} {risk} ALTER SCHEMA public OWNER TO {role}", names[0]);
    assert_eq!(warnings().await, [owner, public]);
    run(format!("ALTER DATABASE {role} OWNER TO {role}; REVOKE CREATE ON SCHEMA public FROM PUBLIC")).await;

    // A schema that is only in the search path.
    run(format!("CREATE SCHEMA \"Other\" AUTHORIZATION {}", names[1])).await;
    crate::support::run(&mut superuser, &format!("ALTER ROLE {role} SET search_path = public, \"Other\"")).await;
    let target = engine::session::Target { tool: Format::Sqlx, ..database.target.clone() };
    let mut session = Session::open(&target).await.unwrap();
    let told = preflight(&mut session, Format::Sqlx).await.unwrap().warnings;
    crate::support::run(&mut superuser, &format!("GRANT USAGE ON SCHEMA \"Other\" TO {role}")).await;
    assert_eq!(told, Vec::<String>::new(), "what the role may not use is not in its path");
    let mut session = Session::open(&target).await.unwrap();
    let told = preflight(&mut session, Format::Sqlx).await.unwrap().warnings;
    let other = format!("schema \"Other\": its owner {} {risk} ALTER SCHEMA \"Other\" OWNER TO {role}", names[1]);
    assert_eq!(told, [other]);
}

#[tokio::test]
async fn transactions_that_the_role_may_not_look_into_are_told() {
    let database = Database::create().await;
    let role = &database.target.user;
    let warnings = async || {
        let mut session = Session::open(&database.target).await.unwrap();
        let warnings = preflight(&mut session, Format::Prisma).await.unwrap().warnings;
        warnings.into_iter().filter(|warning| warning.contains("transaction")).collect::<Vec<_>>()
    };
    let mut superuser = database.superuser().await;
    run(
        &mut superuser,
        &format!("CREATE ROLE {role}_batch LOGIN PASSWORD 'b'; CREATE ROLE \"{role} Shop\" LOGIN PASSWORD 's'"),
    )
    .await;
    let batch = format!("{role}_batch");
    let mut strangers = [
        connect(&batch, "b", &database.target.database).await,
        connect(&batch, "b", &database.target.database).await,
        connect(&format!("{role} Shop"), "s", &database.target.database).await,
    ];
    assert_eq!(warnings().await, Vec::<String>::new(), "no session is in a transaction");
    for stranger in &mut strangers {
        run(stranger, "BEGIN; SELECT 1").await;
    }
    let told = format!(
        "3 session(s) of other roles are in a transaction, and {role} may not see for how long: of {batch} (2), \
         \"{role} Shop\" (1). They may hold locks for long; to see it, run: GRANT pg_read_all_stats TO {role}"
    );
    assert_eq!(warnings().await, [told]);
    run(&mut strangers[0], "COMMIT").await;
    run(&mut superuser, &format!("GRANT {batch} TO {role}")).await;
    let [told] = &warnings().await[..] else { panic!("one warning is expected") };
    assert!(told.starts_with("1 session(s)") && told.contains(&format!("of \"{role} Shop\" (1)")), "{told}");
    run(&mut superuser, &format!("GRANT pg_read_all_stats TO {role}")).await;
    assert_eq!(warnings().await, Vec::<String>::new(), "all is seen, and nothing lasts");
}

#[tokio::test]
async fn a_schema_of_its_own_is_made_and_used() {
    let mut database = Database::create().await;
    database.target.schema = "odd \"schema\"".into();
    database.migrate(&history(&[("1", "CREATE TABLE a ()")])).await.unwrap();
    let places = database.texts("SELECT relname::text FROM pg_class WHERE relnamespace = '\"odd \"\"schema\"\"\"'::regnamespace AND relkind = 'r' ORDER BY 1").await;
    assert_eq!(places, ["_prisma_migrations", "a"]);
}

#[tokio::test]
async fn a_ledger_with_row_level_security_is_refused() {
    let database = Database::create().await;
    database.migrate(&history(&[("1", "SELECT 1")])).await.unwrap();
    let secured = format!(
        "ALTER TABLE {LEDGER} OWNER TO postgres; ALTER TABLE {LEDGER} ENABLE ROW LEVEL SECURITY; GRANT ALL ON {LEDGER} TO PUBLIC"
    );
    run(&mut database.superuser().await, &secured).await;
    let error = database.plan(&history(&[("1", "SELECT 1")])).await.unwrap_err();
    assert!(error.to_string().contains("row level security"), "{error}");
}

#[tokio::test]
async fn a_plan_that_does_not_hold_leaves_no_ledger() {
    let database = Database::create().await;
    let approved = database.approve(&history(&[("1", "SELECT 1")])).await;
    database.apply(&history(&[("1", "SELECT 2")]), &approved, "run").await.unwrap_err();
    assert!(database.tables().await.is_empty());
}
