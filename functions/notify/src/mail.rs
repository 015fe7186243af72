//! The mails: subject and plain text.

use std::fmt::Write as _;

use jiff::Timestamp;
use shared::Name;
use shared::payload::{ApplyOutput, NotifyInput, PlanOutput, Run, RunFailure};
use shared::request::Mode;

use crate::event::{Ended, Event};

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Under 100 characters, one line: SNS takes no more.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// `requested`, `applied` or `failed`, for subscribers who filter.
    pub outcome: &'static str,
}

/// The mail for `event`; `None` where nothing has to be told.
pub(crate) fn compose(event: &Event, environment: &str, now: Timestamp) -> Option<Mail> {
    match event {
        Event::State(NotifyInput::ApprovalRequested { execution, run, expires_at }) => {
            Some(requested(environment, execution, run, expires_at))
        }
        Event::State(NotifyInput::Succeeded { execution, started_at, run }) => {
            // A run that changed nothing is no news.
            let apply = run.apply.as_ref()?;
            Some(applied(environment, execution, run, apply, took(started_at, now)))
        }
        Event::State(NotifyInput::Failed { execution, started_at, run, failure }) => {
            Some(failed(environment, execution, Some(run), failure, took(started_at, now)))
        }
        Event::Ended(event) => ended(environment, &event.detail),
    }
}

fn requested(environment: &str, execution: &str, run: &Run, expires_at: &str) -> Mail {
    let digest = run.plan.as_ref().map_or("", |plan| plan.digest.as_str());
    let pending = run.plan.as_ref().map_or(0, |plan| plan.pending);
    let mut body = format!(
        "{} waiting for approval in {environment}, until {expires_at}.\n",
        count(pending, "migration is", "migrations are")
    );
    if let Some(plan) = &run.plan {
        planned(&mut body, plan);
    }
    let found = run.preflight.iter().flat_map(|preflight| &preflight.warnings);
    let warnings: Vec<_> = found.chain(run.plan.iter().flat_map(|plan| &plan.warnings)).collect();
    if !warnings.is_empty() {
        body.push_str("\nWarnings:\n");
        for warning in warnings {
            let _ = writeln!(body, "  {warning}");
        }
    }
    let _ = write!(
        body,
        "\nTo approve:\n  scripts/approve {environment} {execution} --digest {digest} --by NAME --reason REASON\n\
         To reject:\n  scripts/reject {environment} {execution} --digest {digest} --by NAME --reason REASON\n"
    );
    facts(&mut body, execution, Some(run));
    Mail { subject: format!("⏸ Database Migration Awaiting Approval ({environment})"), body, outcome: "requested" }
}

fn applied(environment: &str, execution: &str, run: &Run, apply: &ApplyOutput, took: Option<String>) -> Mail {
    let mut body = match apply.applied {
        0 => format!("Nothing was left to apply in {environment}"),
        applied => format!("{} applied in {environment}", count(applied, "migration was", "migrations were")),
    };
    if let Some(took) = took {
        let _ = write!(body, "; the run took {took}");
    }
    body.push_str(".\n\n");
    for migration in &apply.migrations {
        let _ = writeln!(body, "  {}  {}", migration.name, milliseconds(migration.duration_ms));
    }
    more(&mut body, apply.omitted);
    if apply.applied_elsewhere > 0 {
        let _ = writeln!(
            body,
            "\n{} of the plan had been applied by another run meanwhile.",
            count(apply.applied_elsewhere, "migration", "migrations")
        );
    }
    facts(&mut body, execution, Some(run));
    Mail { subject: format!("✓ Database Migration Successful ({environment})"), body, outcome: "applied" }
}

fn failed(environment: &str, execution: &str, run: Option<&Run>, failure: &RunFailure, took: Option<String>) -> Mail {
    let mut body = format!("The run failed in {environment} with {}", failure.error);
    if let Some(step) = &failure.step {
        let _ = write!(body, " in state {step}");
    }
    if let Some(took) = took {
        let _ = write!(body, " after {took}");
    }
    let _ = write!(body, ".\n\n{}\n", failure.cause);
    facts(&mut body, execution, run);
    Mail { subject: format!("✗ Database Migration Failed ({environment})"), body, outcome: "failed" }
}

/// What EventBridge tells: only where the state machine could not.
fn ended(environment: &str, ended: &Ended) -> Option<Mail> {
    // A stop by hand can carry any error's name.
    if ended.status == "FAILED" && ended.error.as_deref().and_then(Name::from_wire).is_some() {
        return None;
    }
    let what = match ended.status.as_str() {
        "TIMED_OUT" => "The execution took longer than it may as a whole, and was ended.",
        "ABORTED" => "The execution was stopped by hand.",
        _ => "The execution ended in a way that no state of it could catch.",
    };
    let cause = ended.cause.as_deref().filter(|cause| !cause.is_empty());
    let failure = RunFailure {
        error: ended.error.clone().unwrap_or_else(|| ended.status.clone()),
        cause: format!(
            "{what}{} Whatever the ledger records as finished is applied completely; start a new run to go on.",
            cause.map(|cause| format!(" Cause: {cause}.")).unwrap_or_default()
        ),
        step: None,
    };
    Some(failed(environment, &ended.execution_arn, None, &failure, None))
}

fn planned(body: &mut String, plan: &PlanOutput) {
    body.push('\n');
    for migration in &plan.migrations {
        let statements =
            migration.statements.map_or_else(String::new, |n| format!(", {}", count(n, "statement", "statements")));
        let _ = writeln!(body, "  {}  ({}{statements})", migration.name, migration.class);
    }
    more(body, plan.omitted);
}

fn more(body: &mut String, omitted: usize) {
    if omitted > 0 {
        let _ = writeln!(body, "  and {omitted} more");
    }
}

/// What there is to know about the run, a line each.
fn facts(body: &mut String, execution: &str, run: Option<&Run>) {
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(run) = run {
        if let Some(approval) = &run.approval {
            let by = format!("{} ({}) at {}: {}", approval.by, approval.identity, approval.at, approval.reason);
            lines.push(("Approved by", by));
        }
        if let Some(request) = &run.request {
            for (name, value) in [
                ("Requested by", &request.requested_by),
                ("Reason", &request.reason),
                ("Commit", &request.commit),
                ("Up to", &request.up_to),
            ] {
                lines.extend(value.clone().map(|value| (name, value)));
            }
            if request.mode == Mode::Plan {
                lines.push(("Mode", "plan".into()));
            }
        }
        lines.extend(run.database.as_ref().map(|database| ("Database", database.instance.clone())));
        lines.extend(run.plan.as_ref().map(|plan| ("Plan", plan.digest.clone())));
    }
    lines.push(("Execution", execution.to_owned()));
    body.push('\n');
    for (name, value) in lines {
        let _ = writeln!(body, "{:<14}{value}", format!("{name}:"));
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// How long ago `started_at` was.
fn took(started_at: &str, now: Timestamp) -> Option<String> {
    let started: Timestamp = started_at.parse().ok()?;
    let elapsed = now.duration_since(started);
    u64::try_from(elapsed.as_millis()).ok().map(milliseconds)
}

fn milliseconds(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => {
            let seconds = milliseconds / 1_000;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

#[cfg(test)]
mod tests;
