//! Makes the report on a plan, from the plan and its session.

use analysis::apart::apart;
use analysis::plan::{Pending, Subject};
use database::Origin;
use engine::history::History;
use engine::plan::Plan;
use engine::session::Session;
use jiff::{Timestamp, Unit};
use report::Report;
use shared::config;

/// The maximum size of the SQL in a report. Each byte can be a token: with twice as many, the analysis would use all of
/// the function's memory, and the plan would be lost too.
const MOST_BYTES: usize = 2_000_000;

/// The maximum number of statements in a report. Each takes space in every rendering.
const MOST_STATEMENTS: usize = 20_000;

/// The maximum size of a Markdown rendering. GitHub takes 1 MiB for a job's whole summary.
const LONGEST_MARKDOWN: usize = 900 * 1024;

/// Why there is no report, as a clause.
pub(crate) type WhyNoReport = String;

/// A report and its renderings.
pub(crate) struct Written {
    pub(crate) digest: String,
    pub(crate) report: Report,
    pub(crate) json: String,
    pub(crate) markdown: String,
    pub(crate) html: String,
}

/// What the report is about, with the database's answers on it.
pub(crate) struct Asked {
    subject: Subject,
    answers: analysis::plan::Answers,
}

/// Asks the database, in the `session` of a plan, for all that the plan's report needs.
pub(crate) async fn ask_database(
    session: &mut Session,
    instance: &str,
    origin: &Origin,
    history: &History,
    plan: &Plan,
) -> Result<Asked, WhyNoReport> {
    let subject = subject(session, instance, origin, plan)?;
    let answers = analysis::plan::ask_database(session.connection(), pending(history, plan)?).await;
    let answers = answers.map_err(|why| match why {
        analysis::NoReport::Query(error) => session.error("looking at what the plan touches", &error).to_string(),
        other => other.to_string(),
    })?;
    Ok(Asked { subject, answers })
}

/// Makes the report from what [`ask_database`] returned.
pub(crate) async fn write(asked: Asked) -> Result<Written, WhyNoReport> {
    let written = apart(move || {
        let digest = asked.subject.digest.clone();
        let report = asked.answers.report(asked.subject);
        let json = report::json(&report).map_err(|_| "it cannot be written as JSON")?;
        let (markdown, html) = (report::markdown(&report, LONGEST_MARKDOWN), report::html(&report));
        Ok(Written { digest, report, json, markdown, html })
    });
    written.await.map_err(|why| why.to_string())?
}

fn subject(session: &Session, instance: &str, origin: &Origin, plan: &Plan) -> Result<Subject, WhyNoReport> {
    let identity = session.identity(instance);
    let now = Timestamp::now();
    let made_at = now.round(Unit::Second).unwrap_or(now).to_string();
    let environment = config::required(config::ENVIRONMENT).map_err(|failure| failure.message)?;
    let bundle = origin.bundle().map(|bundle| bundle.digest.to_string());
    Ok(Subject { bundle, ..Subject::of_plan(plan, identity, environment, made_at) })
}

/// Returns the pending migrations, if a report can be made of them here.
fn pending(history: &History, plan: &Plan) -> Result<Vec<Pending>, WhyNoReport> {
    let pending = Pending::of_plan(history, plan).map_err(|why| why.to_string())?;
    within_bounds(
        pending.iter().map(|script| script.sql.len()).sum(),
        plan.pending.iter().map(|planned| planned.script.statements.len()).sum(),
    )?;
    Ok(pending)
}

fn within_bounds(bytes: usize, statements: usize) -> Result<(), WhyNoReport> {
    if bytes > MOST_BYTES || statements > MOST_STATEMENTS {
        return Err(format!(
            "the pending scripts hold {statements} statements in {bytes} bytes, and it is made of up to {MOST_STATEMENTS} in {MOST_BYTES}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_is_too_large_is_refused_with_the_bounds() {
        assert_eq!(within_bounds(MOST_BYTES, MOST_STATEMENTS), Ok(()));
        let more = "the pending scripts hold 7 statements in 2000001 bytes, and it is made of up to 20000 in 2000000";
        assert_eq!(within_bounds(MOST_BYTES + 1, 7), Err(more.to_owned()));
        assert!(within_bounds(7, MOST_STATEMENTS + 1).is_err());
    }
}
