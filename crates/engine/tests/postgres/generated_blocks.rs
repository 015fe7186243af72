//! Generated scripts with transactions of their own. The engine leaves what PostgreSQL leaves of a script that is sent
//! unchanged, or it refuses the script. Only where PostgreSQL fails after a COMMIT does the engine leave less: nothing.

use engine::Error;
use engine::apply::Approved;
use engine::history::{History, Migration};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{Database, LEDGER, connect_with, history, run, texts};

/// The state before every script. The log shows what became of it.
const START: &str = "CREATE SCHEMA s; CREATE TABLE log (what text); \
    CREATE TABLE parent (k int PRIMARY KEY); \
    CREATE TABLE child (k int REFERENCES parent DEFERRABLE INITIALLY DEFERRED); \
    CREATE TABLE eager (k int CONSTRAINT eager_k REFERENCES parent DEFERRABLE); \
    CREATE TABLE uniq (k int UNIQUE DEFERRABLE INITIALLY DEFERRED); \
    CREATE TABLE noted (k int); \
    CREATE FUNCTION look(moment text) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', moment, \
        coalesce(current_setting('app.x', true), ''), current_setting('search_path'), current_setting('work_mem'), \
        CASE WHEN current_user = session_user THEN 'ourselves' ELSE 'other' END, to_regclass('t')::text, to_regclass('u')::text) $$; \
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN INSERT INTO public.log VALUES (public.look('fired')); RETURN NULL; END $$; \
    CREATE CONSTRAINT TRIGGER noted AFTER INSERT ON noted DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note(); \
    GRANT ALL ON SCHEMA public, s TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC";

/// Statements that may be anywhere and show the present state.
const LOOKS: &[&str] =
    &["INSERT INTO public.log VALUES (public.look('now'))", "INSERT INTO public.log VALUES (public.look('then'))"];

/// Statements that affect each other. `OTHER` is a role that ours may become.
const THEMES: [&[&str]; 4] = [
    &[
        "SET LOCAL app.x = 'local'",
        "SET LOCAL app.x = 'again'",
        "SET app.x = 'kept'",
        "RESET app.x",
        "SET LOCAL search_path = s, public",
        "SET search_path = public, s",
        "RESET \"search_path\"",
        "RESET ALL",
        "SET LOCAL work_mem = '1MB'",
        "SET \"work_mem\" = '2MB'",
        "SET LOCAL ROLE OTHER",
        "SET ROLE OTHER",
        "RESET ROLE",
        "SET LOCAL ROLE NONE",
        "DO $$ BEGIN SET LOCAL app.x = 'done'; END $$",
        "DO $$ BEGIN SET app.x = 'done and kept'; END $$",
        "SELECT set_config('app.x', 'configured', false)",
        "INSERT INTO public.noted VALUES (1)",
    ],
    &[
        "INSERT INTO parent VALUES (1) ON CONFLICT DO NOTHING",
        "INSERT INTO parent VALUES (2) ON CONFLICT DO NOTHING",
        "INSERT INTO child VALUES (1)",
        "INSERT INTO child VALUES (2)",
        "DELETE FROM child",
        "INSERT INTO eager VALUES (1)",
        "INSERT INTO uniq VALUES (1)",
        "DELETE FROM uniq WHERE ctid = (SELECT max(ctid) FROM uniq)",
        "INSERT INTO noted VALUES (1)",
        "WITH x AS (INSERT INTO noted VALUES (2) RETURNING k) SELECT k FROM x",
        "SET LOCAL search_path = public, s",
        "TRUNCATE noted",
        "ALTER TABLE child ADD IF NOT EXISTS more int",
        "ALTER TABLE noted ADD IF NOT EXISTS more int",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET CONSTRAINTS eager_k DEFERRED",
        "CREATE TABLE IF NOT EXISTS made (LIKE uniq INCLUDING ALL)",
        "INSERT INTO made VALUES (1)",
        "CREATE TABLE IF NOT EXISTS later (k int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO later VALUES (1)",
    ],
    &[
        "CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1 AS i",
        "CREATE TEMP TABLE IF NOT EXISTS t (i int) ON COMMIT DROP",
        "CREATE TEMP TABLE IF NOT EXISTS u (i int)",
        "CREATE TEMP TABLE IF NOT EXISTS u (i int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP",
        "CREATE TEMP TABLE IF NOT EXISTS v (i int) ON COMMIT DELETE ROWS",
        "CREATE TABLE IF NOT EXISTS public.t (i int)",
        "CREATE TABLE IF NOT EXISTS t (i int)",
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t VALUES (2)",
        "INSERT INTO log SELECT 'rows ' || count(*) FROM t",
        "DROP TABLE IF EXISTS t",
        "DROP TABLE IF EXISTS public.t",
        "ALTER TABLE IF EXISTS t RENAME TO w",
        "SET LOCAL search_path = s, public",
    ],
    &[
        "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'new'",
        "INSERT INTO log SELECT 'new'::mood",
        "INSERT INTO log SELECT $$new$$::mood",
        "CREATE TYPE other AS ENUM ('first')",
        "ALTER TYPE other ADD VALUE IF NOT EXISTS 'second'",
        "INSERT INTO log SELECT 'second'::other",
        "INSERT INTO parent VALUES (1) ON CONFLICT DO NOTHING",
        "INSERT INTO child VALUES (1)",
    ],
];

/// Statements that PostgreSQL accepts only between BEGIN and COMMIT.
const IN_BLOCKS: &[&str] = &[
    "SAVEPOINT a; SET app.x = 'taken back'; INSERT INTO public.noted VALUES (3); ROLLBACK TO a",
    "SAVEPOINT a; SET search_path = public, s; RELEASE a",
    "SAVEPOINT a",
    "ROLLBACK TO a",
    "DECLARE c CURSOR FOR SELECT 1; FETCH c; CLOSE c",
    "DECLARE c CURSOR FOR SELECT 1",
];

/// Generates transactions, with statements before and after each one.
fn script() -> impl Strategy<Value = String> {
    select(&THEMES[..]).prop_flat_map(|theme| {
        let one = move || prop_oneof![4 => select(theme), 1 => select(LOOKS)];
        let plain = move || prop::collection::vec(one(), 0..3);
        let inside = prop::collection::vec(prop_oneof![12 => one(), 1 => select(IN_BLOCKS)], 1..5);
        let block = (plain(), inside).prop_map(|(before, inside)| {
            let joined = |part: &[&str]| part.iter().flat_map(|sql| [sql, "; "]).collect::<String>();
            format!("{}BEGIN; {}COMMIT;\n", joined(&before), joined(&inside))
        });
        (prop::collection::vec(block, 1..3), plain()).prop_map(|(blocks, behind)| blocks.concat() + &behind.join("; "))
    })
}

/// A query for what has to agree: rows, and which tables exist.
const STATE: &str = "SELECT 'log ' || what FROM log UNION ALL SELECT 'parent ' || k FROM parent UNION ALL SELECT 'child ' || k FROM child \
    UNION ALL SELECT 'eager ' || k FROM eager UNION ALL SELECT 'uniq ' || k FROM uniq UNION ALL SELECT 'noted ' || k FROM noted \
    UNION ALL SELECT concat_ws(' ', 'table', relnamespace::regnamespace, relname, relowner::regrole::text = 'OTHER') FROM pg_class \
    WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 's'::regnamespace) AND relname <> '_prisma_migrations' ORDER BY 1";

/// Resets a database to the state that [`START`] left.
const CLEAN: &str = "DROP TABLE IF EXISTS public.t, public.w, s.t, s.w, later, made; \
    DELETE FROM child; DELETE FROM eager; DELETE FROM parent; DELETE FROM log; DELETE FROM uniq; DELETE FROM noted; \
    ALTER TABLE child DROP IF EXISTS more; ALTER TABLE noted DROP IF EXISTS more; \
    DROP TYPE IF EXISTS mood; DROP TYPE IF EXISTS s.other; DROP TYPE IF EXISTS other; CREATE TYPE mood AS ENUM ('old')";

#[tokio::test]
async fn what_a_script_of_several_transactions_does_is_what_postgresql_does() {
    let config = Config::default();
    // Each case opens three sessions.
    let cases = config.cases / 4;
    let mut runner = TestRunner::new(config);
    let start = history(&[("0", START)]);
    let (ours, theirs) = (Database::create().await, Database::create().await);
    let other = format!("{}_other", ours.target.user);
    let mut sessions = Vec::new();
    for database in [&ours, &theirs] {
        database.migrate(&start).await.unwrap();
        sessions.push(database.superuser().await);
    }
    run(
        &mut sessions[0],
        &format!("CREATE ROLE {other}; GRANT {other} TO {}, {}", ours.target.user, theirs.target.user),
    )
    .await;
    let state = STATE.replace("OTHER", &other);

    let (mut applied, mut refused, mut failed) = (0, 0, 0);
    for _ in 0..cases {
        for session in &mut sessions {
            // As the owner: the scripts alter the type.
            run(
                session,
                &format!("{CLEAN}; ALTER TYPE mood OWNER TO {other}; DELETE FROM {LEDGER} WHERE migration_name <> '0'"),
            )
            .await;
        }
        let sql = script().new_tree(&mut runner).unwrap().current().replace("OTHER", &other);
        let all =
            History { migrations: vec![start.migrations[0].clone(), Migration::prisma("1", &sql)], ..start.clone() };
        let plan = match ours.plan(&all).await {
            Ok(plan) => plan,
            Err(Error::Refused(_)) => {
                refused += 1;
                continue;
            }
            Err(error) => panic!("{sql}: {error}"),
        };
        let approved = Approved { digest: plan.digest, base_rows: plan.base_rows, up_to: None };
        let outcome = ours.apply(&all, &approved, "run").await;
        let expected = natively(&theirs, &sql).await;
        let found = texts(&mut sessions[0], &state).await;
        match (&outcome, &expected) {
            (Ok(_), None) => {
                assert_eq!(found, texts(&mut sessions[1], &state).await, "{sql}");
                applied += 1;
            }
            (Err(Error::MigrationFailed(failure)), Some(code)) if failure.code == *code => {
                let nothing =
                    ["child", "eager", "log", "noted", "parent", "uniq"].map(|table| format!("table public {table} f"));
                assert_eq!(found, nothing, "{sql}");
                failed += 1;
            }
            _ => panic!("{sql}: {outcome:?}, and PostgreSQL's own: {expected:?}"),
        }
    }
    eprintln!("{cases} scripts: {applied} applied, {failed} failed, {refused} refused");
    assert!(applied > cases / 10 && failed > 0 && refused > 0, "the scripts are too thin to show anything");
}

/// Returns the SQLSTATE with which PostgreSQL stops at a script that is sent unchanged, in a session like Prisma's own.
async fn natively(database: &Database, sql: &str) -> Option<String> {
    let mut session: PgConnection = connect_with(&database.target, &[("search_path", "\"public\"")]).await;
    match sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut session).await {
        Ok(_) => None,
        Err(error) => Some(error.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned()),
    }
}
