//! The mails: subject and plain text.

use std::fmt::Write as _;

use jiff::Timestamp;
use shared::payload::{ApplyOutput, BaselinePlan, NotifyInput, PlanOutput, ResolvePlan};
use shared::record::{Decision, Duties, Identity, Outcome, Record, Run, RunFailure, Verdict, Versions};
use shared::request::{Mode, Resolution, short};

use crate::event::Event;

/// More characters than a file system gives to a name.
const LONGEST_NAME: usize = 300;

/// More characters than a warning of ours has, with a name or two in it.
const LONGEST_SENTENCE: usize = 2_000;

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Under 100 characters, one line: SNS takes no more.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// `requested`, `approved`, `rejected`, `expired`, `applied`, `resolved`, `baselined`, `failed` or
    /// `nothingPending`, for subscribers who filter.
    pub outcome: &'static str,
}

/// The mail for `event`, whose run has the `record` if it has ended; `None` where nothing has to be told.
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
    let mut body = format!("{what} waiting for approval in {environment}, until {}.\n", moment(expires_at));
    if let Some(plan) = &run.plan {
        planned(&mut body, plan);
    }
    let found = run.preflight.iter().flat_map(|preflight| &preflight.warnings);
    let warnings: Vec<_> = found.chain(run.plan.iter().flat_map(|plan| &plan.warnings)).collect();
    if !warnings.is_empty() {
        body.push_str("\nWarnings:\n");
        for warning in warnings {
            let _ = writeln!(body, "  {}", short(warning, LONGEST_SENTENCE));
        }
    }
    reported(&mut body, "What they will do to this database", environment, execution, run);
    let _ = write!(
        body,
        "\nTo see it:\n  scripts/show {environment} {execution}\n\
         To approve (whoever asked for it cannot):\n  scripts/approve {environment} {execution} --digest {digest} --reason REASON\n\
         To reject:\n  scripts/reject {environment} {execution} --digest {digest} --reason REASON\n"
    );
    facts(&mut body, execution, run);
    Mail { subject: format!("⏸ Database Migration Awaiting Approval ({environment})"), body, outcome: "requested" }
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
    let mut body = format!("{what} Another mail tells how that ended.\n");
    if let Some(plan) = &run.plan {
        planned(&mut body, plan);
    }
    facts(&mut body, execution, run);
    Mail { subject: format!("▶ Database Migration Approved ({environment})"), body, outcome: "approved" }
}

fn succeeded(record: &Record, environment: &str, tell_nothing_pending: bool) -> Option<Mail> {
    let (subject, outcome, mut body) = match (record.outcome, &record.run.apply) {
        (Outcome::Applied, Some(apply)) => {
            let mut body = applied(environment, record, apply);
            let title = "What the report had said they would do";
            reported(&mut body, title, environment, &record.execution, &record.run);
            ("Successful", "applied", body)
        }
        (Outcome::Resolved, Some(apply)) => ("Resolved", "resolved", resolved(environment, record, apply)),
        (Outcome::Baselined, Some(apply)) => ("Baselined", "baselined", baselined(environment, record, apply)),
        (Outcome::NothingPending, _) if tell_nothing_pending => (
            "Not Needed",
            "nothingPending",
            format!("Nothing was pending in {environment}, and nothing was applied.\n"),
        ),
        // A run that changed nothing is no news.
        _ => return None,
    };
    ending(&mut body, record);
    Some(Mail { subject: format!("✓ Database Migration {subject} ({environment})"), body, outcome })
}

fn applied(environment: &str, record: &Record, apply: &ApplyOutput) -> String {
    let mut body = match apply.applied {
        0 => format!("Nothing was left to apply in {environment}"),
        applied => format!("{} applied in {environment}", count(applied, "migration was", "migrations were")),
    };
    let _ = write!(body, "; the run took {}.\n\n", milliseconds(record.duration_ms));
    for migration in &apply.migrations {
        let _ = writeln!(body, "  {}  {}", named(&migration.name), milliseconds(migration.duration_ms));
    }
    more(&mut body, apply.omitted);
    if apply.applied_elsewhere > 0 {
        let _ = writeln!(
            body,
            "\n{} of the plan had been applied by another run meanwhile.",
            count(apply.applied_elsewhere, "migration", "migrations")
        );
    }
    body
}

fn resolved(environment: &str, record: &Record, apply: &ApplyOutput) -> String {
    let Some(resolve) = record.run.resolve() else {
        return String::new();
    };
    let declared = declared(resolve.resolution);
    let ResolvePlan { migration, .. } = resolve;
    match apply.resolved {
        Some(true) => format!("{migration} was declared {declared} in {environment}.\n"),
        _ => format!("{migration} was declared {declared} in {environment} already; nothing was changed.\n"),
    }
}

fn baselined(environment: &str, record: &Record, apply: &ApplyOutput) -> String {
    let Some(baseline) = record.run.baseline() else {
        return String::new();
    };
    let BaselinePlan { count: n, last, .. } = baseline;
    let count = count(*n, "migration was", "migrations were");
    let already = if apply.recorded == Some(0) { " already" } else { "" };
    format!("{count} recorded as applied in {environment}{already}, up to {last}. Nothing was run.\n")
}

fn declared(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Applied => "applied",
        Resolution::RolledBack => "rolled back",
    }
}

fn failed(record: &Record, environment: &str) -> Option<Mail> {
    let RunFailure { error, cause, step } = record.failure.as_ref()?;
    let (subject, outcome) = match record.outcome {
        Outcome::Rejected => ("Rejected", "rejected"),
        Outcome::Expired => ("Expired", "expired"),
        _ => ("Failed", "failed"),
    };
    let mut body = format!("The run failed in {environment} with {error}");
    if let Some(step) = step {
        let _ = write!(body, " in state {step}");
    }
    let _ = write!(body, " after {}.\n\n{cause}\n", milliseconds(record.duration_ms));
    ending(&mut body, record);
    Some(Mail { subject: format!("✗ Database Migration {subject} ({environment})"), body, outcome })
}

fn planned(body: &mut String, plan: &PlanOutput) {
    body.push('\n');
    for fact in plan.resolve.iter().flat_map(|resolve| &resolve.facts) {
        let _ = writeln!(body, "  {}.", short(fact, LONGEST_SENTENCE));
    }
    if let Some(baseline) = &plan.baseline {
        let _ = writeln!(
            body,
            "  The schema has {}.",
            count(usize::try_from(baseline.tables).unwrap_or(0), "table", "tables")
        );
        for name in &baseline.migrations {
            let _ = writeln!(body, "  {}", named(name));
        }
        more(body, baseline.omitted);
    }
    for migration in &plan.migrations {
        let statements =
            migration.statements.map_or_else(String::new, |n| format!(", {}", count(n, "statement", "statements")));
        let verdict = migration.verdict.map_or_else(String::new, |verdict| format!(", {}", verdict.name()));
        let _ = writeln!(body, "  {}  ({}{statements}{verdict})", named(&migration.name), migration.class);
    }
    more(body, plan.omitted);
}

/// What the report says, and how to read all of it; nothing where there is nothing to report on.
fn reported(body: &mut String, title: &str, environment: &str, execution: &str, run: &Run) {
    let Some(plan) = run.plan.as_ref().filter(|plan| plan.pending > 0) else { return };
    let Some(report) = &plan.report else {
        let _ = writeln!(body, "\n{title} is not known: there is no report.");
        return;
    };
    let (verdict, why) = (report.verdict.name(), &report.why);
    let _ = writeln!(body, "\n{title}: {verdict}. {why}");
    let _ =
        writeln!(body, "  {} dangerous, {} to be careful with, {} safe", report.danger, report.caution, report.safe);
    for judged in &report.worst {
        let _ = writeln!(body, "  {} ({}): {}", named(&judged.name), judged.verdict.name(), judged.why);
    }
    more(body, (report.danger + report.caution).saturating_sub(report.worst.len()));
    let _ =
        writeln!(body, "To read the report, which decides nothing:\n  scripts/show {environment} {execution} --open");
}

/// A migration's name, as a file system lets anybody write it, on one line.
fn named(name: &str) -> String {
    short(name, LONGEST_NAME)
}

fn more(body: &mut String, omitted: usize) {
    if omitted > 0 {
        let _ = writeln!(body, "  and {omitted} more");
    }
}

/// What there is to know about a run, a line each.
fn facts(body: &mut String, execution: &str, run: &Run) {
    let lines = [about(run), vec![("Execution", execution.to_owned())]].concat();
    table(body, &lines);
}

/// The rest of the record of a run that has ended.
fn ending(body: &mut String, record: &Record) {
    let mut lines = about(&record.run);
    if record.run.notifications.approved.as_ref().is_some_and(|mail| mail.error.is_some()) {
        lines.push(("Mail lost", "the one that told of the approval".into()));
    }
    if record.run.approval.as_ref().is_some_and(|approval| approval.request_mail_sent == Some(false)) {
        lines.push(("Mail lost", "the one that asked for the approval".into()));
    }
    lines.push(("Started", moment(&record.started_at)));
    lines.push(("Ended", moment(&record.ended_at)));
    lines.extend(record.versions.as_ref().map(|versions| ("Versions", numbers(versions))));
    lines.push(("Execution", record.execution.clone()));
    table(body, &lines);
}

fn about(run: &Run) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(approval) = &run.approval {
        let verdict = match approval.decision {
            Verdict::Approved => "Approved by",
            Verdict::Rejected => "Rejected by",
        };
        lines.push((verdict, decided(approval)));
        lines.push(("Duties", duties(approval.duties).into()));
    }
    if let Some(request) = &run.request {
        let by = request.requested_by.as_ref().map_or("nobody gave a name".into(), |by| format!("{by} (claimed)"));
        lines.push(("Requested by", by));
        for (name, value) in [("Reason", &request.reason), ("Commit", &request.commit), ("Up to", &request.up_to)] {
            lines.extend(value.clone().map(|value| (name, value)));
        }
        match request.mode {
            Mode::Apply => {}
            Mode::Plan => lines.push(("Mode", "plan".into())),
            Mode::Resolve => lines.push(("Mode", "resolve".into())),
            Mode::Baseline => lines.push(("Mode", "baseline".into())),
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

/// The version at the end of each ARN.
fn numbers(versions: &Versions) -> String {
    let Versions { preflight, plan, apply, notify, migrations } = versions;
    let all =
        [("preflight", preflight), ("plan", plan), ("apply", apply), ("notify", notify), ("migrations", migrations)];
    let number = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
    all.map(|(name, arn)| format!("{name} {}", number(arn))).join(", ")
}

fn table(body: &mut String, lines: &[(&str, String)]) {
    body.push('\n');
    for (name, value) in lines {
        let _ = writeln!(body, "{:<14}{value}", format!("{name}:"));
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A moment as a person reads it; what is no moment stays as it is.
fn moment(text: &str) -> String {
    let parsed = text.parse::<Timestamp>();
    parsed.map_or_else(|_| text.to_owned(), |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn milliseconds(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        60_000..3_600_000 => {
            let seconds = milliseconds / 1_000;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
        _ => {
            let minutes = milliseconds / 60_000;
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
    }
}

#[cfg(test)]
mod tests;
