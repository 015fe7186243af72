//! Checks whether we can connect, whether the server takes writes, whether the role may migrate, and which sessions
//! would be in the way.

use std::time::SystemTime;

use database::Connector;
use engine::history::recognise;
use engine::preflight::preflight;
use engine::session::Session;
use shared::Failure;
use shared::payload::{Facts, PreflightInput, PreflightOutput};
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
    let request = Request::from_input(&input.input)?;
    let migrations = &connector.settings()?.migrations;
    let findings = connector
        .in_session(&input.database, &input.execution, deadline, async |session: &mut Session| {
            // The history's tool decides which ledger and lock to look for.
            preflight(session, recognise(migrations)?).await
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
