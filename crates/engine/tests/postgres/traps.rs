//! Tests that no query of ours finds an object that another role has made in a schema of the search path. `traps.sql`
//! lays traps there, and nothing that the engine does springs one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::apply::{Approved, Budget, Progress};
use engine::attempt::Attempt;
use engine::baseline::{self, ApprovedBaseline};
use engine::history::{Format, History};
use engine::plan::{OnDivergence, plan_history};
use engine::preflight::{PreflightFindings, preflight};
use engine::resolve::{self, ApprovedClaim, Claim, Declared};
use engine::session::{Session, Target};
use engine::{Error, apply::apply};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::OnceCell;

use crate::support::{
    Database, INSTANCE, budget, connect_as_superuser, history, run, sqlx_history, texts, until, within,
};

const TRAPS: &str = include_str!("traps.sql");
const OWN_PATH: &str = "SET search_path = pg_catalog, pg_temp";
const PATIENCE: Duration = Duration::from_secs(5);

/// Which operators are laid as traps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operators {
    /// Those that the system does not have: they fit better than one of its own with a cast.
    Near,
    /// All operators, so that a path with the system's schema at its end finds them first.
    All,
    /// All operators, and no role may run them. A query that names one fails, even if no row reaches it.
    Shut,
}

/// Returns a database with the functions. It is created once, since the functions take the longest.
async fn template() -> &'static str {
    static MADE: OnceCell<String> = OnceCell::const_new();
    MADE.get_or_init(|| async {
        let name = format!("traps_{}", std::process::id());
        run(&mut connect_as_superuser("postgres").await, &format!("CREATE DATABASE {name}")).await;
        let mut session = connect_as_superuser(&name).await;
        run(&mut session, TRAPS).await;
        session.close().await.unwrap();
        name
    })
    .await
}

/// A database with traps, and the applied part of its history.
struct Trapped {
    database: Database,
    target: Target,
    applied: Vec<(String, String)>,
}

impl Trapped {
    async fn create(tool: Format, operators: Operators) -> Self {
        let database = Database::create_from(tool, template().await).await;
        let role = database.target.user.clone();
        let mut superuser = database.superuser().await;
        for schema in ["public", "further", &role] {
            run(&mut superuser, &format!("CALL traps.lay('{schema}', {})", operators == Operators::Near)).await;
        }
        if operators == Operators::Shut {
            run(&mut superuser, "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA traps FROM PUBLIC").await;
        }
        run(&mut superuser, &format!("ALTER SCHEMA {role} OWNER TO {role}")).await;
        // Prisma's scripts use only one schema.
        let path = "\"$user\", public, further, pg_catalog";
        run(&mut superuser, &format!("ALTER ROLE {role} SET search_path = {path}")).await;
        let schema = if tool == Format::Sqlx { role } else { "public".to_owned() };
        let target = Target { schema, ..database.target.clone() };
        Self { database, target, applied: Vec::new() }
    }

    /// Opens a session that finds no traps.
    async fn session(&self) -> PgConnection {
        let mut session = self.database.session().await;
        run(&mut session, OWN_PATH).await;
        session
    }

    async fn run(&self, sql: &str) {
        run(&mut self.session().await, &sql.replace("$schema", &self.target.schema)).await;
    }

    /// Returns the applied migrations, and those in `more`.
    fn history(&self, more: &[(&str, &str)]) -> History {
        let applied = self.applied.iter().map(|(name, sql)| (name.as_str(), sql.as_str()));
        let scripts: Vec<_> = applied.chain(more.iter().copied()).collect();
        if self.target.tool == Format::Sqlx { sqlx_history(&scripts) } else { history(&scripts) }
    }

    async fn approve(&self, history: &History) -> Approved {
        let mut session = Session::open(&self.target).await.unwrap();
        let plan = plan_history(&mut session, INSTANCE, history, None, OnDivergence::AsTool).await.unwrap();
        Approved { digest: plan.digest, base_rows: plan.base_rows, up_to: None }
    }

    fn attempt<'a>(&'a self, history: &'a History) -> Attempt<'a> {
        Attempt { target: &self.target, instance: INSTANCE, history, run: "run" }
    }

    async fn migrate_within(&self, more: &[(&str, &str)], budget: Budget) -> engine::Result<Progress> {
        let history = self.history(more);
        let approved = self.approve(&history).await;
        apply(self.attempt(&history), &approved, budget).await
    }

    async fn migrate(&mut self, more: &[(&str, &str)]) {
        let outcome = self.migrate_within(more, budget()).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{more:?}: {error}"));
        assert_eq!((outcome.applied_now, outcome.remaining), (more.len(), 0), "{more:?}");
        self.applied.extend(more.iter().map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned())));
    }

    /// Applies a script, and expects its failure.
    async fn fail(&self, name: &str, sql: &str) -> Error {
        self.migrate_within(&[(name, sql)], budget()).await.unwrap_err()
    }

    /// Records that a run of ours has started a script and was cut off.
    async fn cut_off(&self, name: &str, sql: &str) {
        let checksum = self.history(&[(name, sql)]).migrations.last().unwrap().checksum.clone();
        let number = name.split('_').next().unwrap();
        self.run(&match self.target.tool {
            Format::Prisma => format!(
                "INSERT INTO $schema._prisma_migrations (id, checksum, migration_name, logs) \
                 VALUES ('{name}', '{checksum}', '{name}', 'lockstep: running outside a transaction')"
            ),
            Format::Sqlx => format!(
                "INSERT INTO $schema._sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES ({number}, '', false, decode('{checksum}', 'hex'), -2)"
            ),
        })
        .await;
    }

    async fn invalid_index(&self, name: &str) {
        self.run(&format!("CREATE INDEX {name} ON $schema.t (n)")).await;
        let invalid = format!(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{}.{name}'::regclass",
            self.target.schema
        );
        let mut superuser = self.database.superuser().await;
        run(&mut superuser, OWN_PATH).await;
        run(&mut superuser, &invalid).await;
    }

    async fn resolve(&self, more: &[(&str, &str)], resolution: Declared) {
        let history = self.history(more);
        let claim = Claim { migration: more.last().unwrap().0.to_owned(), resolution };
        let mut session = Session::open(&self.target).await.unwrap();
        let evidence = resolve::find_evidence(&mut session, INSTANCE, &history, &claim).await.unwrap();
        let approved = ApprovedClaim { claim, digest: evidence.digest };
        assert!(resolve::resolve(self.attempt(&history), &approved, PATIENCE).await.unwrap());
    }

    async fn preflight(&self) -> PreflightFindings {
        preflight(&mut Session::open(&self.target).await.unwrap(), self.target.tool).await.unwrap()
    }
}

/// Scripts of every class, with statements of our own in between.
const SCRIPTS: [(&str, &str); 15] = [
    (
        "01_tables",
        "CREATE TABLE t (id INTEGER, n INTEGER); INSERT INTO t VALUES (1, 1), (2, 1); CREATE TABLE u (n INTEGER)",
    ),
    (
        "02_transactions",
        "BEGIN; CREATE TABLE p (id INTEGER PRIMARY KEY); \
         CREATE TABLE c (id INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED); SET LOCAL search_path = further; COMMIT; \
         BEGIN; INSERT INTO c VALUES (1); INSERT INTO p VALUES (1); \
         CREATE TEMPORARY TABLE short (n INTEGER) ON COMMIT DROP; COMMIT; INSERT INTO c VALUES (1)",
    ),
    ("03_path", "SET search_path = public, further, pg_catalog; CREATE TABLE v (n INTEGER)"),
    ("04_index", "CREATE INDEX CONCURRENTLY by_n ON t (n)"),
    ("05_unnamed_index", "CREATE INDEX CONCURRENTLY ON t (n)"),
    ("06_reindex", "REINDEX TABLE CONCURRENTLY t"),
    ("07_vacuum", "VACUUM t"),
    (
        "08_partitions",
        "CREATE TABLE parts (id INTEGER) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parts FOR VALUES IN (1); \
         CREATE INDEX ON parts (id)",
    ),
    ("09_only_the_server_knows", "REINDEX TABLE parts"),
    ("10_detach", "ALTER TABLE parts DETACH PARTITION part CONCURRENTLY"),
    ("11_drop", "DROP INDEX CONCURRENTLY by_n"),
    ("12_prepared", "CREATE TABLE w (n INTEGER)"),
    ("13_forgets_what_is_prepared", "DEALLOCATE ALL; CREATE TABLE x (n INTEGER)"),
    ("14_prepares", "PREPARE other AS VALUES (1); CREATE TABLE y (n INTEGER)"),
    ("15_last", "SET search_path = public, further, pg_catalog; INSERT INTO v VALUES (1)"),
];

async fn ordinary(trapped: &mut Trapped) {
    // The ledger begins with a baseline.
    trapped.run("CREATE TABLE $schema.base ()").await;
    let base = ("00_base", "CREATE TABLE base ()");
    let history = trapped.history(&[base]);
    let found = baseline::plan_baseline(&mut Session::open(&trapped.target).await.unwrap(), INSTANCE, &history, base.0)
        .await
        .unwrap();
    let approved = ApprovedBaseline { up_to: base.0.to_owned(), digest: found.digest };
    baseline::record(trapped.attempt(&history), &approved, PATIENCE).await.unwrap();
    trapped.applied.push((base.0.to_owned(), base.1.to_owned()));

    trapped.migrate(&SCRIPTS).await;
    trapped.migrate(&[]).await;
    trapped.preflight().await;
    // A schema and a ledger that have to be created.
    let target = Target {
        schema: "made".to_owned(),
        sqlx_table: "made._sqlx_migrations".parse().unwrap(),
        ..trapped.target.clone()
    };
    let mut elsewhere = Trapped { database: Database { target: target.clone() }, target, applied: Vec::new() };
    elsewhere.migrate(&[("1_a", "CREATE TABLE a ()"), ("2_b", "CREATE TABLE b ()")]).await;
}

async fn cut_off(trapped: &mut Trapped) {
    let index = ("20_index", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (n)");
    trapped.invalid_index("i").await;
    trapped.cut_off(index.0, index.1).await;
    trapped.migrate(&[index]).await;

    let dropped = ("21_dropped", "DROP INDEX CONCURRENTLY IF EXISTS gone");
    trapped.cut_off(dropped.0, dropped.1).await;
    trapped.migrate(&[dropped]).await;

    let reindexed = ("22_reindexed", "REINDEX TABLE CONCURRENTLY t");
    trapped.invalid_index("t_n_ccnew").await;
    trapped.cut_off(reindexed.0, reindexed.1).await;
    trapped.migrate(&[reindexed]).await;

    // An index of another session.
    trapped.invalid_index("j").await;
    trapped.migrate(&[("23_half", "CREATE INDEX CONCURRENTLY IF NOT EXISTS j ON t (n)")]).await;

    for (name, sql, resolution) in [
        ("24_no_trace", "REINDEX TABLE parts", Declared::Applied),
        ("25_unnamed", "CREATE INDEX CONCURRENTLY ON t (n)", Declared::RolledBack),
        ("26_attached", "ALTER TABLE parts DETACH PARTITION part CONCURRENTLY", Declared::RolledBack),
    ] {
        trapped.cut_off(name, sql).await;
        if resolution == Declared::Applied || name == "25_unnamed" {
            let error = trapped.fail(name, sql).await;
            assert!(matches!(error, Error::InDoubt { .. }), "{error}");
        }
        trapped.resolve(&[(name, sql)], resolution).await;
        if resolution == Declared::Applied {
            trapped.applied.push((name.to_owned(), sql.to_owned()));
        }
    }
}

async fn failing(trapped: &mut Trapped) {
    let error = trapped.fail("30_fails", "SET search_path = public, further, pg_catalog; DROP TABLE not_there").await;
    assert!(matches!(error, Error::MigrationFailed(_)), "{error}");
    for sql in [
        "CREATE UNIQUE INDEX CONCURRENTLY once ON t (n)",
        "CREATE UNIQUE INDEX CONCURRENTLY ON t (n)",
        "REINDEX INDEX gone",
    ] {
        let error = trapped.fail("31_fails_alone", sql).await;
        assert!(matches!(error, Error::MigrationFailed(_)), "{error}");
    }
    trapped.run("CREATE INDEX taken ON $schema.u (n)").await;
    let error = trapped.fail("32_taken", "CREATE INDEX CONCURRENTLY IF NOT EXISTS taken ON t (n)").await;
    assert!(matches!(error, Error::NothingDone { .. }), "{error}");
    let error = trapped.fail("33_gives_the_lock_up", "SELECT pg_catalog.pg_advisory_unlock_all()").await;
    assert!(error.to_string().contains("lock"), "{error}");
    let sleeps = [("34_sleeps", "SELECT pg_catalog.pg_sleep(30)")];
    let error = trapped.migrate_within(&sleeps, within(Duration::from_millis(300))).await.unwrap_err();
    // On a busy machine, the cancellation may come too late.
    assert!(matches!(error, Error::MigrationFailed(_) | Error::ConnectionClosed { .. }), "{error}");
}

async fn contended(trapped: &mut Trapped) {
    trapped.invalid_index("k").await;
    let mut holder = trapped.session().await;
    let impatient = Budget { contention_patience: Duration::from_secs(1), lock_patience: Duration::ZERO, ..budget() };
    run(&mut holder, &format!("BEGIN; LOCK TABLE {}.t IN ROW EXCLUSIVE MODE", trapped.target.schema)).await;
    let column = [("40_column", "ALTER TABLE t ADD COLUMN b INTEGER")];
    let patient = Budget { lock_patience: PATIENCE, ..impatient };
    let error = trapped.migrate_within(&column, patient).await.unwrap_err();
    assert!(matches!(error, Error::LockTimeout { .. }), "{error}");

    let short = Budget { lock_patience: PATIENCE, ..within(Duration::from_millis(1500)) };
    let index = [("41_index", "CREATE INDEX CONCURRENTLY IF NOT EXISTS k ON t (n)")];
    let error = trapped.migrate_within(&index, short).await.unwrap_err();
    assert!(matches!(error, Error::LockTimeout { .. } | Error::ConnectionClosed { .. }), "{error}");
    run(&mut holder, "ROLLBACK").await;
    trapped.resolve(&index, Declared::RolledBack).await;

    let history = trapped.history(&column);
    let approved = trapped.approve(&history).await;
    let target = Target { application_name: "another run".to_owned(), ..trapped.target.clone() };
    let slow = trapped.history(&[("40_column", "SELECT pg_catalog.pg_sleep(60)")]);
    let others = trapped.approve(&slow).await;
    let running = "FROM pg_stat_activity WHERE application_name = 'another run' AND wait_event = 'PgSleep' AND datname = current_database()";
    let meanwhile = async {
        until(&mut holder, &format!("EXISTS (SELECT {running})")).await;
        let warned = trapped.preflight().await.warnings;
        assert!(warned.iter().any(|warning| warning.contains("another run")), "{warned:?}");
        let error = apply(trapped.attempt(&history), &approved, impatient).await.unwrap_err();
        assert!(matches!(error, Error::LockHeld { .. }), "{error}");
        run(&mut holder, &format!("SELECT pg_cancel_backend(pid) {running}")).await;
    };
    let other = Attempt { target: &target, instance: INSTANCE, history: &slow, run: "other" };
    let (result, ()) = tokio::join!(apply(other, &others, budget()), meanwhile);
    result.unwrap_err();
    trapped.migrate(&column).await;
}

async fn everything(tool: Format, operators: Operators) {
    let mut trapped = Trapped::create(tool, operators).await;
    Box::pin(ordinary(&mut trapped)).await;
    Box::pin(cut_off(&mut trapped)).await;
    Box::pin(failing(&mut trapped)).await;
    Box::pin(contended(&mut trapped)).await;
    let ledger = if tool == Format::Sqlx { "_sqlx_migrations" } else { "_prisma_migrations" };
    let delete = format!("DELETE FROM {ledger}");
    let first = ("50_first", "CREATE TABLE first ()");
    let error = trapped.migrate_within(&[first, ("51_empties_the_ledger", &delete)], budget()).await.unwrap_err();
    assert!(matches!(error, Error::MigrationFailed { .. }), "{error}");
    let hidden = format!(
        "DO $$ BEGIN EXECUTE pg_catalog.replace('DELETE FROM {}', '-', '_'); END $$",
        ledger.replacen('_', "-", 1)
    );
    let error = trapped.migrate_within(&[first, ("51_empties_the_ledger", &hidden)], budget()).await.unwrap_err();
    assert!(matches!(error, Error::RowsGone { .. }), "{error}");

    let mut superuser = trapped.database.superuser().await;
    run(&mut superuser, OWN_PATH).await;
    let sprung = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END::text FROM traps.sprung";
    assert_eq!(texts(&mut superuser, sprung).await, ["0"], "traps were sprung");
    // Traps can be sprung: here they are.
    run(&mut superuser, "SET search_path = public").await;
    let text = "SELECT 'a'::pg_catalog.text || 1::pg_catalog.oid";
    let error = sqlx::raw_sql(text).execute(&mut superuser).await.unwrap_err();
    assert!(error.to_string().contains("a trap is sprung"), "{error}");
    superuser.close().await.unwrap();
    trapped.database.drop().await;
}

#[tokio::test]
async fn prismas_layout_springs_no_trap_of_what_fits_better() {
    everything(Format::Prisma, Operators::Near).await;
}

#[tokio::test]
async fn prismas_layout_springs_no_trap_that_comes_first() {
    everything(Format::Prisma, Operators::All).await;
}

#[tokio::test]
async fn prismas_layout_names_no_trap() {
    everything(Format::Prisma, Operators::Shut).await;
}

#[tokio::test]
async fn sqlxs_layout_springs_no_trap_of_what_fits_better() {
    everything(Format::Sqlx, Operators::Near).await;
}

#[tokio::test]
async fn sqlxs_layout_springs_no_trap_that_comes_first() {
    everything(Format::Sqlx, Operators::All).await;
}

#[tokio::test]
async fn sqlxs_layout_names_no_trap() {
    everything(Format::Sqlx, Operators::Shut).await;
}

/// Every line outside of tests that sends SQL, and why it cannot run a query of our own along a script's path.
const SENDS: [(&str, &str, &str); 11] = [
    (
        "crates/analysis/src/catalog/ask.rs",
        "let rows = sqlx::raw_sql(AssertSqlSafe(message.join(\"; \"))).fetch_all(connection).await?;",
        "the message begins with PATHS",
    ),
    (
        "crates/engine/src/session/cancel.rs",
        "let looked = fetch(&mut connection, &format!(\"{}; {cancel}\", waited_for(pid))).await;",
        "the message begins with OWN_PATH",
    ),
    (
        "crates/engine/src/session/cancel.rs",
        "Err(_) => fetch(&mut connection, &cancel).await?,",
        "exact: a qualified function, of an integer",
    ),
    (
        "crates/engine/src/session/mod.rs",
        "let mut found = fetch(&mut connection, &sql).await;",
        "sets the path behind its first query, which is exact",
    ),
    ("crates/engine/src/session/mod.rs", "found = fetch(&mut connection, &sql).await;", "the same"),
    (
        "crates/engine/src/session/mod.rs",
        "match fetch(&mut self.connection, sql).await {",
        "try_code(): for a SAVEPOINT, which names nothing",
    ),
    (
        "crates/engine/src/session/mod.rs",
        "let changing = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);",
        "behind with_own_path()",
    ),
    (
        "crates/engine/src/session/mod.rs",
        "let result = fetch(&mut self.connection, &sql).await;",
        "behind with_own_path(), or in reset() before anything else is asked",
    ),
    (
        "crates/engine/src/session/mod.rs",
        "let mut stream = sqlx::raw_sql(AssertSqlSafe(message)).fetch_many(&mut self.connection);",
        "send(): a script, and takes note that the path may be another",
    ),
    (
        "crates/engine/src/session/mod.rs",
        "async fn fetch(connection: &mut PgConnection, sql: &str) -> Result<Vec<PgRow>, sqlx::Error> {",
        "see its callers",
    ),
    (
        "crates/engine/src/session/mod.rs",
        "answered(sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection)).await",
        "see its callers",
    ),
];

#[test]
fn nothing_else_sends_sql() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> =
        ["crates/engine/src", "crates/analysis/src", "functions"].map(|path| root.join(path)).into();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // Tests may send what they like.
                directories.extend((!path.ends_with("tests") && !path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|end| end == "rs") {
                let file = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                let lines = text.lines().map(str::trim).filter(|line| sends(line));
                found.extend(lines.map(|line| (file.clone(), line.to_owned())));
            }
        }
    }
    found.sort();
    let mut known: Vec<_> = SENDS.iter().map(|(file, line, _)| ((*file).to_owned(), (*line).to_owned())).collect();
    known.sort();
    assert_eq!(
        found, known,
        "a query of ours goes through Session::rows or ask::send, so that it has its own search path"
    );
}

/// Whether a line calls what sends SQL: the driver, or a function directly above it.
fn sends(line: &str) -> bool {
    let driver = ["raw_sql(", "sqlx::query", ".fetch_", ".execute(", "copy_in_raw(", "copy_out_raw(", "sqlx::Executor"];
    let calls_fetch = line
        .split("fetch(")
        .next()
        .is_some_and(|before| before.len() < line.len() && before.ends_with(['=', ' ', '(', '!']))
        || line.starts_with("fetch(");
    !line.starts_with("//") && (driver.iter().any(|call| line.contains(call)) || calls_fetch)
}
