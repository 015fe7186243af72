//! `lockstep plan`: what an apply would do. The other commands show a plan in the same way.

use analysis::NoReport;
use analysis::plan::{Pending, Subject};
use engine::plan::{Plan, plan_history};
use engine::preflight::{PreflightFindings, preflight};
use engine::session::Session;
use jiff::{Timestamp, Unit};
use report::{Report, Verdict};
use serde_json::{Value, json};

use super::{INSTANCE, Job, endpoint};
use crate::arguments::PlanArguments;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::words::plural;

/// A plan, with what was found on the way to it.
pub(crate) struct Found {
    /// What the preflight found.
    pub(crate) preflight: PreflightFindings,
    /// The plan.
    pub(crate) plan: Plan,
    /// The report on it, or why there is none.
    pub(crate) report: Result<Report, String>,
}

/// Runs the command.
///
/// # Errors
///
/// Those of the engine, by cause.
pub(crate) async fn run(screen: &mut Screen, arguments: &PlanArguments, as_json: bool) -> Result<Exit, Problem> {
    let job = Job::find(&arguments.direct)?;
    let found = find(&job, arguments.up_to.as_deref()).await?;
    if as_json {
        screen.json(&value(&found));
    } else {
        show(screen, &job, &found);
    }
    Ok(Exit::Done)
}

/// Plans, and reports on what is pending. Writes nothing.
///
/// # Errors
///
/// Those of the engine, by cause.
pub(crate) async fn find(job: &Job, up_to: Option<&str>) -> Result<Found, Problem> {
    let mut session = job.session().await?;
    let found = async {
        let preflight = preflight(&mut session, job.history.format).await?;
        let plan = plan_history(&mut session, INSTANCE, &job.history, up_to, job.divergence).await?;
        Ok((preflight, plan))
    };
    let (preflight, plan) = found.await.map_err(|error| job.problem(error))?;
    let report = reported(job, &mut session, &plan).await;
    session.close().await;
    Ok(Found { preflight, plan, report })
}

async fn reported(job: &Job, session: &mut Session, plan: &Plan) -> Result<Report, String> {
    let pending = Pending::of_plan(&job.history, plan).map_err(|why| why.to_string())?;
    let identity = session.identity(INSTANCE);
    let place = endpoint(&job.target.host, job.target.port);
    let subject = Subject::of_plan(plan, identity, place, now());
    let asked = analysis::plan::ask_database(session.connection(), pending).await;
    let asked = asked.map_err(|why| match why {
        NoReport::Query(error) => session.error("looking at what the plan touches", &error).to_string(),
        other => other.to_string(),
    })?;
    let written = analysis::apart::apart(move || asked.report(subject)).await;
    written.map_err(|why| why.to_string())
}

/// Returns this moment, RFC 3339 in UTC, to the second.
pub(crate) fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now).to_string()
}

/// Writes a plan for a person.
pub(crate) fn show(screen: &mut Screen, job: &Job, found: &Found) {
    let Found { preflight, plan, report } = found;
    screen.parts(&[(Look::Bold, &job.place()), (Look::Dim, &format!("  PostgreSQL {}", preflight.server_version))]);
    for warning in preflight.warnings.iter().chain(&plan.warnings) {
        screen.styled(Look::Warning, &format!("  ⚠ {warning}"));
    }
    let pending = plural(plan.pending.len(), "migration");
    screen.line(&format!("  {pending} pending, {} already applied", plan.already_applied));
    for planned in &plan.pending {
        let judged =
            report.as_ref().ok().and_then(|it| it.migrations.iter().find(|judged| judged.name == planned.name));
        match judged {
            Some(judged) => {
                let (mark, look) = mark(judged.verdict);
                screen.parts(&[(Look::Plain, "    "), (look, mark), (Look::Plain, &format!(" {}", judged.name))]);
                if judged.verdict > Verdict::Safe {
                    screen.styled(Look::Dim, &format!("        {}", judged.why));
                }
            }
            None => screen.line(&format!("    {}", planned.name)),
        }
    }
    if let (Err(why), false) = (report, plan.pending.is_empty()) {
        screen.styled(Look::Warning, &format!("  ⚠ There is no report ({why}), so the migrations count as dangerous"));
    }
    screen.styled(Look::Dim, &format!("  digest {}", plan.digest));
}

/// Returns a verdict's mark, and how it looks.
pub(crate) fn mark(verdict: Verdict) -> (&'static str, Look) {
    match verdict {
        Verdict::Safe => ("✓ safe", Look::Good),
        Verdict::Caution => ("⚠ caution", Look::Warning),
        Verdict::Danger => ("✗ danger", Look::Bad),
    }
}

/// Returns a plan for a program.
pub(crate) fn value(found: &Found) -> Value {
    let Found { preflight, plan, report } = found;
    let judged = |name: &str| report.as_ref().ok()?.migrations.iter().find(|judged| judged.name == name);
    let migrations: Vec<_> = plan
        .pending
        .iter()
        .map(|planned| {
            let judged = judged(&planned.name);
            json!({
                "name": planned.name,
                "class": analysis::plan::class(&planned.script.class),
                "verdict": judged.map(|judged| judged.verdict),
                "why": judged.map(|judged| &judged.why),
            })
        })
        .collect();
    let warnings: Vec<_> = preflight.warnings.iter().chain(&plan.warnings).collect();
    json!({
        "digest": plan.digest,
        "serverVersion": preflight.server_version,
        "database": preflight.database,
        "user": preflight.user,
        "tls": preflight.tls,
        "pending": plan.pending.len(),
        "alreadyApplied": plan.already_applied,
        "migrations": migrations,
        "warnings": warnings,
        "verdict": report.as_ref().ok().map(|report| report.verdict),
        "why": report.as_ref().ok().map(|report| &report.why),
        "noReport": report.as_ref().err(),
    })
}
