//! `lockstep baseline`: records the migrations that a database has already, without running them.

use engine::baseline::{ApprovedBaseline, plan_baseline, record};
use serde_json::json;

use super::apply::LOCK_PATIENCE;
use super::{INSTANCE, Job, approved, not_approved, show_first};
use crate::arguments::BaselineArguments;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::words::plural;

/// Runs the command.
///
/// # Errors
///
/// Those of the engine, by cause.
pub(crate) async fn run(screen: &mut Screen, arguments: &BaselineArguments, as_json: bool) -> Result<Exit, Problem> {
    let job = Job::find(&arguments.direct)?;
    let mut session = job.session().await?;
    let found = plan_baseline(&mut session, INSTANCE, &job.history, &arguments.up_to).await;
    let found = found.map_err(|error| job.problem(error))?;
    session.close().await;
    let many = plural(found.migrations.len(), "migration");
    show_first(screen, &arguments.approval, as_json, |screen| {
        screen.styled(Look::Bold, &job.place());
        for warning in &found.warnings {
            screen.styled(Look::Warning, &format!("  ⚠ {warning}"));
        }
        let tables = plural(usize::try_from(found.tables).unwrap_or(0), "table");
        screen.line(&format!("  The schema has {tables}. These would be recorded as applied, and not run:"));
        for name in &found.migrations {
            screen.line(&format!("    {name}"));
        }
        screen.styled(Look::Dim, &format!("  digest {}", found.digest));
    });
    let question = format!("Record {many} as applied?");
    if !approved(screen, &arguments.approval, &found.digest, &question)? {
        return Ok(not_approved(screen, as_json));
    }
    let baseline = ApprovedBaseline { up_to: arguments.up_to.clone(), digest: found.digest };
    let recorded = record(job.attempt(), &baseline, LOCK_PATIENCE).await.map_err(|error| job.problem(error))?;
    if as_json {
        screen.json(&json!({ "recorded": recorded, "upTo": arguments.up_to }));
    } else {
        screen.styled(Look::Good, &format!("✓ {many} recorded"));
    }
    Ok(Exit::Done)
}
