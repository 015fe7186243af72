//! The commands on a database that can be reached, as a person or a job runs them: the real binary, a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection};
use tempfile::TempDir;

const PASSWORD: &str = "s3cret/:@";
const ENCODED: &str = "s3cret%2F%3A%40";

/// A database and a role of its own, and a project with migrations of Prisma's.
struct Scene {
    name: String,
    project: TempDir,
}

fn setting(name: &str) -> String {
    let name = format!("TEST_POSTGRES_{name}");
    std::env::var(&name).unwrap_or_else(|_| panic!("{name} is not set: run `make test ONLY=cli`"))
}

async fn connect(database: &str) -> PgConnection {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&setting("HOST"))
        .port(setting("PORT").parse().unwrap())
        .username("postgres")
        .password(&setting("PASSWORD"))
        .database(database);
    options.connect().await.unwrap()
}

impl Scene {
    async fn create(migrations: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("cli{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = connect("postgres").await;
        for sql in
            [format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"), format!("CREATE DATABASE {name} OWNER {name}")]
        {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        let scene = Self { name, project: tempfile::tempdir().unwrap() };
        for (migration, sql) in migrations {
            scene.write(migration, sql);
        }
        scene
    }

    fn write(&self, migration: &str, sql: &str) {
        let directory = self.project.path().join("prisma/migrations").join(migration);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("migration.sql"), sql).unwrap();
    }

    async fn run_sql(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connect(&self.name).await).await.unwrap();
    }

    /// Returns the one number that a query finds, as a superuser.
    async fn number(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connect(&self.name).await).await.unwrap()
    }

    fn url(&self) -> String {
        let Self { name, .. } = self;
        format!("postgresql://{name}:{ENCODED}@{}:{}/{name}", setting("HOST"), setting("PORT"))
    }

    /// Returns the command, in the project's directory and with no variable but PATH.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        command.args(arguments).current_dir(self.project.path()).stdin(Stdio::null()).env_clear();
        command.env("PATH", std::env::var("PATH").unwrap()).env("HOME", self.project.path());
        command
    }

    /// Runs the command with the database's URL. Neither stream may show the password.
    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).env("DATABASE_URL", self.url()).output().unwrap();
        assert!(!shown(&output).contains("s3cret"), "{}", shown(&output));
        output
    }

    /// Starts the command with the database's URL.
    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.env("DATABASE_URL", self.url()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[arguments, &["--json"]].concat());
        let written = String::from_utf8(output.stdout.clone()).unwrap();
        (code(&output), serde_json::from_str(&written).unwrap_or_else(|_| panic!("{}", shown(&output))))
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const TWO: &[(&str, &str)] = &[
    ("20260101000000_orders", "CREATE TABLE orders (id bigint PRIMARY KEY);"),
    ("20260102000000_note", "ALTER TABLE orders ADD COLUMN note text;"),
];

#[tokio::test]
async fn pending_migrations_are_planned_applied_and_then_there_are_none() {
    let scene = Scene::create(TWO).await;
    let (exit, status) = scene.json(&["status"]);
    assert_eq!((exit, &status["pending"], &status["alreadyApplied"]), (0, &2.into(), &0.into()));
    assert_eq!(status["migrations"][1], TWO[1].0);
    let (exit, plan) = scene.json(&["plan"]);
    assert_eq!((exit, &plan["verdict"], plan["migrations"].as_array().unwrap().len()), (0, &"safe".into(), 2));
    let digest = plan["digest"].as_str().unwrap();
    let output = scene.run(&["apply", "--digest", digest]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    let text = shown(&output);
    assert!(
        text.contains("✓ migration 2 of 2: 20260102000000_note") && text.contains("2 migrations applied"),
        "{text}"
    );
    assert_eq!(scene.number("SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL").await, 2);
    let (exit, applied) = scene.json(&["apply", "--yes"]);
    assert_eq!((exit, &applied["applied"], &applied["finished"]), (0, &0.into(), &true.into()));
    assert!(shown(&scene.run(&["apply", "--yes"])).contains("Nothing is pending"));
}

#[tokio::test]
async fn nothing_is_written_that_no_person_approved() {
    let scene = Scene::create(TWO).await;
    let output = scene.run(&["apply"]);
    assert_eq!(code(&output), 2, "{}", shown(&output));
    assert!(shown(&output).contains("no terminal to ask at: give --digest"), "{}", shown(&output));
    let output = scene.run(&["apply", "--digest", "another"]);
    assert_eq!(code(&output), 1);
    assert!(
        shown(&output).contains("Plan.Changed") && shown(&output).contains("Read the plan again"),
        "{}",
        shown(&output)
    );
    assert_eq!(scene.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, 0);
    let (_, plan) = scene.json(&["plan"]);
    scene.write("20260102000000_note", "ALTER TABLE orders ADD COLUMN other text;");
    let output = scene.run(&["apply", "--digest", plan["digest"].as_str().unwrap()]);
    assert_eq!(code(&output), 1, "an edited script is another plan: {}", shown(&output));
}

#[tokio::test]
async fn a_failure_names_file_and_line_and_leaves_nothing() {
    let scene = Scene::create(TWO).await;
    scene.write("20260103000000_bad", "CREATE TABLE more (id int);\nALTER TABLE nowhere\n  ADD COLUMN a int;\n");
    let (exit, failed) = scene.json(&["apply", "--yes"]);
    let failure = &failed["failure"];
    assert_eq!((exit, &failed["exit"], &failure["error"]), (1, &1.into(), &"Migration.Failed".into()), "{failed}");
    assert_eq!(failure["place"]["file"], "prisma/migrations/20260103000000_bad/migration.sql");
    assert_eq!((&failure["place"]["line"], &failure["place"]["sqlstate"]), (&2.into(), &"42P01".into()), "{failed}");
    assert_eq!(scene.number("SELECT count(*) FROM _prisma_migrations").await, 2);
    assert_eq!(scene.number("SELECT count(*) FROM pg_tables WHERE tablename = 'more'").await, 0);
    // Mended, the run goes on where it ended.
    scene.write("20260103000000_bad", "CREATE TABLE more (id int);");
    assert_eq!(code(&scene.run(&["apply", "--yes"])), 0);
    assert_eq!(scene.number("SELECT count(*) FROM _prisma_migrations").await, 3);
}

#[tokio::test]
async fn a_migration_that_was_left_unfinished_is_resolved() {
    let scene = Scene::create(TWO).await;
    assert_eq!(code(&scene.run(&["apply", "--yes", "--up-to", "20260101000000_orders"])), 0);
    scene
        .run_sql(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, applied_steps_count) \
             SELECT 'other', checksum, '20260102000000_note', now(), 0 FROM _prisma_migrations",
        )
        .await;
    let output = scene.run(&["status"]);
    assert_eq!(code(&output), 1);
    let text = shown(&output);
    assert!(text.contains("History.Failed") && text.contains("P3009"), "{text}");
    assert!(text.contains("run lockstep resolve 20260102000000_note with --applied"), "{text}");
    let output = scene.run(&["resolve", "20260102000000_note"]);
    assert_eq!(code(&output), 2, "what became of it has to be said: {}", shown(&output));
    let output = scene.run(&["resolve", "20260102000000_note", "--rolled-back", "--yes"]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    assert!(shown(&output).contains("is recorded as rolled back"), "{}", shown(&output));
    assert_eq!(code(&scene.run(&["apply", "--yes"])), 0);
}

#[tokio::test]
async fn a_database_from_before_its_ledger_gets_a_baseline() {
    let scene = Scene::create(TWO).await;
    scene
        .run_sql(&format!("CREATE TABLE orders (id bigint PRIMARY KEY); ALTER TABLE orders OWNER TO {}", scene.name))
        .await;
    let output = scene.run(&["apply", "--yes"]);
    assert_eq!(code(&output), 1);
    let text = shown(&output);
    assert!(text.contains("History.NotEmpty") && text.contains("run lockstep baseline --up-to"), "{text}");
    let output = scene.run(&["baseline", "--up-to", "nothing", "--yes"]);
    assert_eq!(code(&output), 2);
    assert!(shown(&output).contains("--up-to: there is no migration"), "{}", shown(&output));
    let (exit, recorded) = scene.json(&["baseline", "--up-to", "20260101000000_orders", "--yes"]);
    assert_eq!((exit, &recorded["recorded"]), (0, &1.into()));
    assert_eq!(code(&scene.run(&["apply", "--yes"])), 0);
    assert_eq!(scene.number("SELECT count(*) FROM _prisma_migrations").await, 2);
}

/// Waits until the scene's role runs a statement that begins so.
async fn runs(scene: &Scene, begins: &str) -> i64 {
    let asked = format!(
        "SELECT coalesce(max(pid), 0)::bigint FROM pg_stat_activity WHERE usename = '{}' AND state = 'active' AND query LIKE '%{begins}%'",
        scene.name
    );
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        match scene.number(&asked).await {
            0 => assert!(Instant::now() < deadline, "the statement did not begin"),
            pid => return pid,
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test]
async fn ctrl_c_cancels_the_statement_and_leaves_nothing_of_it() {
    // The first migration of a run tells why it has failed; a later one waits for the next run.
    for (before, said) in [(&[][..], "because a person stopped the run"), (TWO, "Stopped: 2 migrations applied")] {
        ctrl_c(before, said).await;
    }
}

async fn ctrl_c(before: &[(&str, &str)], said: &str) {
    let scene = Scene::create(before).await;
    scene.write("20260103000000_long", "CREATE TABLE long (id int); SELECT pg_sleep(600);");
    let child = scene.start(&["apply", "--yes"]);
    runs(&scene, "pg_sleep(600)").await;
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 130, "{}", shown(&output));
    assert!(shown(&output).contains(said), "{}", shown(&output));
    assert_eq!(scene.number("SELECT count(*) FROM _prisma_migrations").await, i64::try_from(before.len()).unwrap());
    assert_eq!(scene.number("SELECT count(*) FROM pg_tables WHERE tablename = 'long'").await, 0);
    let busy = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND state = 'active'", scene.name);
    assert_eq!(scene.number(&busy).await, 0);
}

#[tokio::test]
async fn a_dropped_connection_is_made_again_and_each_migration_is_applied_once() {
    let scene = Scene::create(TWO).await;
    scene.write("20260103000000_long", "CREATE TABLE long (id int); SELECT pg_sleep(3);");
    let child = scene.start(&["apply", "--yes"]);
    let pid = runs(&scene, "pg_sleep(3)").await;
    scene.number(&format!("SELECT pg_terminate_backend({pid})::int::bigint")).await;
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", shown(&output));
    assert!(shown(&output).contains("trying again in"), "{}", shown(&output));
    assert_eq!(scene.number("SELECT count(*) FROM _prisma_migrations").await, 3);
}

#[tokio::test]
async fn a_password_comes_from_where_postgresqls_tools_take_it() {
    let scene = Scene::create(TWO).await;
    let bare = scene.url().replace(&format!(":{ENCODED}@"), "@");
    let output = scene.command(&["status"]).env("DATABASE_URL", &bare).env("PGPASSWORD", PASSWORD).output().unwrap();
    assert_eq!(code(&output), 0, "{}", shown(&output));
    let output = scene.command(&["status"]).env("DATABASE_URL", &bare).env("PGPASSWORD", "wrong").output().unwrap();
    assert_eq!(code(&output), 1);
    let text = shown(&output);
    assert!(
        text.contains("Database.AuthenticationFailed") && text.contains("PGPASSWORD") && !text.contains("secret"),
        "{text}"
    );
    let file = scene.project.path().join("passwords");
    let escaped = PASSWORD.replace(':', "\\:");
    fs::write(&file, format!("*:*:*:{}:{escaped}\n", scene.name)).unwrap();
    assert!(Command::new("chmod").args(["600"]).arg(&file).status().unwrap().success());
    let output = scene.command(&["status"]).env("DATABASE_URL", &bare).env("PGPASSFILE", &file).output().unwrap();
    assert_eq!(code(&output), 0, "{}", shown(&output));
    let mut variables = scene.command(&["status"]);
    variables.env("PGHOST", setting("HOST")).env("PGPORT", setting("PORT")).env("PGUSER", &scene.name);
    let output = variables.env("PGDATABASE", &scene.name).env("PGPASSWORD", PASSWORD).output().unwrap();
    assert_eq!(code(&output), 0, "{}", shown(&output));
    let output = scene.command(&["status"]).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(shown(&output).contains("no database is named"), "{}", shown(&output));
    for (name, value) in [
        ("PGPORT", "abc"),
        ("PGPORT", "99999"),
        ("PGOPTIONS", "-c session_replication_role=replica"),
        ("PGHOSTADDR", "127.0.0.1"),
        ("PGSERVICE", "shop"),
        ("PGSSLCERT", "/nowhere"),
    ] {
        let output = scene.command(&["status"]).env("DATABASE_URL", scene.url()).env(name, value).output().unwrap();
        assert!(code(&output) == 2 && shown(&output).contains(name), "{name}: {}", shown(&output));
    }
}

#[tokio::test]
async fn the_server_is_verified_where_that_is_asked_for() {
    let scene = Scene::create(TWO).await;
    let with = |query: &str| {
        let url = format!("{}?{query}", scene.url());
        scene.command(&["status"]).env("DATABASE_URL", url).output().unwrap()
    };
    let output = with(&format!("sslmode=verify-full&sslrootcert={}", setting("CA_FILE")));
    assert!(code(&output) == 0 && shown(&output).contains("TLS, verified"), "{}", shown(&output));
    for query in ["sslmode=require", &format!("sslmode=verify-ca&sslrootcert={}", setting("CA_FILE"))] {
        assert_eq!(code(&with(query)), 0, "{query}: {}", shown(&with(query)));
    }
    let output = with("sslmode=verify-full&sslrootcert=system");
    let text = shown(&output);
    assert!(code(&output) == 1 && text.contains("Database.TlsFailed") && text.contains("sslrootcert=FILE"), "{text}");
}

#[tokio::test]
async fn the_report_is_the_one_of_the_stack() {
    let scene = Scene::create(TWO).await;
    let (exit, report) = scene.json(&["report"]);
    let (_, plan) = scene.json(&["plan"]);
    assert_eq!((exit, &report["digest"], &report["verdict"]), (0, &plan["digest"], &"safe".into()));
    assert_eq!(report["database"]["name"], scene.name.as_str());
    let page = shown(&scene.run(&["report", "--format", "html"]));
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"), "{}", &page[..60]);
}
