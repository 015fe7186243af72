//! From a plan and its session to the report on it.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use analysis::catalog::{self, Catalog};
use analysis::effects::{self, Named};
use analysis::plan::{Pending, Subject};
use analysis::server;
use engine::history::{History, Key, Migration};
use engine::plan::{Plan, Planned};
use engine::session::Session;
use jiff::{Timestamp, Unit};
use report::{Database, Report, Server};
use shared::config;
use sqlx::PgConnection;

/// How long the database may take for what is asked of it here.
const LOOK_PATIENCE: Duration = Duration::from_secs(10);

/// How long the analysis may take once that is known.
const THINK_PATIENCE: Duration = Duration::from_secs(20);

/// As for the engine's own reading of a script: enough for the deepest, and only what is used of it takes memory.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Of how much SQL a report is made. Each byte can be a token: of twice as many, the analysis would take all of the
/// function's memory, and the plan with it.
const MOST_BYTES: usize = 2_000_000;

/// The same for statements, each of which has its place in every rendering.
const MOST_STATEMENTS: usize = 20_000;

/// How much of a report a Markdown rendering may hold: GitHub takes 1 MiB for a job's whole summary.
const LONGEST_MARKDOWN: usize = 900 * 1024;

/// Why there is no report, as a clause.
pub(crate) type Unknown = String;

/// What the database said about a plan, and the plan.
pub(crate) struct Looked {
    subject: Subject,
    pending: Vec<Pending>,
    catalog: Catalog,
    server: Server,
}

/// A report, and how it is written.
pub(crate) struct Written {
    pub(crate) report: Report,
    pub(crate) json: String,
    pub(crate) markdown: String,
    pub(crate) html: String,
}

/// Asks the database of a plan's `session` for all that its report needs.
pub(crate) async fn look(
    session: &mut Session,
    instance: &str,
    history: &History,
    plan: &Plan,
) -> Result<Looked, Unknown> {
    let subject = subject(session, instance, plan)?;
    let pending = pending(history, plan)?;
    let (pending, named) = apart(move || {
        let mut named = Named::default();
        for migration in &pending {
            named.extend(effects::named(&migration.sql));
        }
        (pending, named)
    })
    .await?;
    let (catalog, mut server) = asked(session, async |connection| {
        let catalog = catalog::look(connection, &named).await?;
        Ok((catalog, server::look(connection).await?))
    })
    .await?;
    let (pending, catalog, needs) = apart(move || {
        let needs = analysis::plan::needs(&pending, &catalog);
        (pending, catalog, needs)
    })
    .await?;
    server.missing_privileges = asked(session, async |connection| server::missing(connection, &needs).await).await?;
    Ok(Looked { subject, pending, catalog, server })
}

/// What the database answers to `ask`.
async fn asked<T>(
    session: &mut Session,
    ask: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
) -> Result<T, Unknown> {
    let answer = tokio::time::timeout(LOOK_PATIENCE, ask(session.connection())).await;
    let answer = answer.map_err(|_| "the database gave no answer in time")?;
    answer.map_err(|error| session.error("looking at what the plan touches", &error).to_string())
}

/// The report on what was `looked` at.
pub(crate) async fn write(looked: Looked) -> Result<Written, Unknown> {
    apart(move || {
        let Looked { subject, pending, catalog, server } = looked;
        let report = analysis::plan::report(subject, &pending, catalog, server);
        let json = report::json(&report).map_err(|_| "it cannot be written as JSON")?;
        let (markdown, html) = (report::markdown(&report, LONGEST_MARKDOWN), report::html(&report));
        Ok(Written { report, json, markdown, html })
    })
    .await?
}

fn subject(session: &Session, instance: &str, plan: &Plan) -> Result<Subject, Unknown> {
    let identity = session.identity(instance);
    let now = Timestamp::now();
    Ok(Subject {
        digest: plan.digest.clone(),
        made_at: now.round(Unit::Second).unwrap_or(now).to_string(),
        environment: config::required(config::ENVIRONMENT).map_err(|failure| failure.message)?,
        database: Database {
            instance: identity.instance,
            endpoint: identity.endpoint,
            name: identity.database,
            schema: identity.schema,
        },
        already_applied: plan.already_applied,
        warnings: plan.warnings.clone(),
    })
}

/// What is pending, with the files' text as it is: all of it, or what is judged would not be what is applied.
fn pending(history: &History, plan: &Plan) -> Result<Vec<Pending>, Unknown> {
    let files: HashMap<&Key, &Migration> =
        history.migrations.iter().map(|migration| (&migration.key, migration)).collect();
    let file = |planned: &Planned| files.get(&planned.key).copied();
    let scripts: Option<Vec<_>> = plan.pending.iter().map(file).collect();
    let scripts = scripts.ok_or("a pending migration has no file")?;
    within_bounds(
        scripts.iter().map(|script| script.sql.len()).sum(),
        plan.pending.iter().map(|planned| planned.script.statements.len()).sum(),
    )?;
    let of = |(planned, script): (&Planned, &Migration)| Pending {
        name: planned.name.clone(),
        class: analysis::plan::class(&planned.script.class),
        sql: script.sql.clone(),
    };
    Ok(plan.pending.iter().zip(scripts).map(of).collect())
}

fn within_bounds(bytes: usize, statements: usize) -> Result<(), Unknown> {
    if bytes > MOST_BYTES || statements > MOST_STATEMENTS {
        return Err(format!(
            "the pending scripts hold {statements} statements in {bytes} bytes, and it is made of up to {MOST_STATEMENTS} in {MOST_BYTES}"
        ));
    }
    Ok(())
}

/// What `work` gives, done in a thread of its own: a script can be nested deeper than a usual stack, and what panics or does
/// not come to an end there must not take the plan with it.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unknown> {
    apart_for(THINK_PATIENCE, work).await
}

async fn apart_for<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unknown> {
    let working = tokio::task::spawn_blocking(|| {
        let thread =
            thread::Builder::new().stack_size(STACK_BYTES).spawn(work).map_err(|_| "no thread could be started")?;
        thread.join().map_err(|_| "the analysis gave up on it")
    });
    match tokio::time::timeout(patience, working).await {
        Ok(Ok(worked)) => worked.map_err(Unknown::from),
        Ok(Err(_)) => Err("the analysis gave up on it".into()),
        Err(_) => Err("the analysis took too long".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_told_with_what_is_not() {
        assert_eq!(within_bounds(MOST_BYTES, MOST_STATEMENTS), Ok(()));
        let more = "the pending scripts hold 7 statements in 2000001 bytes, and it is made of up to 20000 in 2000000";
        assert_eq!(within_bounds(MOST_BYTES + 1, 7), Err(more.to_owned()));
        assert!(within_bounds(7, MOST_STATEMENTS + 1).is_err());
    }

    #[tokio::test]
    async fn what_gives_up_gives_a_reason() {
        assert_eq!(apart(|| 1).await, Ok(1));
        assert_eq!(apart(|| -> u8 { panic!() }).await, Err("the analysis gave up on it".into()));
        let (ends_it, never) = std::sync::mpsc::channel::<u8>();
        let waited = apart_for(Duration::from_millis(10), move || never.recv().is_ok()).await;
        drop(ends_it);
        assert_eq!(waited, Err("the analysis took too long".into()));
    }
}
