//! Checks whether we can connect, whether the server takes writes, whether the role may migrate, and which sessions
//! would be in the way.

use std::time::SystemTime;

use database::Connector;
use engine::preflight::preflight;
use engine::session::Session;
use shared::Failure;
use shared::payload::{Facts, PlannedBundle, PreflightInput, PreflightOutput};
use shared::request::Request;

/// Checks the input and looks at the database. Changes nothing.
///
/// Ends before Lambda's `deadline`.
///
/// # Errors
///
/// [`shared::failure::PREFLIGHT`].
pub async fn handle(
    connector: &Connector,
    input: PreflightInput,
    deadline: SystemTime,
) -> Result<PreflightOutput, Failure> {
    let request =
        if input.plan_only { Request::from_plan_only_input(&input.input)? } else { Request::from_input(&input.input)? };
    let origin = connector.origin(request.bundle.map(PlannedBundle::latest).as_ref()).await?;
    let findings = connector
        .in_session(&origin, &input.database, &input.execution, deadline, async |session: &mut Session| {
            // The history's tool decides which ledger and lock to look for.
            preflight(session, origin.format()?).await
        })
        .await?;
    Ok(PreflightOutput {
        request,
        facts: Facts {
            server_version: findings.server_version,
            database: findings.database,
            user: findings.user,
            tls: findings.tls,
        },
        warnings: findings.warnings,
    })
}
