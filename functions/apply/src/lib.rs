//! Applies an approved plan, and stops in time to be called again.

use std::time::{Duration, Instant, SystemTime};

use database::{Connector, claim};
use engine::apply::{Approved, Budget, Progress, apply};
use engine::attempt::Attempt;
use engine::baseline::{ApprovedBaseline, record};
use engine::deadline::Deadline;
use engine::resolve::{ApprovedClaim, resolve};
use shared::metrics::{self, Unit};
use shared::payload::{AppliedMigration, ApplyInput, ApplyOutput, ApprovedPlan, MOST_NAMED};
use shared::request::Mode;
use shared::{Failure, FailureName};

/// How long one invocation polls for the lock, as long as Prisma does. The state machine does longer waits, between
/// invocations.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// How long one invocation repeats a script that meets other sessions' locks.
const CONTENTION_PATIENCE: Duration = Duration::from_mins(1);

/// The share of the time that is reserved for stopping: cancelling, cleaning up, reading the ledger again.
const RESERVE: f64 = 0.2;
const SHORTEST_RESERVE: Duration = Duration::from_secs(2);
const LONGEST_RESERVE: Duration = Duration::from_secs(10);

/// Applies what remains of the plan, until Lambda's `deadline` comes near.
///
/// # Errors
///
/// [`shared::failure::APPLY`].
pub async fn handle(connector: &Connector, input: ApplyInput, deadline: SystemTime) -> Result<ApplyOutput, Failure> {
    let budget = budget(deadline.duration_since(SystemTime::now()).unwrap_or_default());
    let ApplyInput { execution, request, database, plan: ApprovedPlan { digest, base_rows, bundle } } = input;
    let (history, origin) = &connector.history(bundle.as_ref()).await?;
    let (instance, run, lock_patience) = (database.resource_id.as_str(), execution.as_str(), budget.lock_patience);
    match request.mode {
        Mode::Apply { up_to } => {
            let approved = Approved { digest, base_rows, up_to };
            let progress = connector
                .attempt(origin, &database, &execution, deadline, async |target| {
                    apply(Attempt { target, instance, history, run }, &approved, budget).await
                })
                .await?;
            #[expect(clippy::cast_precision_loss, reason = "a count of migrations is far below 2^52")]
            metrics::emit("apply", &[("MigrationsApplied", Unit::Count, progress.applied_now as f64)]);
            Ok(output(progress))
        }
        Mode::Resolve { migration, resolution } => {
            let approved = ApprovedClaim { claim: claim(migration, resolution), digest };
            let changed = connector
                .attempt(origin, &database, &execution, deadline, async |target| {
                    resolve(Attempt { target, instance, history, run }, &approved, lock_patience).await
                })
                .await?;
            Ok(ApplyOutput { resolved: Some(changed), ..nothing_run() })
        }
        Mode::Baseline { up_to } => {
            let approved = ApprovedBaseline { up_to, digest };
            let recorded = connector
                .attempt(origin, &database, &execution, deadline, async |target| {
                    record(Attempt { target, instance, history, run }, &approved, lock_patience).await
                })
                .await?;
            Ok(ApplyOutput { recorded: Some(recorded), ..nothing_run() })
        }
        Mode::Plan { .. } => Err(Failure::new(
            FailureName::StepFailed,
            "the mode plan writes nothing, and apply was called; nothing was applied. The state machine's definition \
             and this function do not fit: deploy both again",
        )),
    }
}

fn nothing_run() -> ApplyOutput {
    output(Progress { applied: Vec::new(), applied_now: 0, remaining: 0 })
}

fn budget(left: Duration) -> Budget {
    let reserve = left.mul_f64(RESERVE).clamp(SHORTEST_RESERVE, LONGEST_RESERVE);
    Budget {
        deadline: Deadline::at(Instant::now() + left.saturating_sub(reserve)),
        lock_patience: LOCK_PATIENCE.min(left / 4),
        contention_patience: CONTENTION_PATIENCE,
    }
}

fn output(progress: Progress) -> ApplyOutput {
    let total = progress.applied.len() + progress.remaining;
    let (ours, others): (Vec<_>, Vec<_>) = progress.applied.into_iter().partition(|applied| applied.by_this_run);
    ApplyOutput {
        finished: progress.remaining == 0,
        applied: ours.len(),
        applied_elsewhere: others.len(),
        remaining: progress.remaining,
        total,
        omitted: ours.len().saturating_sub(MOST_NAMED),
        duration_ms: ours.iter().map(|applied| applied.duration_ms).sum(),
        migrations: ours
            .into_iter()
            .take(MOST_NAMED)
            .map(|applied| AppliedMigration { name: applied.name, duration_ms: applied.duration_ms })
            .collect(),
        resolved: None,
        recorded: None,
    }
}

#[cfg(test)]
mod tests {
    use engine::apply::Applied;

    use super::*;

    #[test]
    fn the_output_is_bounded_and_tells_whose_work_it_was() {
        let applied =
            (0..1_000).map(|n| Applied { name: format!("{n}"), duration_ms: 2, by_this_run: n >= 10 }).collect();
        let output = output(Progress { applied, applied_now: 5, remaining: 1 });
        assert_eq!((output.applied, output.applied_elsewhere, output.total), (990, 10, 1_001));
        assert_eq!((output.migrations.len(), output.omitted, output.duration_ms), (MOST_NAMED, 970, 1_980));
        assert!(!output.finished);
        assert_eq!(output.migrations[0].name, "10");
    }

    #[test]
    fn time_is_kept_for_stopping() {
        let left = |seconds| {
            let deadline = budget(Duration::from_secs(seconds)).deadline;
            deadline.left().as_secs_f64().round()
        };
        assert_eq!((left(900), left(20), left(5)), (890.0, 16.0, 3.0));
    }
}
