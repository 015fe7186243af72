//! The events that `notify` handles: from the state machine, or from EventBridge for an end that no state could catch.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde::{Deserialize, Serialize};
use shared::payload::NotifyInput;

/// An event. The state machine's events have a field with their name; EventBridge's have none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// From a state.
    State(Box<NotifyInput>),
    /// From the rule on executions that ended without success.
    Ended(Box<EventBridgeEvent<Ended>>),
}

/// How an execution ended: the detail of "Step Functions Execution Status Change".
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// The execution's ARN.
    pub execution_arn: String,
    /// FAILED, `TIMED_OUT` or ABORTED.
    pub status: String,
    /// When it started, in milliseconds since 1970.
    pub start_date: i64,
    /// When it ended, in milliseconds since 1970.
    pub stop_date: i64,
    /// The execution's input, as JSON; absent when it is long.
    #[serde(default)]
    pub input: Option<String>,
    /// The error's name, when it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// The error's cause, when it failed, or was stopped with a cause.
    #[serde(default)]
    pub cause: Option<String>,
}
