use aws_sdk_sfn::operation::get_execution_history::GetExecutionHistoryOutput;
use aws_sdk_sfn::operation::send_task_failure::SendTaskFailureOutput;
use aws_sdk_sfn::operation::send_task_success::{SendTaskSuccessError, SendTaskSuccessOutput};
use aws_sdk_sfn::types::error::TaskTimedOut;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType, StateEnteredEventDetails, TaskScheduledEventDetails};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use serde_json::json;

use super::*;

const EXECUTION: &str = "arn:aws:states:eu-central-1:111122223333:execution:lockstep-migrations-prod:run-1";
const TOKEN: &str = "the-task-token";

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn event(kind: HistoryEventType) -> HistoryEvent {
    HistoryEvent::builder()
        .timestamp(aws_sdk_sfn::primitives::DateTime::from_secs(0))
        .r#type(kind)
        .id(1)
        .build()
        .unwrap()
}

fn scheduled(expires_at: &str) -> HistoryEvent {
    let parameters = json!({
        "FunctionName": "notify",
        "Payload": {
            "event": "approvalRequested",
            "execution": EXECUTION,
            "expiresAt": expires_at,
            "taskToken": TOKEN,
            "run": { "plan": { "digest": "d1" }, "request": { "mode": "apply", "requestedBy": "ann", "requireApproval": false } },
        },
    });
    let details = TaskScheduledEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke.waitForTaskToken")
        .region("eu-central-1")
        .parameters(parameters.to_string())
        .build()
        .unwrap();
    let mut event = event(HistoryEventType::TaskScheduled);
    event.task_scheduled_event_details = Some(details);
    event
}

fn entered(state: &str) -> HistoryEvent {
    let mut event = event(HistoryEventType::TaskStateEntered);
    event.state_entered_event_details = Some(StateEnteredEventDetails::builder().name(state).build().unwrap());
    event
}

fn waiting() -> Vec<HistoryEvent> {
    vec![event(HistoryEventType::TaskSubmitted), scheduled("2026-01-01T13:00:00Z"), entered("Approval")]
}

fn history(events: Vec<HistoryEvent>) -> Rule {
    mock!(Client::get_execution_history)
        .then_output(move || GetExecutionHistoryOutput::builder().set_events(Some(events.clone())).build().unwrap())
}

fn approver(rules: &[&Rule]) -> Approver {
    let rules = rules.to_vec();
    let client = mock_client!(aws_sdk_sfn, RuleMode::MatchAny, &rules);
    Approver { client, machine: Some("lockstep-migrations-prod".into()) }
}

fn answer(decision: &str) -> Value {
    json!({ "execution": EXECUTION, "digest": "d1", "decision": decision, "by": "bob", "reason": "looks right" })
}

fn with(field: &str, value: &str) -> Value {
    let mut answer = answer("approve");
    answer[field] = value.into();
    answer
}

#[tokio::test]
async fn yes_answers_with_who_and_why() {
    let success = mock!(Client::send_task_success)
        .match_requests(|request| {
            let output: Value = serde_json::from_str(request.output().unwrap()).unwrap();
            request.task_token() == Some(TOKEN)
                && output
                    == json!({
                        "decision": "approved", "by": "bob", "identity": "claimed", "reason": "looks right",
                        "at": "2026-01-01T12:00:00Z"
                    })
        })
        .then_output(|| SendTaskSuccessOutput::builder().build());
    let decided = approver(&[&history(waiting()), &success]).decide(answer("approve"), now()).await.unwrap();
    assert_eq!(success.num_calls(), 1);
    assert!(!serde_json::to_string(&decided).unwrap().contains(TOKEN));
}

#[tokio::test]
async fn no_fails_the_state_with_who_and_why() {
    let failure = mock!(Client::send_task_failure)
        .match_requests(|request| {
            request.error() == Some("Approval.Rejected")
                && request.cause() == Some("rejected by bob (claimed): looks right")
        })
        .then_output(|| SendTaskFailureOutput::builder().build());
    approver(&[&history(waiting()), &failure]).decide(answer("reject"), now()).await.unwrap();
    assert_eq!(failure.num_calls(), 1);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_nothing_is_sent() {
    let ended = || vec![event(HistoryEventType::ExecutionSucceeded)];
    let expired = || vec![scheduled("2026-01-01T12:00:00Z")];
    let decided = || vec![event(HistoryEventType::TaskSucceeded), scheduled("2026-01-01T13:00:00Z")];
    let elsewhere = "arn:aws:states:eu-central-1:111122223333:execution:another-machine:run-1";
    for (payload, events, reason) in [
        (with("digest", "d2"), waiting(), "the digest is not that of the plan which waits, d1"),
        (with("by", "Ann"), waiting(), "ann asked for this run"),
        (with("by", " "), waiting(), "by: give one line"),
        (with("reason", "a\nb"), waiting(), "reason: give one line"),
        (with("decision", "maybe"), waiting(), "the request is not right"),
        (with("token", "forged"), waiting(), "unknown field `token`"),
        (with("execution", elsewhere), waiting(), "is not an execution of lockstep-migrations-prod"),
        (answer("approve"), expired(), "the approval expired at 2026-01-01T12:00:00Z"),
        (answer("approve"), ended(), "has ended well already"),
        (answer("approve"), decided(), "is not waiting for approval"),
        (answer("approve"), vec![entered("Apply")], "(state Apply)"),
        (answer("approve"), vec![event(HistoryEventType::TaskTimedOut)], "it has expired"),
        (answer("approve"), vec![], "is not waiting for approval"),
    ] {
        let shown = payload.to_string();
        // There is no rule for sending: an attempt would panic.
        let refused = approver(&[&history(events)]).decide(payload, now()).await.unwrap_err();
        assert!(refused.0.contains(reason), "{shown}: {}", refused.0);
        assert!(!refused.0.contains(TOKEN));
    }
}

#[tokio::test]
async fn a_token_that_is_used_up_is_told_as_such() {
    let gone = mock!(Client::send_task_success).then_error(|| {
        SendTaskSuccessError::TaskTimedOut(
            TaskTimedOut::builder()
                .meta(aws_sdk_sfn::error::ErrorMetadata::builder().code("TaskTimedOut").build())
                .build(),
        )
    });
    let refused = approver(&[&history(waiting()), &gone]).decide(answer("approve"), now()).await.unwrap_err();
    assert!(refused.0.contains("no longer waits"), "{}", refused.0);
}
