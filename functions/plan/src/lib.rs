//! The plan step: what is pending, and a report on what it will do. Writes nothing to the database.

mod analyse;
mod reports;
mod summary;

use std::time::{Duration, SystemTime};

use database::{Connector, Origin, claim};
use engine::baseline::Baseline;
use engine::history::History;
use engine::plan::Plan;
use engine::session::Session;
use engine::{baseline, plan, resolve};
use shared::Failure;
use shared::payload::{BaselinePlan, MOST_NAMED, PendingMigration, PlanInput, PlanOutput, PlannedBundle, ResolvePlan};
use shared::request::{Mode, Resolution};

use analyse::WhyNoReport;

pub use reports::Reports;

/// Plans the migrations of the bundle, or of the layer, on the database's ledger, and reports what they will do.
///
/// A report that cannot be made fails nothing. Ends before Lambda's `deadline`.
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
    let (history, origin) = &connector.history(input.request.bundle.map(PlannedBundle::latest).as_ref()).await?;
    let planned = match &input.request.mode {
        Mode::Apply { up_to } | Mode::Plan { up_to } => {
            pending(connector, reports, &input, deadline, origin, history, up_to.as_deref()).await
        }
        Mode::Resolve { migration, resolution } => {
            resolving(connector, &input, deadline, origin, history, migration, *resolution).await
        }
        Mode::Baseline { up_to } => {
            let found = connector
                .in_session(origin, &input.database, &input.execution, deadline, async |session: &mut Session| {
                    baseline::plan_baseline(session, &input.database.resource_id, history, up_to).await
                })
                .await?;
            Ok(baselined(found))
        }
    };
    Ok(PlanOutput { bundle: origin.bundle().cloned(), ..planned? })
}

/// Returns what is pending, and the report on it.
async fn pending(
    connector: &Connector,
    reports: &Reports,
    input: &PlanInput,
    deadline: SystemTime,
    origin: &Origin,
    history: &History,
    up_to: Option<&str>,
) -> Result<PlanOutput, Failure> {
    let instance = &input.database.resource_id;
    let divergence = connector.settings()?.divergence;
    let (plan, asked) = connector
        .in_session(origin, &input.database, &input.execution, deadline, async |session: &mut Session| {
            let plan = plan::plan_history(session, instance, history, up_to, divergence).await?;
            if plan.pending.is_empty() {
                return Ok((plan, None));
            }
            let asking = async {
                // Without a bucket the report cannot be stored: then the database is not asked for it.
                reports.bucket()?;
                analyse::ask_database(session, instance, origin, history, &plan).await
            };
            let asked = within(deadline, asking).await;
            Ok((plan, Some(asked)))
        })
        .await?;
    let mut output = output(plan);
    if let Some(asked) = asked {
        let reporting = async { reports.put(analyse::write(asked?).await?).await };
        summary::add(&mut output, within(deadline, reporting).await);
    }
    Ok(output)
}

/// Returns what `work` returns, unless waiting for it would leave no time to return the plan itself.
async fn within<T>(deadline: SystemTime, work: impl Future<Output = Result<T, WhyNoReport>>) -> Result<T, WhyNoReport> {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(LAST_WORDS);
    tokio::time::timeout(left, work).await.unwrap_or_else(|_| Err("the function's time was up".into()))
}

/// The time that is reserved for returning the plan.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Returns what is known of a migration that is to be resolved.
async fn resolving(
    connector: &Connector,
    input: &PlanInput,
    deadline: SystemTime,
    origin: &Origin,
    history: &History,
    migration: &str,
    resolution: Resolution,
) -> Result<PlanOutput, Failure> {
    let claim = claim(migration.to_owned(), resolution);
    let evidence = connector
        .in_session(origin, &input.database, &input.execution, deadline, async |session: &mut Session| {
            resolve::find_evidence(session, &input.database.resource_id, history, &claim).await
        })
        .await?;
    Ok(PlanOutput {
        resolve: Some(ResolvePlan { migration: claim.migration, resolution, facts: bounded(evidence.facts) }),
        ..nothing_to_run(evidence.digest, evidence.rows)
    })
}

/// Returns what a baseline would record.
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
        bundle: None,
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
            class: analysis::plan::class(&planned.script.class),
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

/// Returns the first [`MOST_NAMED`] of `sentences`, and says how many more there are.
fn bounded(mut sentences: Vec<String>) -> Vec<String> {
    let more = sentences.len().saturating_sub(MOST_NAMED);
    sentences.truncate(MOST_NAMED);
    if more > 0 {
        sentences.push(format!("and {more} more"));
    }
    sentences
}
