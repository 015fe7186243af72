//! The mails: subject and plain text.

mod body;
mod words;

use shared::payload::{ApplyOutput, BaselinePlan, NotifyInput, PlanOutput, ResolvePlan};
use shared::record::{Choice, Decision, Duties, Identity, Outcome, Record, Run, RunFailure, Versions};
use shared::request::{Mode, Resolution};
use shared::text::short;

use crate::event::Event;
use body::Body;
use words::{count, milliseconds, moment};

/// Longer than any name that a file system allows, in characters.
const LONGEST_NAME: usize = 300;

/// Longer than any warning of ours with a name or two in it, in characters.
const LONGEST_SENTENCE: usize = 2_000;

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The subject: one line of less than 100 characters, the limit of SNS.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// `requested`, `approved`, `rejected`, `expired`, `applied`, `resolved`, `baselined`, `failed` or
    /// `nothingPending`, for subscribers who filter.
    pub outcome: &'static str,
}

impl Mail {
    fn new(subject: String, body: Body, outcome: &'static str) -> Self {
        Self { subject, body: body.finish(), outcome }
    }
}

/// Returns the mail for `event`, or `None` if the event needs no mail. `record` is that of the run, if the run has
/// ended.
pub(crate) fn compose(event: &Event, record: Option<&Record>, environment: &str) -> Option<Mail> {
    let Event::State(event) = event else {
        return failed(record?, environment);
    };
    match &**event {
        NotifyInput::ApprovalRequested { execution, run, expires_at } => {
            Some(requested(environment, execution, run, expires_at))
        }
        NotifyInput::Approved { execution, run } => Some(approved(environment, execution, run)),
        NotifyInput::Succeeded { tell_nothing_pending, .. } => succeeded(record?, environment, *tell_nothing_pending),
        // The caller of such a run looks at its result: a pull request, at each push.
        NotifyInput::Failed { plan_only: true, .. } => None,
        NotifyInput::Failed { .. } => failed(record?, environment),
    }
}

fn requested(environment: &str, execution: &str, run: &Run, expires_at: &str) -> Mail {
    let digest = run.plan.as_ref().map_or("", |plan| plan.digest.as_str());
    let what = if let Some(resolve) = run.resolve() {
        format!("{} is to be declared {}, and that is", resolve.migration, declared(resolve.resolution))
    } else if let Some(baseline) = run.baseline() {
        let count = count(baseline.count, "migration is", "migrations are");
        format!("{count} to be recorded as applied without being run, and that is")
    } else {
        count(run.plan.as_ref().map_or(0, |plan| plan.pending), "migration is", "migrations are")
    };
    let mut body = Body::default();
    body.line(format!("{what} waiting for approval in {environment}, until {}.", moment(expires_at)));
    if let Some(plan) = &run.plan {
        planned(&mut body, plan);
    }
    let found = run.preflight.iter().flat_map(|preflight| &preflight.warnings);
    let warnings: Vec<_> = found.chain(run.plan.iter().flat_map(|plan| &plan.warnings)).collect();
    if !warnings.is_empty() {
        body.gap();
        body.line("Warnings:");
        for warning in warnings {
            body.line(format!("  {}", short(warning, LONGEST_SENTENCE)));
        }
    }
    reported(&mut body, "What they will do to this database", environment, execution, run);
    body.gap();
    body.line("To see it:");
    body.line(format!("  lockstep show {environment} {execution}"));
    body.line("To approve (the requester cannot):");
    body.line(format!("  lockstep approve {environment} {execution} --digest {digest} --reason REASON"));
    body.line("To reject:");
    body.line(format!("  lockstep reject {environment} {execution} --digest {digest} --reason REASON"));
    facts(&mut body, execution, run);
    Mail::new(format!("⏸ Database Migration Awaiting Approval ({environment})"), body, "requested")
}

fn approved(environment: &str, execution: &str, run: &Run) -> Mail {
    let what = if let Some(resolve) = run.resolve() {
        let declared = declared(resolve.resolution);
        format!("It was approved in {environment} that {} is declared {declared}.", resolve.migration)
    } else if let Some(baseline) = run.baseline() {
        let count = count(baseline.count, "migration is", "migrations are");
        format!("It was approved in {environment} that {count} recorded as applied without being run.")
    } else {
        let pending = run.plan.as_ref().map_or(0, |plan| plan.pending);
        let count = count(pending, "migration was", "migrations were");
        format!("{count} approved in {environment}, and will be applied now.")
    };
    let mut body = Body::default();
    body.line(format!("{what} Another mail tells how that ended."));
    if let Some(plan) = &run.plan {
        planned(&mut body, plan);
    }
    facts(&mut body, execution, run);
    Mail::new(format!("▶ Database Migration Approved ({environment})"), body, "approved")
}

fn succeeded(record: &Record, environment: &str, tell_nothing_pending: bool) -> Option<Mail> {
    let mut body = Body::default();
    let (subject, outcome) = match (record.outcome, &record.run.apply) {
        (Outcome::Applied, Some(apply)) => {
            applied(&mut body, environment, record, apply);
            let title = "What the report had said they would do";
            reported(&mut body, title, environment, &record.execution, &record.run);
            ("Successful", "applied")
        }
        (Outcome::Resolved, Some(apply)) => {
            resolved(&mut body, environment, record, apply);
            ("Resolved", "resolved")
        }
        (Outcome::Baselined, Some(apply)) => {
            baselined(&mut body, environment, record, apply);
            ("Baselined", "baselined")
        }
        (Outcome::NothingPending, _) if tell_nothing_pending => {
            body.line(format!("Nothing was pending in {environment}, and nothing was applied."));
            ("Not Needed", "nothingPending")
        }
        // A run that changed nothing needs no mail.
        _ => return None,
    };
    ending(&mut body, record);
    Some(Mail::new(format!("✓ Database Migration {subject} ({environment})"), body, outcome))
}

fn applied(body: &mut Body, environment: &str, record: &Record, apply: &ApplyOutput) {
    let what = match apply.applied {
        0 => "Nothing was left to apply".to_owned(),
        applied => format!("{} applied", count(applied, "migration was", "migrations were")),
    };
    body.line(format!("{what} in {environment}; the run took {}.", milliseconds(record.duration_ms)));
    body.gap();
    for migration in &apply.migrations {
        body.line(format!("  {}  {}", named(&migration.name), milliseconds(migration.duration_ms)));
    }
    more(body, apply.omitted);
    if apply.applied_elsewhere > 0 {
        let count = count(apply.applied_elsewhere, "migration", "migrations");
        body.gap();
        body.line(format!("{count} of the plan had been applied by another run meanwhile."));
    }
}

fn resolved(body: &mut Body, environment: &str, record: &Record, apply: &ApplyOutput) {
    let Some(ResolvePlan { migration, resolution, .. }) = record.run.resolve() else { return };
    let declared = declared(*resolution);
    body.line(match apply.resolved {
        Some(true) => format!("{migration} was declared {declared} in {environment}."),
        _ => format!("{migration} was declared {declared} in {environment} already; nothing was changed."),
    });
}

fn baselined(body: &mut Body, environment: &str, record: &Record, apply: &ApplyOutput) {
    let Some(BaselinePlan { count: n, last, .. }) = record.run.baseline() else { return };
    let count = count(*n, "migration was", "migrations were");
    let already = if apply.recorded == Some(0) { " already" } else { "" };
    body.line(format!("{count} recorded as applied in {environment}{already}, up to {last}. Nothing was run."));
}

fn declared(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Applied => "applied",
        Resolution::RolledBack => "rolled back",
    }
}

fn failed(record: &Record, environment: &str) -> Option<Mail> {
    let RunFailure { error, cause, step, .. } = record.failure.as_ref()?;
    let (subject, outcome) = match record.outcome {
        Outcome::Rejected => ("Rejected", "rejected"),
        Outcome::Expired => ("Expired", "expired"),
        _ => ("Failed", "failed"),
    };
    let step = step.as_ref().map_or_else(String::new, |step| format!(" in state {step}"));
    let mut body = Body::default();
    body.line(format!(
        "The run failed in {environment} with {error}{step} after {}.",
        milliseconds(record.duration_ms)
    ));
    body.gap();
    body.message(cause);
    ending(&mut body, record);
    Some(Mail::new(format!("✗ Database Migration {subject} ({environment})"), body, outcome))
}

fn planned(body: &mut Body, plan: &PlanOutput) {
    body.gap();
    for fact in plan.resolve.iter().flat_map(|resolve| &resolve.facts) {
        body.line(format!("  {}.", short(fact, LONGEST_SENTENCE)));
    }
    if let Some(baseline) = &plan.baseline {
        let tables = count(usize::try_from(baseline.tables).unwrap_or(0), "table", "tables");
        body.line(format!("  The schema has {tables}."));
        for name in &baseline.migrations {
            body.line(format!("  {}", named(name)));
        }
        more(body, baseline.omitted);
    }
    for migration in &plan.migrations {
        let statements =
            migration.statements.map_or_else(String::new, |n| format!(", {}", count(n, "statement", "statements")));
        let verdict = migration.verdict.map_or_else(String::new, |verdict| format!(", {}", verdict.name()));
        body.line(format!("  {}  ({}{statements}{verdict})", named(&migration.name), migration.class.name()));
    }
    more(body, plan.omitted);
}

/// Writes what the report says and how to read all of it; nothing where there is no report.
fn reported(body: &mut Body, title: &str, environment: &str, execution: &str, run: &Run) {
    let Some(plan) = run.plan.as_ref().filter(|plan| plan.pending > 0) else { return };
    body.gap();
    let Some(report) = &plan.report else {
        body.line(format!("{title} is not known: there is no report."));
        return;
    };
    body.line(format!("{title}: {}. {}", report.verdict.name(), report.why));
    let (danger, caution, safe) = (report.danger, report.caution, report.safe);
    body.line(format!("  Migrations: {danger} danger, {caution} caution, {safe} safe"));
    for judged in &report.worst {
        body.line(format!("  {} ({}): {}", named(&judged.name), judged.verdict.name(), judged.why));
    }
    more(body, (danger + caution).saturating_sub(report.worst.len()));
    body.line("To read the report (this approves nothing):");
    body.line(format!("  lockstep show {environment} {execution} --open"));
}

/// Returns a migration's name. A file system allows any text as a name, so the name is made plain and cut.
fn named(name: &str) -> String {
    short(name, LONGEST_NAME)
}

fn more(body: &mut Body, omitted: usize) {
    if omitted > 0 {
        body.line(format!("  and {omitted} more"));
    }
}

/// Writes the facts of a run, one line each.
fn facts(body: &mut Body, execution: &str, run: &Run) {
    body.table(&[about(run), vec![("Execution", execution.to_owned())]].concat());
}

/// Writes the rest of the record of a run that has ended.
fn ending(body: &mut Body, record: &Record) {
    let mut lines = Vec::new();
    lines.extend(record.failure.as_ref().and_then(script).map(|script| ("Script", script)));
    lines.extend(about(&record.run));
    if record.run.notifications.approved.as_ref().is_some_and(|mail| mail.error.is_some()) {
        lines.push(("Mail lost", "the mail that told of the approval".into()));
    }
    if record.run.approval.as_ref().is_some_and(|approval| approval.request_mail_sent == Some(false)) {
        lines.push(("Mail lost", "the mail that asked for the approval".into()));
    }
    lines.push(("Started", moment(&record.started_at)));
    lines.push(("Ended", moment(&record.ended_at)));
    lines.extend(record.versions.as_ref().map(|versions| ("Versions", numbers(versions))));
    lines.push(("Execution", record.execution.clone()));
    body.table(&lines);
}

/// Returns the file of the script that failed, and the line in it.
fn script(failure: &RunFailure) -> Option<String> {
    let place = failure.place.as_ref()?;
    let line = place.line.map_or_else(String::new, |line| format!(", line {line}"));
    place.file.as_ref().map(|file| format!("{file}{line}"))
}

fn about(run: &Run) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(approval) = &run.approval {
        let choice = match approval.decision {
            Choice::Approved => "Approved by",
            Choice::Rejected => "Rejected by",
        };
        lines.push((choice, decided(approval)));
        lines.push(("Duties", duties(approval.duties).into()));
    }
    if let Some(request) = &run.request {
        let by = request.requested_by.as_ref().map_or("not given".into(), |by| format!("{by} (claimed)"));
        lines.push(("Requested by", by));
        let (reason, commit) = (request.reason.as_deref(), request.commit.as_deref());
        for (name, value) in [("Reason", reason), ("Commit", commit), ("Up to", request.mode.up_to())] {
            lines.extend(value.map(|value| (name, value.to_owned())));
        }
        lines.extend(request.bundle.map(|bundle| ("Bundle", bundle.to_string())));
        match request.mode {
            Mode::Apply { .. } => {}
            Mode::Plan { .. } => lines.push(("Mode", "plan".into())),
            Mode::Resolve { .. } => lines.push(("Mode", "resolve".into())),
            Mode::Baseline { .. } => lines.push(("Mode", "baseline".into())),
        }
    }
    lines.extend(run.database.as_ref().map(|database| ("Database", database.instance.clone())));
    lines.extend(run.plan.as_ref().map(|plan| ("Plan", plan.digest.clone())));
    lines
}

fn decided(approval: &Decision) -> String {
    let Decision { by, identity, on_behalf_of, reason, at, .. } = approval;
    let identity = match identity {
        Identity::Verified => "verified",
        Identity::Claimed => "claimed",
    };
    let behalf = on_behalf_of.as_ref().map_or_else(String::new, |name| format!(", on behalf of {name} (claimed),"));
    format!("{by} ({identity}){behalf} at {}: {reason}", moment(at))
}

fn duties(duties: Duties) -> &'static str {
    match duties {
        Duties::Roles => "separate roles start and approve",
        Duties::Names => "the requester and the approver gave different names",
        Duties::Unchecked => "not separated",
    }
}

/// Returns the version at the end of each ARN.
fn numbers(versions: &Versions) -> String {
    let Versions { preflight, plan, apply, notify, migrations } = versions;
    let all =
        [("preflight", preflight), ("plan", plan), ("apply", apply), ("notify", notify), ("migrations", migrations)];
    let number = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
    all.map(|(name, arn)| format!("{name} {}", number(arn))).join(", ")
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
