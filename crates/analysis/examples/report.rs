//! Reports on scripts as the plan function does. `proofs/observe/histories` compares the reports with what a server
//! does.
//!
//! `report DATABASE TOOL` reads one database, with a history of `prisma` or of `sqlx`. Each line of stdin is a list of
//! pending scripts, and each line of stdout is the answer, until stdin ends:
//!
//! ```json
//! ["CREATE TABLE pets (id int)"]
//! {"scripts": [{"class": "transactional", "parts": [{"start": 0, "sql": "CREATE TABLE pets (id int)"}]}], "report": {}}
//! ```
//!
//! A script that a plan refuses has `refused` in its place, and is not in the report. `TEST_POSTGRES_HOST`, `_PORT`,
//! `_USER` and `_PASSWORD` name the server.

use std::io::{BufRead as _, Write as _};
use std::time::Duration;
use std::{env, error, io, thread};

use analysis::plan::{Pending, Subject, ask_database};
use engine::history::Format;
use engine::script::{Script, classify};
use engine::session::{Session, Target, Tls};
use report::{Database, Report};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn error::Error + Send + Sync>>;

/// As in the plan function: enough for the deepest script.
const STACK_BYTES: usize = 256 * 1024 * 1024;

fn main() -> Result<()> {
    let answering = thread::Builder::new().stack_size(STACK_BYTES).spawn(answer_all)?;
    answering.join().map_err(|_| "the analysis gave up")?
}

fn answer_all() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [database, tool] = arguments.as_slice() else { return Err("a database and a tool are to be named".into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut session = runtime.block_on(Session::open(&target(database, tool)?))?;
    for line in io::stdin().lock().lines() {
        let scripts: Vec<String> = serde_json::from_str(&line?)?;
        let answer = runtime.block_on(answer(&mut session, &scripts))?;
        let mut out = io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

async fn answer(session: &mut Session, scripts: &[String]) -> Result<Value> {
    let (mut pending, mut told) = (Vec::new(), Vec::new());
    for (number, sql) in scripts.iter().enumerate() {
        told.push(match classify(sql) {
            Ok(script) => {
                let class = analysis::plan::class(&script.class);
                pending.push(Pending { name: number.to_string(), class, sql: sql.clone(), resumed: false });
                as_it_runs(&script)
            }
            Err(refusal) => json!({ "refused": refusal.to_string() }),
        });
    }
    let report = reported(session, pending).await?;
    Ok(json!({ "scripts": told, "report": report }))
}

/// Returns how a script runs: its statements with their positions in the file, and what the engine inserts between
/// them.
fn as_it_runs(script: &Script) -> Value {
    let mut parts = Vec::new();
    if !script.parsed {
        parts.push(json!({ "start": 0, "sql": script.text }));
    }
    let mut boundaries = script.boundaries.iter().peekable();
    for statement in &script.statements {
        while let Some(boundary) = boundaries.next_if(|boundary| boundary.at <= statement.start) {
            parts.extend(boundary.sql.iter().map(|sql| json!({ "start": null, "sql": sql })));
        }
        let sql = script.text.get(statement.start..statement.end);
        parts.push(json!({ "start": statement.start, "sql": sql }));
    }
    json!({ "class": script.class.name(), "modes": script.modes, "parts": parts })
}

/// Asks the database for all that the plan function asks for, and returns the report.
async fn reported(session: &mut Session, pending: Vec<Pending>) -> Result<Report> {
    let answers = ask_database(session.connection(), pending).await?;
    let identity = session.identity("");
    let subject = Subject {
        digest: String::new(),
        bundle: None,
        made_at: String::new(),
        environment: "dev".into(),
        database: Database {
            instance: identity.instance,
            endpoint: identity.endpoint,
            name: identity.database,
            schema: identity.schema,
        },
        already_applied: 0,
        warnings: Vec::new(),
    };
    Ok(answers.report(subject))
}

fn target(database: &str, tool: &str) -> Result<Target> {
    let setting = |name: &str| {
        let name = format!("TEST_POSTGRES_{name}");
        env::var(&name).map_err(|_| format!("{name} is not set"))
    };
    Ok(Target {
        host: setting("HOST")?,
        port: setting("PORT")?.parse()?,
        user: setting("USER")?,
        password: Some(setting("PASSWORD")?),
        database: database.into(),
        schema: "public".into(),
        tool: if tool == "sqlx" { Format::Sqlx } else { Format::Prisma },
        sqlx_table: "_sqlx_migrations".parse()?,
        tls: Tls::Disabled,
        application_name: "lockstep".into(),
        lock_timeout: Duration::from_millis(500),
        connect_timeout: Duration::from_secs(10),
    })
}
