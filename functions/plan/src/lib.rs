//! What is pending, and what it will do: the plan, and a report on it. Writes nothing to the database.

mod analyse;
mod reports;
mod summary;

use std::time::{Duration, SystemTime};

use database::{Connector, claim, from_engine};
use engine::baseline::Baseline;
use engine::history::{self, History};
use engine::plan::Plan;
use engine::resolve::Claim;
use engine::session::Session;
use engine::{baseline, plan, resolve};
use shared::Failure;
use shared::payload::{BaselinePlan, MOST_NAMED, PendingMigration, PlanInput, PlanOutput, ResolvePlan};
use shared::request::Mode;

use analyse::Unknown;

pub use reports::Reports;

/// Plans the migrations of the layer on the database's ledger, and reports on what they will do.
///
/// A report that cannot be had fails nothing. Ends before Lambda's `deadline`.
///
/// # Errors
///
/// [`shared::failure::PLAN`].
pub async fn handle(
    connector: &Connector,
    reports: &Reports,
    input: PlanInput,
    deadline: SystemTime,
) -> Result<PlanOutput, Failure> {
    let settings = connector.settings()?;
    let history = history::read(&settings.migrations).map_err(from_engine)?;
    if let Some(claim) = claim(&input.request) {
        return look_at(connector, &input, deadline, &history, claim).await;
    }
    let instance = &input.database.resource_id;
    if let (Mode::Baseline, Some(last)) = (input.request.mode, &input.request.up_to) {
        let found = connector
            .look(&input.database, &input.execution, deadline, async |session: &mut Session| {
                baseline::look(session, instance, &history, last).await
            })
            .await?;
        return Ok(baselined(found));
    }
    let up_to = input.request.up_to.as_deref();
    let (plan, looked) = connector
        .look(&input.database, &input.execution, deadline, async |session: &mut Session| {
            let plan = plan::look(session, instance, &history, up_to, settings.divergence).await?;
            if plan.pending.is_empty() {
                return Ok((plan, None));
            }
            let looking = async {
                // For what could not be kept, nobody is asked.
                reports.bucket()?;
                analyse::look(session, instance, &history, &plan).await
            };
            let looked = within(deadline, looking).await;
            Ok((plan, Some(looked)))
        })
        .await?;
    let mut output = output(plan);
    if let Some(looked) = looked {
        let reporting = async { reports.put(analyse::write(looked?).await?).await };
        summary::add(&mut output, within(deadline, reporting).await);
    }
    Ok(output)
}

/// What `work` gives, unless that would leave no time to tell of the plan itself.
async fn within<T>(deadline: SystemTime, work: impl Future<Output = Result<T, Unknown>>) -> Result<T, Unknown> {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(LAST_WORDS);
    tokio::time::timeout(left, work).await.unwrap_or_else(|_| Err("the function's time was up".into()))
}

/// What is kept of the function's time to tell of the plan.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What is known of a migration that is to be resolved.
async fn look_at(
    connector: &Connector,
    input: &PlanInput,
    deadline: SystemTime,
    history: &History,
    claim: Claim,
) -> Result<PlanOutput, Failure> {
    let evidence = connector
        .look(&input.database, &input.execution, deadline, async |session: &mut Session| {
            resolve::look(session, &input.database.resource_id, history, &claim).await
        })
        .await?;
    Ok(PlanOutput {
        resolve: input.request.resolution.map(|resolution| ResolvePlan {
            migration: claim.migration,
            resolution,
            facts: bounded(evidence.facts),
        }),
        ..nothing_to_run(evidence.digest, evidence.rows)
    })
}

/// What a baseline would record.
fn baselined(found: Baseline) -> PlanOutput {
    let Baseline { digest, tables, mut migrations, warnings } = found;
    let count = migrations.len();
    let last = migrations.last().cloned().unwrap_or_default();
    migrations.truncate(MOST_NAMED);
    let omitted = count - migrations.len();
    PlanOutput {
        baseline: Some(BaselinePlan { count, last, tables, migrations, omitted }),
        warnings,
        ..nothing_to_run(digest, 0)
    }
}

fn nothing_to_run(digest: String, base_rows: usize) -> PlanOutput {
    PlanOutput {
        digest,
        base_rows,
        pending: 0,
        already_applied: 0,
        migrations: Vec::new(),
        omitted: 0,
        warnings: Vec::new(),
        report: None,
        resolve: None,
        baseline: None,
    }
}

fn output(plan: Plan) -> PlanOutput {
    let pending = plan.pending.len();
    let migrations: Vec<_> = plan
        .pending
        .into_iter()
        .take(MOST_NAMED)
        .map(|planned| PendingMigration {
            name: planned.name,
            class: planned.script.class.name().to_owned(),
            statements: planned.script.parsed.then_some(planned.script.statements.len()),
            verdict: None,
            why: None,
        })
        .collect();
    PlanOutput {
        pending,
        already_applied: plan.already_applied,
        omitted: pending - migrations.len(),
        migrations,
        warnings: bounded(plan.warnings),
        ..nothing_to_run(plan.digest, plan.base_rows)
    }
}

/// The first [`MOST_NAMED`] of `sentences`, and how many more there are.
fn bounded(mut sentences: Vec<String>) -> Vec<String> {
    let more = sentences.len().saturating_sub(MOST_NAMED);
    sentences.truncate(MOST_NAMED);
    if more > 0 {
        sentences.push(format!("and {more} more"));
    }
    sentences
}
