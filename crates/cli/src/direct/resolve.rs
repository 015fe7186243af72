//! `lockstep resolve`: settles a migration that was left unfinished, as a person declares it.

use engine::resolve::{ApprovedClaim, Claim, Declared, find_evidence, resolve};
use serde_json::json;

use super::apply::LOCK_PATIENCE;
use super::{INSTANCE, Job, approved, not_approved, show_first};
use crate::arguments::ResolveArguments;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};

/// Runs the command.
///
/// # Errors
///
/// Those of the engine, by cause.
pub(crate) async fn run(screen: &mut Screen, arguments: &ResolveArguments, as_json: bool) -> Result<Exit, Problem> {
    let job = Job::find(&arguments.direct)?;
    let resolution = if arguments.applied { Declared::Applied } else { Declared::RolledBack };
    let claim = Claim { migration: arguments.migration.clone(), resolution };
    let mut session = job.session().await?;
    let evidence = find_evidence(&mut session, INSTANCE, &job.history, &claim).await;
    let evidence = evidence.map_err(|error| job.problem(error))?;
    session.close().await;
    show_first(screen, &arguments.approval, as_json, |screen| {
        screen.styled(Look::Bold, &job.place());
        for fact in &evidence.facts {
            screen.line(&format!("  {fact}"));
        }
        screen.styled(Look::Dim, &format!("  digest {}", evidence.digest));
    });
    let question = format!("Declare {} {}?", claim.migration, said(resolution));
    if !approved(screen, &arguments.approval, &evidence.digest, &question)? {
        return Ok(not_approved(screen, as_json));
    }
    let claimed = ApprovedClaim { claim, digest: evidence.digest };
    let changed = resolve(job.attempt(), &claimed, LOCK_PATIENCE).await.map_err(|error| job.problem(error))?;
    if as_json {
        let value =
            json!({ "migration": claimed.claim.migration, "resolution": resolution.name(), "changed": changed });
        screen.json(&value);
    } else {
        let what = if changed { "is recorded as" } else { "was recorded already as" };
        screen.styled(Look::Good, &format!("✓ {} {what} {}", claimed.claim.migration, said(resolution)));
    }
    Ok(Exit::Done)
}

fn said(resolution: Declared) -> &'static str {
    match resolution {
        Declared::Applied => "applied",
        Declared::RolledBack => "rolled back",
    }
}
