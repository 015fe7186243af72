//! Every payload as it travels. A fixture that can no longer be read shows that the code disagrees with the definition,
//! which makes these shapes.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::approval::{Answer, Decided, RefusedDecision};
use shared::payload::{
    ApplyInput, ApplyOutput, NotifyInput, NotifyOutput, PlanInput, PlanOutput, PreflightInput, PreflightOutput,
};
use shared::record::{Decision, Notification, Record};

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("payloads/", $name, ".json"))).unwrap()
    };
}

fn read<T: DeserializeOwned + Debug>(fixture: Value) -> T {
    serde_json::from_value(fixture).unwrap()
}

fn read_and_write<T: DeserializeOwned + Serialize + Debug>(fixture: &Value) {
    let payload: T = read(fixture.clone());
    assert_eq!(&serde_json::to_value(payload).unwrap(), fixture);
}

#[test]
fn the_input_of_each_step_is_read() {
    read::<PreflightInput>(fixture!("preflight_input"));
    read::<PlanInput>(fixture!("plan_input"));
    read::<PlanInput>(fixture!("plan_input_resolve"));
    read::<PlanInput>(fixture!("plan_input_baseline"));
    read::<ApplyInput>(fixture!("apply_input"));
    read::<NotifyInput>(fixture!("notify_input_approved"));
    read::<NotifyInput>(fixture!("notify_input_succeeded"));
    read::<NotifyInput>(fixture!("notify_input_failed"));
    read::<NotifyInput>(fixture!("notify_input_failed_script"));
}

#[test]
fn the_output_of_each_step_is_written_as_it_is_read() {
    read_and_write::<PreflightOutput>(&fixture!("preflight_output"));
    read_and_write::<PlanOutput>(&fixture!("plan_output"));
    read_and_write::<PlanOutput>(&fixture!("plan_output_resolve"));
    read_and_write::<PlanOutput>(&fixture!("plan_output_baseline"));
    read_and_write::<ApplyOutput>(&fixture!("apply_output"));
    read_and_write::<ApplyOutput>(&fixture!("apply_output_resolve"));
    read_and_write::<ApplyOutput>(&fixture!("apply_output_baseline"));
    read_and_write::<Decision>(&fixture!("decision"));
    read_and_write::<Record>(&fixture!("record"));
    read_and_write::<Record>(&fixture!("record_failed_script"));
}

#[test]
fn notify_returns_whether_the_mail_was_sent_and_the_record() {
    let record: Record = read(fixture!("record"));
    let notification = Notification { error: Some("NotFound".into()), ..Notification::default() };
    let output = NotifyOutput { notification, record: Some(record.into()) };
    assert_eq!(serde_json::to_value(output).unwrap(), fixture!("notify_output"));
    let notification = Notification { sent: true, message_id: Some("m-1".into()), ..Notification::default() };
    let output = NotifyOutput { notification, record: None };
    assert_eq!(serde_json::to_value(output).unwrap(), fixture!("notify_output_sent"));
    read_and_write::<NotifyOutput>(&fixture!("notify_output"));
    read_and_write::<NotifyOutput>(&fixture!("notify_output_sent"));
}

#[test]
fn a_decision_is_sent_and_answered_as_it_is_read() {
    read_and_write::<Answer>(&fixture!("approve_answer"));
    read_and_write::<Answer>(&fixture!("approve_answer_by_name"));
    read_and_write::<Decided>(&fixture!("approve_decided"));
    read_and_write::<RefusedDecision>(&fixture!("approve_refusal"));
}

#[test]
fn the_task_token_is_not_read() {
    let input: NotifyInput = read(fixture!("notify_input_approval_requested"));
    assert!(!format!("{input:?}").contains("stays unread"));
}
