//! Histories and records, made for the tests.

use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::builders::HistoryEventBuilder;
use aws_sdk_sfn::types::{
    HistoryEvent, HistoryEventType, StateEnteredEventDetails, TaskFailedEventDetails, TaskScheduledEventDetails,
    TaskSubmittedEventDetails, TaskSucceededEventDetails,
};
use serde_json::{Value, json};

use super::history::{Reader, Step};

pub(crate) const ARN: &str = "arn:aws:states:eu-west-1:111122223333:execution:lockstep-migrations-prod:apply-1";
pub(crate) const BOB: &str = "arn:aws:sts::111122223333:assumed-role/Approver/bob@example.com";
pub(crate) const TOKEN: &str = "token-that-must-stay-secret";
pub(crate) const AT: &str = "2026-01-01T12:00:00Z";

/// Returns the steps of events.
pub(crate) fn history(events: impl IntoIterator<Item = HistoryEvent>) -> Vec<Step> {
    let mut reader = Reader::default();
    events.into_iter().filter_map(|event| reader.step(&event)).collect()
}

pub(crate) fn event(kind: HistoryEventType) -> HistoryEventBuilder {
    HistoryEvent::builder().timestamp(DateTime::from_secs(1_767_268_800)).r#type(kind).id(1)
}

pub(crate) fn entered(state: &str) -> HistoryEvent {
    let details = StateEnteredEventDetails::builder().name(state).build().unwrap();
    event(HistoryEventType::TaskStateEntered).state_entered_event_details(details).build().unwrap()
}

pub(crate) fn scheduled(parameters: &Value) -> HistoryEvent {
    let details = TaskScheduledEventDetails::builder().resource_type("lambda").resource("invoke").region("eu-west-1");
    let details = details.parameters(parameters.to_string()).build().unwrap();
    event(HistoryEventType::TaskScheduled).task_scheduled_event_details(details).build().unwrap()
}

pub(crate) fn succeeded(output: &Value) -> HistoryEvent {
    let details = TaskSucceededEventDetails::builder().resource_type("lambda").resource("invoke");
    let details = details.output(output.to_string()).build().unwrap();
    event(HistoryEventType::TaskSucceeded).task_succeeded_event_details(details).build().unwrap()
}

pub(crate) fn submitted(payload: &Value) -> HistoryEvent {
    let output = json!({ "Payload": payload, "StatusCode": 200 }).to_string();
    let details = TaskSubmittedEventDetails::builder().resource_type("lambda").resource("invoke").output(output);
    event(HistoryEventType::TaskSubmitted).task_submitted_event_details(details.build().unwrap()).build().unwrap()
}

pub(crate) fn failed(error: &str, cause: &str) -> HistoryEvent {
    let details =
        TaskFailedEventDetails::builder().resource_type("lambda").resource("invoke").error(error).cause(cause);
    event(HistoryEventType::TaskFailed).task_failed_event_details(details.build().unwrap()).build().unwrap()
}

fn called(payload: &Value) -> HistoryEvent {
    scheduled(&json!({ "FunctionName": "arn:aws:lambda:eu-west-1:111122223333:function:x:3", "Payload": payload }))
}

/// Returns a state whose function answered.
pub(crate) fn done(state: &str, answer: &Value) -> Vec<HistoryEvent> {
    vec![entered(state), called(&json!({})), succeeded(&json!({ "Payload": answer }))]
}

/// Returns the state Approval, whose mail became this.
pub(crate) fn waiting(mail: &Value) -> Vec<HistoryEvent> {
    let payload = json!({ "expiresAt": "2026-01-01T13:00:00Z", "taskToken": TOKEN });
    vec![entered("Approval"), called(&payload), submitted(mail)]
}

pub(crate) fn request() -> Value {
    json!({ "mode": "apply", "requestedBy": "ann", "reason": "release 7", "requireApproval": false })
}

pub(crate) fn plan() -> Value {
    json!({
        "digest": "d1", "baseRows": 1, "pending": 2, "alreadyApplied": 1, "omitted": 0, "warnings": ["drops a table"],
        "migrations": [
            { "name": "2_b", "class": "transactional", "statements": 3 }, { "name": "3_c", "class": "standalone", "statements": 1 },
        ],
    })
}

pub(crate) fn report() -> Value {
    json!({
        "verdict": "danger", "why": "3_c: it drops a table", "safe": 1, "caution": 0, "danger": 1,
        "worst": [{ "name": "3_c", "verdict": "danger", "why": "it drops\u{1b}[2J a table" }],
        "bucket": "bucket", "key": "reports/d1",
    })
}

pub(crate) fn approval() -> Value {
    json!({
        "decision": "approved", "digest": "d1", "by": BOB, "identity": "verified", "onBehalfOf": "octocat", "duties": "roles",
        "reason": "looks right", "at": "2026-01-01T12:00:30Z", "version": "7", "requestMailSent": false,
    })
}

pub(crate) fn applied() -> Value {
    json!({
        "finished": true, "applied": 2, "appliedElsewhere": 0, "remaining": 0, "total": 2, "omitted": 0, "durationMs": 1312,
        "migrations": [{ "name": "2_b", "durationMs": 12 }, { "name": "3_c", "durationMs": 1300 }],
    })
}

pub(crate) fn preflight() -> Vec<HistoryEvent> {
    let facts = json!({ "serverVersion": "18.4", "database": "orders", "user": "migrator", "tls": true });
    done("Preflight", &json!({ "request": request(), "facts": facts, "warnings": [] }))
}

/// Returns the record of a run that was applied.
pub(crate) fn record() -> Value {
    json!({
        "execution": ARN, "environment": "prod", "outcome": "applied", "startedAt": AT,
        "endedAt": "2026-01-01T12:02:04Z", "durationMs": 124_000, "request": request(), "plan": plan(), "approval": approval(),
        "apply": applied(),
        "versions": { "preflight": "f:1", "plan": "f:2", "apply": "f:5", "notify": "f:4", "migrations": "l:9" },
        "notifications": {
            "approved": { "sent": true, "messageId": "m-1" }, "ended": { "sent": false, "error": "NotFound" },
        },
    })
}

/// Returns a value with more fields.
pub(crate) fn with(mut value: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), more) {
        fields.extend(more);
    }
    value
}

/// Returns the fields in the first table of a section of docs/json.md.
pub(crate) fn documented(section: &str) -> Vec<String> {
    let page = include_str!("../../../../docs/json.md");
    let start = page.find(&format!("\n## {section}\n")).expect("the page has the section");
    let rows =
        page[start..].lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with("| `"));
    rows.filter_map(|row| row.split('`').nth(1)).map(str::to_owned).collect()
}
