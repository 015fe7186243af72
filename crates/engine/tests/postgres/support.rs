//! Gives each test a database and a role of its own, and short ways to plan, apply and query.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use engine::apply::{Approved, Budget, Progress, apply};
use engine::attempt::Attempt;
use engine::deadline::Deadline;
use engine::history::{Format, History, Migration};
use engine::plan::{OnDivergence, Plan, plan_history};
use engine::session::{Roots, Session, Target, Tls};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, Row as _};

pub(crate) const INSTANCE: &str = "db-TEST";
pub(crate) const LEDGER: &str = "public._prisma_migrations";

static NEXT: AtomicU32 = AtomicU32::new(0);

fn setting(name: &str) -> String {
    let name = format!("TEST_POSTGRES_{name}");
    std::env::var(&name)
        .unwrap_or_else(|_| panic!("{name} is not set: `make test ONLY=engine` starts a PostgreSQL for these tests"))
}

/// A test's own database.
pub(crate) struct Database {
    pub target: Target,
}

impl Database {
    /// Creates a database, owned by a role that is no superuser and whose password is hard to quote.
    pub(crate) async fn create() -> Self {
        Self::create_for(Format::Prisma).await
    }

    /// Creates a database for histories of this tool.
    pub(crate) async fn create_for(tool: Format) -> Self {
        Self::create_from(tool, "template1").await
    }

    /// Creates a database as a copy of the database `template`.
    pub(crate) async fn create_from(tool: Format, template: &str) -> Self {
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let password = r#"p'w"d/%\ @:é"#;
        let mut admin = connect_as_superuser("postgres").await;
        run(&mut admin, &format!("CREATE ROLE {name} LOGIN PASSWORD E'p\\'w\"d/%\\\\ @:é'")).await;
        run(&mut admin, &format!("CREATE DATABASE {name} OWNER {name} TEMPLATE {template}")).await;
        Self {
            target: Target {
                host: setting("HOST"),
                port: setting("PORT").parse().unwrap(),
                user: name.clone(),
                password: Some(password.into()),
                database: name,
                schema: "public".into(),
                tool,
                sqlx_table: "_sqlx_migrations".parse().unwrap(),
                tls: Tls::VerifyFull(Roots::Pem(std::fs::read(setting("CA_FILE")).unwrap())),
                application_name: "lockstep test".into(),
                lock_timeout: Duration::from_millis(200),
                connect_timeout: Duration::from_secs(5),
            },
        }
    }

    /// Drops it, if it is large.
    pub(crate) async fn drop(self) {
        let mut admin = connect_as_superuser("postgres").await;
        run(&mut admin, &format!("DROP DATABASE {} WITH (FORCE)", self.target.database)).await;
    }

    /// Opens another session of the test's role.
    pub(crate) async fn session(&self) -> PgConnection {
        connect(&self.target.user, self.target.password.as_ref().unwrap(), &self.target.database).await
    }

    /// Opens a superuser's session.
    pub(crate) async fn superuser(&self) -> PgConnection {
        connect_as_superuser(&self.target.database).await
    }

    /// Runs `sql` as the role.
    pub(crate) async fn run(&self, sql: &str) {
        run(&mut self.session().await, sql).await;
    }

    /// Returns the first column of every row, as text.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        texts(&mut self.session().await, sql).await
    }

    /// Returns the target for a history. Its tool decides what a session is like.
    pub(crate) fn target_of(&self, history: &History) -> Target {
        Target { tool: history.format, ..self.target.clone() }
    }

    pub(crate) async fn plan(&self, history: &History) -> engine::Result<Plan> {
        let mut session = Session::open(&self.target_of(history)).await?;
        plan_history(&mut session, INSTANCE, history, None, OnDivergence::AsTool).await
    }

    pub(crate) async fn approve(&self, history: &History) -> Approved {
        let plan = self.plan(history).await.unwrap();
        Approved { digest: plan.digest, base_rows: plan.base_rows, up_to: None }
    }

    pub(crate) async fn apply(&self, history: &History, approved: &Approved, run: &str) -> engine::Result<Progress> {
        self.apply_within(history, approved, run, budget()).await
    }

    pub(crate) async fn apply_within(
        &self,
        history: &History,
        approved: &Approved,
        run: &str,
        budget: Budget,
    ) -> engine::Result<Progress> {
        let target = &self.target_of(history);
        apply(Attempt { target, instance: INSTANCE, history, run }, approved, budget).await
    }

    /// Plans `history` and applies it.
    pub(crate) async fn migrate(&self, history: &History) -> engine::Result<Progress> {
        let approved = self.approve(history).await;
        self.apply(history, &approved, "run").await
    }

    /// Returns the ledger, a line for each row: name, finished, rolled back, steps, whether `logs` is NULL.
    pub(crate) async fn ledger(&self) -> Vec<String> {
        let sql = format!(
            "SELECT concat_ws(' ', migration_name, (finished_at >= started_at)::text, (rolled_back_at IS NOT NULL)::text, \
             applied_steps_count, (logs IS NULL)::text) FROM {LEDGER} ORDER BY started_at"
        );
        self.texts(&sql).await
    }

    pub(crate) async fn tables(&self) -> Vec<String> {
        self.texts("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1")
            .await
    }
}

pub(crate) fn budget() -> Budget {
    within(Duration::from_mins(1))
}

pub(crate) fn within(time: Duration) -> Budget {
    Budget {
        deadline: Deadline::at(Instant::now() + time),
        lock_patience: Duration::from_secs(10),
        contention_patience: Duration::from_secs(2),
    }
}

pub(crate) fn history(scripts: &[(&str, &str)]) -> History {
    let migrations = scripts.iter().map(|(name, sql)| Migration::prisma(*name, *sql)).collect();
    History::new(Format::Prisma, migrations)
}

/// Returns a history of sqlx's, whose names begin with a number.
pub(crate) fn sqlx_history(scripts: &[(&str, &str)]) -> History {
    let version = |name: &str| name.split('_').next().unwrap().parse().unwrap();
    let migrations = scripts.iter().map(|(name, sql)| Migration::sqlx(version(name), *name, *sql)).collect();
    History::new(Format::Sqlx, migrations)
}

/// Returns the ledger's line for a migration that was applied in the ordinary way.
pub(crate) fn applied(name: &str) -> String {
    format!("{name} true false 1 true")
}

pub(crate) async fn connect_as_superuser(database: &str) -> PgConnection {
    connect("postgres", &setting("PASSWORD"), database).await
}

pub(crate) async fn connect(user: &str, password: &str, database: &str) -> PgConnection {
    options(user, password, database).connect().await.unwrap()
}

/// Opens a session of the target's role with these settings.
pub(crate) async fn connect_with(target: &Target, settings: &[(&str, &str)]) -> PgConnection {
    let options = options(&target.user, target.password.as_ref().unwrap(), &target.database);
    options.options(settings.iter().copied()).connect().await.unwrap()
}

fn options(user: &str, password: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&setting("HOST"))
        .port(setting("PORT").parse().unwrap())
        .username(user)
        .password(password)
        .database(database)
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert(setting("CA_FILE"))
}

pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

pub(crate) async fn texts(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// Waits until `sql`, which has to return one boolean, is true.
pub(crate) async fn until(connection: &mut PgConnection, sql: &str) {
    let given_up = Instant::now() + Duration::from_secs(20);
    while texts(connection, &format!("SELECT ({sql})::text")).await != ["true"] {
        assert!(Instant::now() < given_up, "never came true: {sql}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
