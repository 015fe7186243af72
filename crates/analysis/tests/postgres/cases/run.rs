//! Runs a case as the functions would run it.

use std::time::{Duration, Instant};

use analysis::NoReport;
use analysis::plan::{Pending, ask_database};
use engine::Error;
use engine::apply::{Approved, Budget, apply};
use engine::attempt::Attempt;
use engine::deadline::Deadline;
use engine::history::{self, History};
use engine::plan::{OnDivergence, Plan};
use engine::preflight::preflight;
use engine::session::{Session, Target};
use report::Report;

use super::expect::{Expected, wire};
use super::judge::judge;
use super::place::Place;
use super::read::{Case, Settings, Step};
use crate::rules::subject;

/// The server's name outside of SQL.
const INSTANCE: &str = "db-CASE";

/// How long an attempt may take if the case does not say.
const SECONDS: u64 = 20;

/// The outcome of a run.
#[derive(Default)]
pub(super) struct Came {
    /// How many migrations the plan had, if the run came that far.
    pub(super) planned: Option<usize>,
    /// The pending scripts that were not understood as a whole.
    pub(super) unread: Vec<String>,
    /// The warnings of preflight and plan.
    pub(super) warnings: Vec<String>,
    pub(super) report: Option<Report>,
    /// How many migrations were applied, if the case applies any; or the error.
    pub(super) end: Option<Result<usize, Error>>,
}

/// Returns how `case` differs from what it expects; `None` if it is not for this server or this machine.
pub(super) async fn run(case: &Case) -> Result<Option<Vec<String>>, String> {
    let mut place = Place::make(case.steps.first().and_then(|step| step.settings.encoding.as_deref())).await?;
    let differences = carried_out(case, &mut place).await;
    place.end_others().await?;
    differences
}

async fn carried_out(case: &Case, place: &mut Place) -> Result<Option<Vec<String>>, String> {
    let version = place.version().await?;
    if version < case.versions.0 || version > case.versions.1 {
        return Ok(None);
    }
    let mut differences = Vec::new();
    for (at, step) in case.steps.iter().enumerate() {
        let number = at + 1;
        for act in &step.acts {
            if !place.act(act).await.map_err(|error| format!("step {number}: {error}"))? {
                return Ok(None);
            }
        }
        let outcome = attempted(place, step, &format!("run {number}")).await?;
        place.end_others().await?;
        for expected in &step.expected {
            let difference = match expected {
                Expected::Again(count) => {
                    let again = Step { settings: step.settings.clone(), ..Step::default() };
                    let outcome = attempted(place, &again, &format!("run {number}, again")).await?;
                    judge(&Expected::Applied(*count), &outcome, place)
                        .await?
                        .map(|difference| format!("again {difference}"))
                }
                expected => judge(expected, &outcome, place).await?,
            };
            differences.extend(difference.map(|difference| format!("step {number}, {difference}")));
        }
    }
    Ok(Some(differences))
}

async fn attempted(place: &mut Place, step: &Step, name: &str) -> Result<Came, String> {
    let target = place.target(&step.settings)?;
    let mut came = Came::default();
    let planned = plan(place, &target, &step.settings, &mut came).await;
    let (history, plan) = match planned {
        Ok(planned) => planned,
        Err(error) => return Ok(Came { end: Some(Err(error)), ..came }),
    };
    came.planned = Some(plan.pending.len());
    // If nothing is pending, the state machine does not apply. But a run may have to finish a migration that was cut
    // off.
    if !step.expected.iter().any(|expected| matches!(expected, Expected::Planned(_))) {
        came.end = Some(applied(place, &target, step, &history, &plan, name).await?);
    }
    Ok(came)
}

/// Does what preflight and plan do.
async fn plan(place: &Place, target: &Target, settings: &Settings, came: &mut Came) -> Result<(History, Plan), Error> {
    let directory = place.history();
    let mut session = Session::open(target).await?;
    came.warnings = preflight(&mut session, history::recognise(&directory)?).await?.warnings;
    session.close().await;

    let history = history::read(&directory)?;
    let on = if settings.is_strict { OnDivergence::Strict } else { OnDivergence::AsTool };
    let mut session = Session::open(target).await?;
    let plan = engine::plan::plan_history(&mut session, INSTANCE, &history, None, on).await?;
    came.warnings.extend(plan.warnings.clone());
    let unread = plan.pending.iter().filter(|planned| !planned.script.parsed);
    came.unread = unread.map(|planned| planned.name.clone()).collect();
    if !plan.pending.is_empty() {
        came.report = reported(&mut session, &history, &plan).await.ok();
    }
    session.close().await;
    Ok((history, plan))
}

/// Returns the report on `plan`, made as in the plan function.
async fn reported(session: &mut Session, history: &History, plan: &Plan) -> Result<Report, NoReport> {
    let pending = Pending::of_plan(history, plan)?;
    Ok(ask_database(session.connection(), pending).await?.report(subject()))
}

/// Applies `plan`, and repeats that where the case says so: as often as the state machine would at the most.
async fn applied(
    place: &mut Place,
    target: &Target,
    step: &Step,
    history: &History,
    plan: &Plan,
    name: &str,
) -> Result<Result<usize, Error>, String> {
    let approved = Approved { digest: plan.digest.clone(), base_rows: plan.base_rows, up_to: None };
    let mut attempts = step.settings.attempts.unwrap_or(1);
    loop {
        let budget = Budget {
            deadline: Deadline::at(Instant::now() + Duration::from_secs(step.settings.seconds.unwrap_or(SECONDS))),
            lock_patience: Duration::from_secs(2),
            contention_patience: Duration::from_secs(2),
        };
        let attempt = Attempt { target, instance: INSTANCE, history, run: name };
        let applying = apply(attempt, &approved, budget);
        let is_first = attempts == step.settings.attempts.unwrap_or(1);
        let outcome = if step.is_cut && is_first {
            let (outcome, cut) = tokio::join!(applying, place.cut());
            cut?;
            if !matches!(outcome, Err(Error::ConnectionClosed { .. })) {
                return Err("the run did not notice that its session was ended".to_owned());
            }
            outcome
        } else {
            applying.await
        };
        attempts -= 1;
        match outcome {
            Ok(outcome) if outcome.remaining == 0 => return Ok(Ok(outcome.applied.len())),
            Ok(outcome) if attempts == 0 => return Err(format!("{} remain when the time is up", outcome.remaining)),
            Ok(_) => {}
            Err(error) if attempts == 0 || !is_retried(&error) => return Ok(Err(error)),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether the state machine tries again after `error`.
fn is_retried(error: &Error) -> bool {
    ["Database.Unreachable", "Database.ConnectionClosed", "Lock.Held", "Lock.Timeout"].contains(&wire(error).0)
}
