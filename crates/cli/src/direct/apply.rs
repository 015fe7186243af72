//! `lockstep apply`: applies the plan that was shown, and no other.

use std::time::{Duration, Instant};

use engine::apply::{Approved, Budget, Progress, apply};
use engine::deadline::Deadline;
use serde_json::{Value, json};

use super::plan::{self, Found};
use super::retry::Retries;
use super::stop::{self, STOP};
use super::{Job, approved, not_approved, show_first};
use crate::arguments::ApplyArguments;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::watch::Watch;
use crate::words::{milliseconds, plural};

/// A bound on a run that a person watches: in practice there is none.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// How long one attempt polls for the migration lock, as in the stack.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// How long one attempt repeats a script that meets other sessions' locks, as in the stack.
const CONTENTION_PATIENCE: Duration = Duration::from_mins(1);

/// Runs the command.
///
/// # Errors
///
/// Those of the engine, by cause.
pub(crate) async fn run(screen: &mut Screen, arguments: &ApplyArguments, as_json: bool) -> Result<Exit, Problem> {
    let job = Job::find(&arguments.direct)?;
    let up_to = arguments.up_to.clone();
    let found = plan::find(&job, up_to.as_deref()).await?;
    show_first(screen, &arguments.approval, as_json, |screen| plan::show(screen, &job, &found));
    let Found { plan, .. } = &found;
    if plan.pending.is_empty() {
        if as_json {
            screen.json(&value(&Progress { applied: Vec::new(), applied_now: 0, remaining: 0 }, &plan.digest));
        } else {
            screen.styled(Look::Good, "Nothing is pending");
        }
        return Ok(Exit::Done);
    }
    let question = format!("Apply {} to {}?", plural(plan.pending.len(), "migration"), job.place());
    if !approved(screen, &arguments.approval, &plan.digest, &question)? {
        return Ok(not_approved(screen, as_json));
    }
    stop::watch();
    let watch = Watch::start(!as_json);
    let approved = Approved { digest: plan.digest.clone(), base_rows: plan.base_rows, up_to };
    let ended = attempts(&job, &approved, &watch).await;
    watch.end();
    conclude(screen, &approved, ended, as_json)
}

/// Applies in as many attempts as it takes.
async fn attempts(job: &Job, approved: &Approved, watch: &Watch) -> Result<Progress, Problem> {
    let mut retries = Retries::default();
    loop {
        let budget = Budget {
            deadline: Deadline::at(Instant::now() + LONGEST).unless(&STOP),
            lock_patience: LOCK_PATIENCE,
            contention_patience: CONTENTION_PATIENCE,
        };
        let problem = match Box::pin(apply(job.attempt(), approved, budget)).await {
            Ok(progress) => return Ok(progress),
            Err(error) => job.problem(error),
        };
        let Some(again) = retries.after(problem.name).filter(|_| !STOP.is_requested()) else { return Err(problem) };
        watch.say(&format!(
            "{}; trying again in {} ({} of {})",
            problem.message,
            milliseconds(u64::try_from(again.pause.as_millis()).unwrap_or(u64::MAX)),
            again.number,
            again.most
        ));
        tokio::select! {
            () = tokio::time::sleep(again.pause) => {}
            () = STOP.requested() => return Err(problem),
        }
    }
}

fn conclude(
    screen: &mut Screen,
    approved: &Approved,
    ended: Result<Progress, Problem>,
    as_json: bool,
) -> Result<Exit, Problem> {
    let stopped = |problem: Problem| {
        if !STOP.is_requested() {
            return problem;
        }
        Problem { exit: Exit::Interrupted, message: format!("stopped. {}", problem.message), ..problem }
    };
    let progress = ended.map_err(stopped)?;
    let left = progress.remaining;
    if as_json {
        screen.json(&value(&progress, &approved.digest));
    } else {
        let (ours, others): (Vec<_>, Vec<_>) = progress.applied.iter().partition(|applied| applied.by_this_run);
        let took = ours.iter().map(|applied| applied.duration_ms).sum();
        let done = format!("{} applied, in {}", plural(ours.len(), "migration"), milliseconds(took));
        let done = match others.len() {
            0 => done,
            many => format!("{done}; {many} by another run meanwhile"),
        };
        match left {
            0 => screen.parts(&[(Look::Good, "✓ "), (Look::Plain, &done)]),
            _ => screen.styled(Look::Warning, &format!("Stopped: {done}; {left} left. Run the command again to go on")),
        }
    }
    Ok(if left == 0 { Exit::Done } else { Exit::Interrupted })
}

fn value(progress: &Progress, digest: &str) -> Value {
    let migrations: Vec<_> = progress
        .applied
        .iter()
        .map(|applied| json!({ "name": applied.name, "durationMs": applied.duration_ms, "byThisRun": applied.by_this_run }))
        .collect();
    json!({
        "digest": digest,
        "finished": progress.remaining == 0,
        "applied": progress.applied.len(),
        "remaining": progress.remaining,
        "migrations": migrations,
    })
}
