//! Finds the Approval state that waits in an execution's history, and its task token.

use std::fmt;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use jiff::Timestamp;
use serde::Deserialize;

use crate::Refused;

/// The state that waits for a decision.
const STATE: &str = "Approval";

/// An approval that waits.
#[derive(Clone)]
pub(crate) struct Waiting {
    /// The plan's digest.
    pub(crate) digest: String,
    /// When nobody can decide any more.
    pub(crate) expires_at: Timestamp,
    /// Who asked for the run, as claimed.
    pub(crate) requested_by: Option<String>,
    /// What answers the state. Whoever has it can decide: it never leaves this function.
    pub(crate) token: String,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({} until {})", self.digest, self.expires_at)
    }
}

/// What the state machine gave to the Approval task; the rest of it does not matter here.
#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "Payload")]
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    task_token: String,
    expires_at: Timestamp,
    run: Run,
}

#[derive(Deserialize)]
struct Run {
    plan: Plan,
    request: Request,
}

#[derive(Deserialize)]
struct Plan {
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    requested_by: Option<String>,
}

/// Reads the history backwards until it tells whether `execution` waits.
pub(crate) async fn find(client: &Client, execution: &str) -> Result<Waiting, Refused> {
    let mut pages = client
        .get_execution_history()
        .execution_arn(execution)
        .reverse_order(true)
        .max_results(100)
        .into_paginator()
        .items()
        .send();
    while let Some(event) = pages.next().await {
        let event = event.map_err(|error| {
            Refused::because(match error.code() {
                Some("ExecutionDoesNotExist") => format!("there is no execution {execution}"),
                Some("InvalidArn") => format!("{execution} is not an execution's ARN"),
                code => format!("the history of {execution} cannot be read: {}", code.unwrap_or("no answer")),
            })
        })?;
        if let Some(verdict) = read(execution, &event) {
            return verdict;
        }
    }
    Err(Refused::because(format!("{execution} is not waiting for approval")))
}

/// What one event, the newest first, says about the wait; `None` when it says nothing.
fn read(execution: &str, event: &HistoryEvent) -> Option<Result<Waiting, Refused>> {
    let refuse = |reason: &str| Some(Err(Refused::because(format!("{execution} {reason}"))));
    match event.r#type() {
        HistoryEventType::ExecutionSucceeded => refuse("has ended well already"),
        HistoryEventType::ExecutionFailed => refuse("has failed already"),
        HistoryEventType::ExecutionAborted => refuse("was stopped"),
        HistoryEventType::ExecutionTimedOut => refuse("has timed out"),
        HistoryEventType::TaskSucceeded | HistoryEventType::TaskFailed => {
            refuse("is not waiting for approval: it was decided, or has not come to it")
        }
        HistoryEventType::TaskTimedOut => refuse("is not waiting for approval: it has expired"),
        HistoryEventType::TaskStateEntered => {
            let name = event.state_entered_event_details().map_or("another state", |details| details.name());
            // The Approval state itself, but its task is not scheduled yet.
            let reason = if name == STATE { "is about to wait; try again" } else { "is not waiting for approval" };
            refuse(&format!("{reason} (state {name})"))
        }
        HistoryEventType::TaskScheduled => {
            let parameters = event.task_scheduled_event_details().map_or("", |details| details.parameters());
            match serde_json::from_str::<Parameters>(parameters) {
                Ok(Parameters { payload }) => Some(Ok(Waiting {
                    digest: payload.run.plan.digest,
                    expires_at: payload.expires_at,
                    requested_by: payload.run.request.requested_by,
                    token: payload.task_token,
                })),
                // Another state's task: its payload has no token.
                Err(_) => refuse("is not waiting for approval: another step is running"),
            }
        }
        _ => None,
    }
}
