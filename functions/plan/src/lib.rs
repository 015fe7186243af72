//! What is pending, and what it will do. Writes nothing.

use std::time::SystemTime;

use database::{Connector, claim, from_engine};
use engine::history::History;
use engine::history::ledger::Ledger;
use engine::plan::{Plan, check_empty, plan};
use engine::resolve::{Claim, look};
use engine::session::Session;
use engine::{history, session};
use shared::Failure;
use shared::payload::{MOST_NAMED, PendingMigration, PlanInput, PlanOutput, ResolvePlan};

/// Plans the migrations of the layer on the database's ledger.
///
/// Ends before Lambda's `deadline`.
///
/// # Errors
///
/// [`shared::failure::PLAN`].
pub async fn handle(connector: &Connector, input: PlanInput, deadline: SystemTime) -> Result<PlanOutput, Failure> {
    let history = history::read(&connector.settings()?.migrations).map_err(from_engine)?;
    if let Some(claim) = claim(&input.request) {
        return look_at(connector, &input, deadline, &history, claim).await;
    }
    let up_to = input.request.up_to.as_deref();
    let plan = connector
        .attempt(&input.database, &input.execution, deadline, async |target: &session::Target| {
            let mut session = Session::open(target).await?;
            let ledger = if let Some(ledger) = session.ledger().await? {
                ledger
            } else {
                check_empty(&target.schema, session.count_tables().await?)?;
                Ledger::default()
            };
            let plan = plan(&session.identity(&input.database.resource_id), &history, &ledger, up_to)?;
            session.close().await;
            Ok(plan)
        })
        .await?;
    Ok(output(plan))
}

/// What is known of a migration that is to be resolved.
async fn look_at(
    connector: &Connector,
    input: &PlanInput,
    deadline: SystemTime,
    history: &History,
    claim: Claim,
) -> Result<PlanOutput, Failure> {
    let evidence = connector
        .attempt(&input.database, &input.execution, deadline, async |target: &session::Target| {
            let mut session = Session::open(target).await?;
            let evidence = look(&mut session, &input.database.resource_id, history, &claim).await?;
            session.close().await;
            Ok(evidence)
        })
        .await?;
    let mut facts = evidence.facts;
    let more = facts.len().saturating_sub(MOST_NAMED);
    facts.truncate(MOST_NAMED);
    if more > 0 {
        facts.push(format!("and {more} more"));
    }
    Ok(PlanOutput {
        digest: evidence.digest,
        base_rows: evidence.rows,
        pending: 0,
        already_applied: 0,
        migrations: Vec::new(),
        omitted: 0,
        warnings: Vec::new(),
        resolve: input.request.resolution.map(|resolution| ResolvePlan {
            migration: claim.migration,
            resolution,
            facts,
        }),
    })
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
        })
        .collect();
    let mut warnings = plan.warnings;
    let more = warnings.len().saturating_sub(MOST_NAMED);
    warnings.truncate(MOST_NAMED);
    if more > 0 {
        warnings.push(format!("and {more} more"));
    }
    PlanOutput {
        digest: plan.digest,
        base_rows: plan.base_rows,
        pending,
        already_applied: plan.already_applied,
        omitted: pending - migrations.len(),
        migrations,
        warnings,
        resolve: None,
    }
}
