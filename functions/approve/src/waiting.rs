//! Reads from an execution's history whether it waits for approval, what it asks for, and what the answer was.

use std::fmt;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::payload::PlanOutput;
use shared::record::Decision;
use shared::request::Request;

use crate::refused::{Refused, Why};

/// The state that waits for a decision.
const STATE: &str = "Approval";

/// The state of an execution's approval.
#[derive(Debug, Clone)]
pub(crate) enum Approval {
    /// It waits for a decision.
    Waiting(Asked, Token),
    /// It was decided.
    Decided(Asked, Box<Decision>),
    /// The time for a decision is over.
    Expired(Asked),
    /// It does not wait. The text says why.
    NotAsked(String),
}

/// What an approval is requested for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    /// The plan.
    pub(crate) plan: PlanOutput,
    /// The request, with the requester's name as claimed.
    pub(crate) request: Request,
    /// When the time for a decision ends.
    pub(crate) expires_at: Timestamp,
    /// Whether the mail that asks for the approval was sent, once that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_mail_sent: Option<bool>,
}

/// The token that answers the Approval state. Its holder can decide, so it never leaves this function.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// What the state machine gave to the Approval task beside its token, as far as this function needs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    expires_at: Timestamp,
    run: Run,
}

#[derive(Deserialize)]
struct Run {
    plan: PlanOutput,
    request: Request,
}

/// Reads the history of `execution` backwards, up to the task that asked for the approval.
pub(crate) async fn find(client: &Client, execution: &str) -> Result<Approval, Refused> {
    let mut pages = client
        .get_execution_history()
        .execution_arn(execution)
        .reverse_order(true)
        .max_results(100)
        .into_paginator()
        .items()
        .send();
    let mut later = Later::default();
    while let Some(event) = pages.next().await {
        let event = event.map_err(|error| match error.code() {
            Some("ExecutionDoesNotExist") => {
                Refused::because(Why::Unknown, format!("there is no execution {execution}"))
            }
            Some("InvalidArn") => Refused::because(Why::Request, format!("{execution} is not an execution's ARN")),
            code => {
                let code = code.unwrap_or("no answer");
                Refused::because(Why::Service, format!("the history of {execution} cannot be read: {code}; try again"))
            }
        })?;
        if let Some(approval) = later.read(execution, &event) {
            return Ok(approval);
        }
    }
    Ok(Approval::NotAsked(later.reason(execution)))
}

/// What the events say that were read so far. They are later than those still to be read.
#[derive(Default)]
struct Later {
    /// How the execution ended, if it did.
    ended: Option<&'static str>,
    /// The state that the execution is in now.
    state: Option<String>,
    /// The result of the task whose start comes next in the reading order.
    result: Option<Result<String, HistoryEventType>>,
    /// What the function that the task called returned.
    submitted: Option<String>,
}

impl Later {
    /// Takes an event. Returns the state of the approval once it is known.
    fn read(&mut self, execution: &str, event: &HistoryEvent) -> Option<Approval> {
        match event.r#type() {
            HistoryEventType::ExecutionSucceeded => self.ended = Some("has succeeded already"),
            HistoryEventType::ExecutionFailed => self.ended = Some("has failed already"),
            HistoryEventType::ExecutionAborted => self.ended = Some("was stopped"),
            HistoryEventType::ExecutionTimedOut => self.ended = Some("has timed out"),
            HistoryEventType::TaskSucceeded => {
                let output = event.task_succeeded_event_details().and_then(|details| details.output());
                self.result = Some(Ok(output.unwrap_or_default().to_owned()));
            }
            kind @ (HistoryEventType::TaskFailed
            | HistoryEventType::TaskTimedOut
            | HistoryEventType::TaskStartFailed
            | HistoryEventType::TaskSubmitFailed) => self.result = Some(Err(kind.clone())),
            HistoryEventType::TaskSubmitted => {
                let output = event.task_submitted_event_details().and_then(|details| details.output());
                self.submitted = output.map(str::to_owned);
            }
            HistoryEventType::TaskScheduled => {
                let parameters = event.task_scheduled_event_details().map_or("", |details| details.parameters());
                let (result, submitted) = (self.result.take(), self.submitted.take());
                let payload = serde_json::from_str::<Value>(parameters).ok()?.get_mut("Payload")?.take();
                // Only the Approval state's task has a token in its payload.
                let token = Token(payload.get("taskToken")?.as_str()?.to_owned());
                return Some(match serde_json::from_value(payload) {
                    Ok(payload) => self.approval(execution, payload, token, result, submitted.as_deref()),
                    Err(_) if self.ended.is_some() => Approval::NotAsked(self.reason(execution)),
                    Err(_) => Approval::NotAsked(format!(
                        "{execution} was asked by another version of this function; stop it and start a new run"
                    )),
                });
            }
            _ => {
                if let (None, Some(entered)) = (&self.state, event.state_entered_event_details()) {
                    self.state = Some(entered.name().to_owned());
                }
            }
        }
        None
    }

    /// Returns the state of the approval that `payload` asked for.
    fn approval(
        &self,
        execution: &str,
        payload: Payload,
        token: Token,
        result: Option<Result<String, HistoryEventType>>,
        submitted: Option<&str>,
    ) -> Approval {
        let asked = Asked {
            plan: payload.run.plan,
            request: payload.run.request,
            expires_at: payload.expires_at,
            request_mail_sent: submitted.and_then(sent),
        };
        match result {
            None if self.ended.is_none() => Approval::Waiting(asked, token),
            Some(Ok(output)) => match serde_json::from_str::<Decision>(&output) {
                Ok(decision) if decision.digest == asked.plan.digest => Approval::Decided(asked, Box::new(decision)),
                _ => Approval::NotAsked(format!("{execution} was not answered by this function")),
            },
            Some(Err(HistoryEventType::TaskTimedOut)) => Approval::Expired(asked),
            _ => Approval::NotAsked(self.reason(execution)),
        }
    }

    fn reason(&self, execution: &str) -> String {
        match (self.ended, self.state.as_deref()) {
            (Some(ended), _) => format!("{execution} {ended}"),
            // Its task is not scheduled yet.
            (None, Some(STATE)) => format!("{execution} is about to wait for approval; try again in a moment"),
            (None, Some(state)) => format!("{execution} is not waiting for approval (state {state})"),
            (None, None) => format!("{execution} is not waiting for approval"),
        }
    }
}

/// Whether the mail was sent, according to the answer of `notify` to the task.
fn sent(submitted: &str) -> Option<bool> {
    serde_json::from_str::<Value>(submitted).ok()?.pointer("/Payload/sent")?.as_bool()
}
