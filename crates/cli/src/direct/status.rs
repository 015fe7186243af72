//! `lockstep status`: what is applied, what is pending, and what is in the way.

use engine::plan::plan_history;
use engine::preflight::preflight;
use serde_json::json;

use super::{INSTANCE, Job};
use crate::arguments::Direct;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::words::plural;

/// Runs the command.
///
/// # Errors
///
/// Those of the engine, by cause: a migration that was left unfinished is one.
pub(crate) async fn run(screen: &mut Screen, arguments: &Direct, as_json: bool) -> Result<Exit, Problem> {
    let job = Job::find(arguments)?;
    let mut session = job.session().await?;
    let found = async {
        let preflight = preflight(&mut session, job.history.format).await?;
        let plan = plan_history(&mut session, INSTANCE, &job.history, None, job.divergence).await?;
        Ok((preflight, plan))
    };
    let (preflight, plan) = found.await.map_err(|error| job.problem(error))?;
    session.close().await;
    let warnings: Vec<_> = preflight.warnings.iter().chain(&plan.warnings).collect();
    let pending: Vec<_> = plan.pending.iter().map(|planned| planned.name.as_str()).collect();
    if as_json {
        let value = json!({
            "tool": job.history.format.tool(),
            "serverVersion": preflight.server_version,
            "database": preflight.database,
            "user": preflight.user,
            "tls": preflight.tls,
            "alreadyApplied": plan.already_applied,
            "pending": pending.len(),
            "migrations": pending,
            "warnings": warnings,
        });
        screen.json(&value);
        return Ok(Exit::Done);
    }
    let protection = if preflight.tls { "TLS, verified" } else { "TLS not verified, or none" };
    screen.parts(&[
        (Look::Bold, &job.place()),
        (Look::Dim, &format!("  PostgreSQL {}, as {}, {protection}", preflight.server_version, preflight.user)),
    ]);
    for warning in warnings {
        screen.styled(Look::Warning, &format!("  ⚠ {warning}"));
    }
    let applied = plural(plan.already_applied, "migration");
    screen.line(&format!("  {applied} of {}'s applied, {} pending", job.history.format.tool(), pending.len()));
    for name in pending {
        screen.line(&format!("    {name}"));
    }
    Ok(Exit::Done)
}
