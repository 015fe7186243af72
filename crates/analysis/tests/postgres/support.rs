//! Gives each test a database and a role of its own, with sessions.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use analysis::catalog::Named;
use analysis::name::Name;
use engine::history::Format;
use engine::session::{Target, Tls};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, Row as _};

const PASSWORD: &str = "secret";

static NEXT: AtomicU32 = AtomicU32::new(0);

fn setting(name: &str) -> String {
    let name = format!("TEST_POSTGRES_{name}");
    std::env::var(&name)
        .unwrap_or_else(|_| panic!("{name} is not set: `make test ONLY=analysis` starts a PostgreSQL for these tests"))
}

/// A test's own database.
pub(crate) struct Database {
    /// Its name, which is also its owner's name.
    pub name: String,
}

impl Database {
    /// Creates a database, owned by a role that is no superuser.
    pub(crate) async fn create() -> Self {
        Self::create_with("").await
    }

    /// Creates a database with these `options` of CREATE DATABASE.
    pub(crate) async fn create_with(options: &str) -> Self {
        let name = format!("a{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = connect("postgres", &setting("PASSWORD"), "postgres").await;
        run(&mut admin, &format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")).await;
        run(&mut admin, &format!("CREATE DATABASE {name} OWNER {name} {options}")).await;
        Self { name }
    }

    /// Drops it, for tests that create so many that they would be in the way.
    pub(crate) async fn drop(self) {
        let mut admin = connect("postgres", &setting("PASSWORD"), "postgres").await;
        run(&mut admin, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }

    /// Returns the engine's target for it, as the owner.
    pub(crate) fn target(&self) -> Target {
        Target {
            host: setting("HOST"),
            port: setting("PORT").parse().unwrap(),
            user: self.name.clone(),
            password: Some(PASSWORD.into()),
            database: self.name.clone(),
            schema: "public".into(),
            tool: Format::Prisma,
            sqlx_table: "_sqlx_migrations".parse().unwrap(),
            tls: Tls::Disabled,
            application_name: "lockstep".into(),
            lock_timeout: Duration::from_millis(200),
            connect_timeout: Duration::from_secs(5),
        }
    }

    /// Opens a session of the owner.
    pub(crate) async fn session(&self) -> PgConnection {
        connect(&self.name, PASSWORD, &self.name).await
    }

    /// Opens a session of the owner whose scripts would look up names along this search path.
    pub(crate) async fn session_along(&self, path: &str) -> PgConnection {
        connect_along(&self.name, &self.name, Some(path)).await
    }

    /// Opens a superuser's session.
    pub(crate) async fn superuser(&self) -> PgConnection {
        connect("postgres", &setting("PASSWORD"), &self.name).await
    }

    /// Opens a session of a new role that may connect and has otherwise only the rights of every role. Returns the
    /// role's name too.
    pub(crate) async fn stranger(&self) -> (PgConnection, String) {
        self.stranger_along("public").await
    }

    /// Opens a session of such a new role, with a search path.
    pub(crate) async fn stranger_along(&self, path: &str) -> (PgConnection, String) {
        let role = format!("{}_{}", self.name, NEXT.fetch_add(1, Ordering::Relaxed));
        run(&mut self.superuser().await, &format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")).await;
        (connect_along(&role, &self.name, Some(path)).await, role)
    }

    /// Runs `sql` as the owner.
    pub(crate) async fn run(&self, sql: &str) {
        run(&mut self.session().await, sql).await;
    }
}

/// Returns how another session of the server's own connects to `database` as a superuser.
pub(crate) fn conninfo(database: &str) -> String {
    format!(
        "host={} port={} user=postgres password={} dbname={database} sslmode=disable",
        setting("HOST"),
        setting("PORT"),
        setting("PASSWORD")
    )
}

async fn connect(user: &str, password: &str, database: &str) -> PgConnection {
    options(user, password, database).connect().await.unwrap()
}

async fn connect_along(user: &str, database: &str, path: Option<&str>) -> PgConnection {
    options(user, PASSWORD, database).options(path.map(|path| ("search_path", path))).connect().await.unwrap()
}

fn options(user: &str, password: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&setting("HOST"))
        .port(setting("PORT").parse().unwrap())
        .username(user)
        .password(password)
        .database(database)
        .application_name(&format!("of {user}"))
        // The engine's own tests use TLS. Here it would only take longer.
        .ssl_mode(PgSslMode::Disable)
}

pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

/// Returns the first column of the first row, as text.
pub(crate) async fn text(connection: &mut PgConnection, sql: &str) -> String {
    let row = sqlx::raw_sql(AssertSqlSafe(format!("SELECT ({sql})::text"))).fetch_one(connection).await.unwrap();
    row.get(0)
}

/// Waits until `sql`, which has to return one boolean, is true.
pub(crate) async fn until(connection: &mut PgConnection, sql: &str) {
    let given_up = Instant::now() + Duration::from_secs(20);
    while text(connection, sql).await != "true" {
        assert!(Instant::now() < given_up, "never came true: {sql}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn pid(connection: &mut PgConnection) -> i32 {
    text(connection, "pg_backend_pid()").await.parse().unwrap()
}

/// Returns how many messages a session has sent outside of transactions: each is a transaction of its own.
async fn messages(connection: &mut PgConnection) -> u32 {
    let sql = "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'virtualxid' AND pid = pg_backend_pid()";
    text(connection, sql).await.rsplit('/').next().unwrap().parse().unwrap()
}

/// Returns how many messages `asking` sends: the fewest of several tries. A session also begins transactions of its own
/// accord, to catch up with what others have changed in the catalogs.
pub(crate) async fn fewest_messages(session: &mut PgConnection, asking: impl AsyncFn(&mut PgConnection)) -> u32 {
    let mut fewest = u32::MAX;
    for _ in 0..40 {
        let before = messages(session).await;
        asking(session).await;
        fewest = fewest.min(messages(session).await - before - 1);
    }
    fewest
}

/// Returns names as a script writes them.
pub(crate) fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| Name::parse(text)).collect()
}

/// Returns what scripts name that use these names.
pub(crate) fn asked(relations: &[Name], functions: &[Name], types: &[Name]) -> Named {
    let [relations, functions, types] = [relations, functions, types].map(|names| names.iter().cloned().collect());
    Named { relations, functions, types, ..Named::default() }
}

/// Returns `names` as text.
pub(crate) fn written<'a>(names: impl IntoIterator<Item = &'a Name>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}
