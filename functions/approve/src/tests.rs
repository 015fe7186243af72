use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_sfn::operation::get_execution_history::{GetExecutionHistoryError, GetExecutionHistoryOutput};
use aws_sdk_sfn::operation::send_task_success::{SendTaskSuccessError, SendTaskSuccessOutput};
use aws_sdk_sfn::types::error::TaskTimedOut;
use aws_sdk_sfn::types::{
    HistoryEvent, HistoryEventType, StateEnteredEventDetails, TaskScheduledEventDetails, TaskSubmittedEventDetails,
    TaskSucceededEventDetails,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use serde_json::json;

use super::*;

const EXECUTION: &str = "arn:aws:states:eu-central-1:111122223333:execution:lockstep-migrations-prod:run-1";
const TOKEN: &str = "the-task-token";
const BOB: &str = "arn:aws:sts::111122223333:assumed-role/Approver/bob@example.com";

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

// ------------------------------------------------------------ histories, newest event first

fn event(kind: HistoryEventType) -> HistoryEvent {
    HistoryEvent::builder()
        .timestamp(aws_sdk_sfn::primitives::DateTime::from_secs(0))
        .r#type(kind)
        .id(1)
        .build()
        .unwrap()
}

fn scheduled(payload: &Value) -> HistoryEvent {
    let details = TaskScheduledEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke.waitForTaskToken")
        .region("eu-central-1")
        .parameters(json!({ "FunctionName": "notify", "Payload": payload }).to_string())
        .build()
        .unwrap();
    let mut event = event(HistoryEventType::TaskScheduled);
    event.task_scheduled_event_details = Some(details);
    event
}

fn asked_until(expires_at: &str) -> HistoryEvent {
    scheduled(&json!({
        "event": "approvalRequested", "execution": EXECUTION, "expiresAt": expires_at, "taskToken": TOKEN,
        "run": {
            "plan": {
                "digest": "d1", "baseRows": 0, "pending": 1, "alreadyApplied": 0, "omitted": 0, "warnings": [],
                "migrations": [{ "name": "1_a", "class": "transactional", "statements": 1 }],
            },
            "request": { "mode": "apply", "requestedBy": "ann", "requireApproval": false },
        },
    }))
}

fn asked() -> HistoryEvent {
    asked_until("2026-01-01T13:00:00Z")
}

fn submitted(sent: bool) -> HistoryEvent {
    let output = json!({ "ExecutedVersion": "2", "Payload": { "sent": sent } });
    let details = TaskSubmittedEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke.waitForTaskToken")
        .output(output.to_string())
        .build()
        .unwrap();
    let mut event = event(HistoryEventType::TaskSubmitted);
    event.task_submitted_event_details = Some(details);
    event
}

fn succeeded(output: &Value) -> HistoryEvent {
    let details = TaskSucceededEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke.waitForTaskToken")
        .output(output.to_string())
        .build()
        .unwrap();
    let mut event = event(HistoryEventType::TaskSucceeded);
    event.task_succeeded_event_details = Some(details);
    event
}

fn entered(state: &str) -> HistoryEvent {
    let mut event = event(HistoryEventType::TaskStateEntered);
    event.state_entered_event_details = Some(StateEnteredEventDetails::builder().name(state).build().unwrap());
    event
}

fn waiting() -> Vec<HistoryEvent> {
    vec![submitted(true), asked(), entered("Approval")]
}

/// Bob approved a minute ago, and the plan is being applied.
fn approved() -> Vec<HistoryEvent> {
    let another_task = scheduled(&json!({ "execution": EXECUTION, "plan": { "digest": "d1" } }));
    let decision = json!({
        "decision": "approved", "digest": "d1", "by": BOB, "identity": "verified", "duties": "roles", "reason": "looks right",
        "at": "2026-01-01T11:59:00Z", "version": "7",
    });
    vec![another_task, entered("Apply"), succeeded(&decision), submitted(true), asked(), entered("Approval")]
}

fn history(events: Vec<HistoryEvent>) -> Rule {
    mock!(Client::get_execution_history)
        .then_output(move || GetExecutionHistoryOutput::builder().set_events(Some(events.clone())).build().unwrap())
}

fn taken() -> Rule {
    mock!(Client::send_task_success).then_output(|| SendTaskSuccessOutput::builder().build())
}

fn late() -> Rule {
    mock!(Client::send_task_success).then_error(|| {
        let meta = aws_sdk_sfn::error::ErrorMetadata::builder().code("TaskTimedOut").build();
        SendTaskSuccessError::TaskTimedOut(TaskTimedOut::builder().meta(meta).build())
    })
}

// ------------------------------------------------------------ callers

fn approver_in(environment: &str, rules: &[&Rule]) -> Approver {
    let rules = rules.to_vec();
    // The mock panics on a call that no rule allows.
    let client = mock_client!(aws_sdk_sfn, RuleMode::MatchAny, &rules);
    Approver {
        client,
        machine: Some("lockstep-migrations-prod".into()),
        environment: Some(environment.into()),
        reject_only_roles: vec!["Runner".into(), "Shipper".into()],
        version: "7".into(),
    }
}

fn prod(rules: &[&Rule]) -> Approver {
    approver_in("prod", rules)
}

fn answer(decision: &str) -> Value {
    json!({ "execution": EXECUTION, "digest": "d1", "decision": decision, "reason": "looks right" })
}

fn with(mut payload: Value, field: &str, value: &str) -> Value {
    payload[field] = value.into();
    payload
}

/// Returns a request to the function URL, as AWS makes it from a request that `signer` signed.
fn signed(signer: &str, method: &str, body: Option<&Value>) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": format!("execution={EXECUTION}"),
        "headers": { "content-type": "application/json", "x-amz-date": "20260101T120000Z", "host": "abc.lambda-url.eu-central-1.on.aws" },
        "queryStringParameters": { "execution": EXECUTION },
        "requestContext": {
            "accountId": "111122223333", "apiId": "abc", "domainName": "abc.lambda-url.eu-central-1.on.aws", "domainPrefix": "abc",
            "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:12:00:00 +0000",
            "timeEpoch": 1_767_268_800_000_i64, "authentication": null,
            "authorizer": { "iam": {
                "accessKey": "ASIAEXAMPLE", "accountId": "111122223333", "callerId": "AROAEXAMPLE:bob", "cognitoIdentity": null,
                "principalOrgId": null, "userArn": signer, "userId": "AROAEXAMPLE:bob",
            } },
            "http": { "method": method, "path": "/", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1", "userAgent": "test" },
        },
        "body": body.map(Value::to_string),
        "isBase64Encoded": false,
    })
}

async fn post(approver: &Approver, signer: &str, body: Value) -> (u64, Value) {
    http(handle(approver, signed(signer, "POST", Some(&body))).await)
}

/// Returns what Lambda answers to `payload`, sent to the alias that has the function URL.
async fn handle(approver: &Approver, payload: Value) -> Result<Value, Refused> {
    handle_at("arn:aws:lambda:eu-central-1:111122223333:function:approve:live", approver, payload).await
}

async fn handle_at(invoked_arn: &str, approver: &Approver, payload: Value) -> Result<Value, Refused> {
    let invocation = Invocation::of(payload, invoked_arn);
    let signed = !matches!(invocation, Invocation::Direct(_));
    respond(signed, approver.handle(invocation, now()).await)
}

/// Returns the status and the body of an HTTP answer.
fn http(response: Result<Value, Refused>) -> (u64, Value) {
    let response = response.unwrap();
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    assert!(!body.to_string().contains(TOKEN));
    (response["statusCode"].as_u64().unwrap(), body)
}

// ------------------------------------------------------------ deciding

#[tokio::test]
async fn the_signer_is_the_approver() {
    let success = mock!(Client::send_task_success)
        .match_requests(|request| {
            let output: Value = serde_json::from_str(request.output().unwrap()).unwrap();
            request.task_token() == Some(TOKEN)
                && output
                    == json!({
                        "decision": "approved", "digest": "d1", "by": BOB, "identity": "verified", "duties": "roles",
                        "reason": "looks right", "at": "2026-01-01T12:00:00Z", "version": "7", "requestMailSent": true,
                    })
        })
        .then_output(|| SendTaskSuccessOutput::builder().build());
    let (status, decided) = post(&prod(&[&history(waiting()), &success]), BOB, answer("approve")).await;
    assert_eq!((status, success.num_calls()), (200, 1), "{decided}");
    assert_eq!((&decided["by"], &decided["execution"]), (&json!(BOB), &json!(EXECUTION)));
}

#[tokio::test]
async fn a_rejection_is_recorded_like_an_approval() {
    let success = mock!(Client::send_task_success)
        .match_requests(|request| {
            let output: Value = serde_json::from_str(request.output().unwrap()).unwrap();
            output["decision"] == "rejected" && output["onBehalfOf"] == "octocat" && output["by"] == BOB
        })
        .then_output(|| SendTaskSuccessOutput::builder().build());
    let body = with(answer("reject"), "onBehalfOf", "octocat");
    let (status, decided) = post(&prod(&[&history(waiting()), &success]), BOB, body).await;
    assert_eq!((status, &decided["decision"]), (200, &json!("rejected")));
}

#[tokio::test]
async fn outside_prod_a_name_is_taken_and_recorded_as_claimed() {
    for (environment, requested_by, duties) in [("dev", true, "names"), ("qa", false, "unchecked")] {
        let mut events = waiting();
        if !requested_by {
            let details = events[1].task_scheduled_event_details.as_mut().unwrap();
            details.parameters = details.parameters.replace("\"requestedBy\":\"ann\",", "");
        }
        let approver = approver_in(environment, &[&history(events), &taken()]);
        let decided = handle(&approver, with(answer("approve"), "by", "bob")).await.unwrap();
        assert_eq!(
            (&decided["by"], &decided["identity"], &decided["duties"]),
            (&json!("bob"), &json!("claimed"), &json!(duties))
        );
    }
}

// ------------------------------------------------------------ refusing. Nothing is sent: no rule allows a call.

#[tokio::test]
async fn in_prod_no_caller_decides_by_giving_a_name() {
    for environment in [Some("prod".to_owned()), None] {
        let mut approver = prod(&[&history(waiting())]);
        approver.environment = environment;
        let refused = handle(&approver, with(answer("approve"), "by", BOB)).await.unwrap_err();
        assert_eq!(refused.why, Why::Caller);
        assert!(refused.message.contains("signed request to the function URL"), "{}", refused.message);
    }
}

#[tokio::test]
async fn a_forged_request_is_refused() {
    let mut unsigned = signed(BOB, "POST", Some(&answer("approve")));
    unsigned["requestContext"]["authorizer"] = Value::Null;
    let mut lambda_authorizer = signed(BOB, "POST", Some(&answer("approve")));
    lambda_authorizer["requestContext"]["authorizer"] = json!({ "lambda": { "userArn": BOB } });
    let mut anonymous = signed(BOB, "POST", Some(&answer("approve")));
    anonymous["requestContext"]["authorizer"]["iam"]["userArn"] = "".into();
    let mut header = unsigned.clone();
    header["headers"]["x-amz-user-arn"] = BOB.into();
    for forged in [unsigned, lambda_authorizer, anonymous, header] {
        for environment in ["prod", "dev"] {
            let approver = approver_in(environment, &[&history(waiting())]);
            let (status, refused) = http(handle(&approver, forged.clone()).await);
            assert_eq!(status, 403, "{forged}: {refused}");
        }
    }
    // Shaped like a request, but not as AWS makes one.
    let half = json!({ "requestContext": { "authorizer": { "iam": { "userArn": BOB } } }, "body": answer("approve").to_string() });
    assert_eq!(handle(&prod(&[&history(waiting())]), half.clone()).await.unwrap_err().why, Why::Caller);
    let dev = approver_in("dev", &[&history(waiting())]);
    assert_eq!(handle(&dev, half).await.unwrap_err().why, Why::Request);
    // The whole shape, from a principal that may invoke the function directly: only without the URL's alias.
    let direct = "arn:aws:lambda:eu-central-1:111122223333:function:approve";
    let dev = approver_in("dev", &[&history(waiting())]);
    let forged = signed(BOB, "POST", Some(&answer("approve")));
    assert_eq!(http(handle_at(direct, &dev, forged).await).0, 403);
}

#[test]
fn a_refusal_can_be_traced_to_who_asked_for_what() {
    let live = "arn:aws:lambda:eu-central-1:111122223333:function:approve:live";
    let asked = Invocation::of(signed(BOB, "POST", Some(&answer("approve"))), live).summary();
    assert_eq!(asked, format!("{BOB} POST approve run-1"));
    let asked = Invocation::of(with(answer("reject"), "decision", "re\u{2028}ject"), live).summary();
    assert_eq!(asked, "direct re\\u{2028}ject run-1");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_refused() {
    let elsewhere = "arn:aws:states:eu-central-1:111122223333:execution:another-machine:run-1";
    let express = "arn:aws:states:eu-central-1:111122223333:express:lockstep-migrations-prod:run-1:1";
    let spoofed =
        "arn:aws:states:eu-central-1:111122223333:execution:another:x:execution:lockstep-migrations-prod:run-1";
    let yes = || answer("approve");
    for (status, body, reason) in [
        (409, with(yes(), "digest", "d2"), "the digest is not that of this execution's plan, d1"),
        (400, with(yes(), "by", "Cem"), "the approver is the identity that signed"),
        (400, with(yes(), "reason", "a\nb"), "reason: give one line"),
        (400, with(yes(), "reason", " "), "reason: give one line"),
        (400, with(yes(), "onBehalfOf", ""), "onBehalfOf: give one line"),
        (400, with(yes(), "decision", "maybe"), "the request is not right"),
        (400, with(yes(), "taskToken", "forged"), "unknown field `taskToken`"),
        (400, with(yes(), "x\n::error::\u{202e}", "x"), "unknown field `x ::error::\\u{202e}`"),
        (400, with(yes(), "onBehalfOf", "ann\u{200b}"), "onBehalfOf: give one line"),
        (400, with(yes(), "execution", elsewhere), "is not an execution of lockstep-migrations-prod"),
        (400, with(yes(), "reason", "a\u{2028}b"), "reason: give one line"),
        (400, with(yes(), "digest", &"d".repeat(501)), "digest: give one line"),
        (400, with(yes(), "execution", express), "is not an execution of lockstep-migrations-prod"),
        (400, with(yes(), "execution", spoofed), "is not an execution of lockstep-migrations-prod"),
        (400, json!("approve"), "the request is not right"),
    ] {
        let (found, refused) = post(&prod(&[&history(waiting())]), BOB, body.clone()).await;
        let message = refused["message"].as_str().unwrap();
        assert!(found == status && message.contains(reason), "{body}: {found} {message}");
        assert_eq!(refused["error"], "Approval.Refused");
    }
    let mut binary = signed(BOB, "POST", Some(&answer("approve")));
    binary["isBase64Encoded"] = true.into();
    assert_eq!(http(handle(&prod(&[]), binary).await).0, 400);
    for method in ["PUT", "HEAD", "DELETE"] {
        assert_eq!(http(handle(&prod(&[]), signed(BOB, method, None)).await).0, 405);
    }
}

#[tokio::test]
async fn the_requester_does_not_approve() {
    for (signer, body) in [
        ("arn:aws:iam::111122223333:user/Ann", answer("approve")),
        ("arn:aws:sts::111122223333:assumed-role/Approver/ann", answer("approve")),
        (BOB, with(answer("approve"), "onBehalfOf", " ANN ")),
    ] {
        let (status, refused) = post(&prod(&[&history(waiting())]), signer, body).await;
        assert_eq!(status, 403);
        assert!(refused["message"].as_str().unwrap().contains("ann asked for this run"), "{refused}");
    }
    // The same person in two roles.
    let mut events = waiting();
    let details = events[1].task_scheduled_event_details.as_mut().unwrap();
    details.parameters =
        details.parameters.replace("\"ann\"", "\"arn:aws:sts::111122223333:assumed-role/Starter/bob@example.com\"");
    assert_eq!(post(&prod(&[&history(events)]), BOB, answer("approve")).await.0, 403);
    // A requester may withdraw their own request.
    let own =
        post(&prod(&[&history(waiting()), &taken()]), "arn:aws:iam::111122223333:user/ann", answer("reject")).await;
    assert_eq!(own.0, 200);
    let dev = approver_in("dev", &[&history(waiting())]);
    assert_eq!(handle(&dev, with(answer("approve"), "by", "Ann")).await.unwrap_err().why, Why::Caller);
    let dev = approver_in("dev", &[&history(waiting()), &taken()]);
    let own = handle(&dev, with(answer("reject"), "by", "Ann")).await.unwrap();
    assert_eq!(own["duties"], "unchecked");
}

#[tokio::test]
async fn the_clean_up_roles_only_reject() {
    for role in ["Runner", "Shipper"] {
        let job = format!("arn:aws:sts::111122223333:assumed-role/{role}/github");
        assert_eq!(post(&prod(&[&history(waiting())]), &job, answer("approve")).await.0, 403);
        assert_eq!(post(&prod(&[&history(waiting()), &taken()]), &job, answer("reject")).await.0, 200);
    }
    let another = "arn:aws:sts::111122223333:assumed-role/Approver/Runner";
    assert_eq!(post(&prod(&[&history(waiting()), &taken()]), another, answer("approve")).await.0, 200);
}

#[tokio::test]
async fn an_execution_that_does_not_wait_is_reported_as_such() {
    let ended = |kind| vec![event(kind), submitted(true), asked(), entered("Approval")];
    let unreadable = scheduled(&json!({ "event": "approvalRequested", "taskToken": TOKEN, "expiresAt": "soon" }));
    let of_another_plan = json!({
        "decision": "approved", "digest": "d2", "by": BOB, "identity": "verified", "duties": "roles",
        "reason": "looks right", "at": "2026-01-01T11:59:00Z", "version": "7",
    });
    for (status, events, reason) in [
        (
            410,
            vec![submitted(true), asked_until("2026-01-01T12:00:00Z")],
            "the approval expired at 2026-01-01T12:00:00Z",
        ),
        (410, ended(HistoryEventType::TaskTimedOut), "the approval expired at 2026-01-01T13:00:00Z"),
        (409, ended(HistoryEventType::ExecutionAborted), "was stopped"),
        (409, ended(HistoryEventType::ExecutionTimedOut), "has timed out"),
        (409, ended(HistoryEventType::TaskFailed), "is not waiting for approval"),
        (
            409,
            vec![event(HistoryEventType::TaskSubmitFailed), asked(), entered("Approval")],
            "is not waiting for approval",
        ),
        (409, vec![submitted(true), unreadable], "was asked by another version"),
        (409, vec![succeeded(&json!({ "decision": "approved" })), asked()], "was not answered by this function"),
        (409, vec![succeeded(&of_another_plan), asked()], "was not answered by this function"),
        (409, vec![event(HistoryEventType::ExecutionSucceeded), entered("Succeeded")], "has succeeded already"),
        (409, vec![event(HistoryEventType::ExecutionFailed)], "has failed already"),
        (409, vec![entered("Approval")], "is about to wait"),
        (409, vec![entered("Plan"), entered("Preflight")], "(state Plan)"),
        (409, vec![], "is not waiting for approval"),
    ] {
        let (found, refused) = post(&prod(&[&history(events)]), BOB, answer("approve")).await;
        let message = refused["message"].as_str().unwrap();
        assert!(found == status && message.contains(reason), "{reason}: {found} {message}");
    }
}

#[tokio::test]
async fn without_an_answer_of_step_functions_there_is_no_decision() {
    let failing = |code: &'static str| {
        mock!(Client::get_execution_history).then_error(move || {
            let meta = aws_sdk_sfn::error::ErrorMetadata::builder().code(code).build();
            GetExecutionHistoryError::generic(meta)
        })
    };
    for (code, status) in [("ExecutionDoesNotExist", 404), ("InvalidArn", 400), ("AccessDeniedException", 503)] {
        let (found, refused) = post(&prod(&[&failing(code)]), BOB, answer("approve")).await;
        assert_eq!(found, status, "{refused}");
    }
    let unanswered = mock!(Client::send_task_success).then_error(|| {
        let meta = aws_sdk_sfn::error::ErrorMetadata::builder().code("InternalFailure").build();
        SendTaskSuccessError::generic(meta)
    });
    for sent in [unanswered, late()] {
        let (status, refused) = post(&prod(&[&history(waiting()), &sent]), BOB, answer("approve")).await;
        assert_eq!(status, 503);
        assert!(refused["message"].as_str().unwrap().contains("it is not known whether"), "{refused}");
    }
}

#[tokio::test]
async fn the_newest_token_is_the_one_that_waits() {
    let mut older = asked();
    let details = older.task_scheduled_event_details.as_mut().unwrap();
    details.parameters = details.parameters.replace(TOKEN, "an older token");
    let retried = vec![submitted(true), asked(), event(HistoryEventType::TaskFailed), older, entered("Approval")];
    let success = mock!(Client::send_task_success)
        .match_requests(|request| request.task_token() == Some(TOKEN))
        .then_output(|| SendTaskSuccessOutput::builder().build());
    assert_eq!(post(&prod(&[&history(retried), &success]), BOB, answer("approve")).await.0, 200);
}

// ------------------------------------------------------------ twice

#[tokio::test]
async fn the_same_decision_again_gets_the_same_answer() {
    let ended = [vec![event(HistoryEventType::ExecutionSucceeded)], approved()].concat();
    for events in [approved(), ended] {
        let (status, decided) = post(&prod(&[&history(events)]), BOB, answer("approve")).await;
        assert_eq!((status, &decided["at"]), (200, &json!("2026-01-01T11:59:00Z")));
    }
}

#[tokio::test]
async fn a_different_decision_is_refused_and_the_answer_names_who_decided() {
    for (signer, body) in [
        (BOB, answer("reject")),
        ("arn:aws:iam::111122223333:user/cy", answer("approve")),
        (BOB, with(answer("approve"), "onBehalfOf", "octocat")),
        (BOB, with(answer("approve"), "digest", "d2")),
    ] {
        let (status, refused) = post(&prod(&[&history(approved())]), signer, body).await;
        assert_eq!(status, 409, "{refused}");
    }
    let (_, refused) = post(&prod(&[&history(approved())]), BOB, answer("reject")).await;
    let expected = format!("{EXECUTION} was approved by {BOB} at 2026-01-01T11:59:00Z already: looks right");
    assert_eq!(refused["message"], expected);
}

#[tokio::test]
async fn a_token_that_is_used_up_is_answered_from_the_history() {
    let cases = [
        // Our own first attempt had arrived.
        ("approve", approved(), 200),
        ("reject", approved(), 409),
        ("approve", vec![event(HistoryEventType::TaskTimedOut), asked()], 410),
    ];
    for (decision, after, expected) in cases {
        let looked = AtomicBool::new(false);
        let history = mock!(Client::get_execution_history).then_compute_output(move |_| {
            let events = if looked.swap(true, Ordering::Relaxed) { after.clone() } else { waiting() };
            GetExecutionHistoryOutput::builder().set_events(Some(events)).build().unwrap()
        });
        let (status, answered) = post(&prod(&[&history, &late()]), BOB, answer(decision)).await;
        assert_eq!(status, expected, "{decision}: {answered}");
    }
}

// ------------------------------------------------------------ looking

#[tokio::test]
async fn get_shows_what_is_pending_and_decides_nothing() {
    let (status, shown) = http(handle(&prod(&[&history(waiting())]), signed(BOB, "GET", None)).await);
    assert_eq!((status, &shown["waiting"]), (200, &json!(true)));
    assert_eq!((&shown["plan"]["digest"], &shown["request"]["requestedBy"]), (&json!("d1"), &json!("ann")));
    assert_eq!(shown["expiresAt"], "2026-01-01T13:00:00Z");

    let (_, shown) = http(handle(&prod(&[&history(approved())]), signed(BOB, "GET", None)).await);
    assert_eq!((&shown["waiting"], &shown["approval"]["by"]), (&json!(false), &json!(BOB)));

    let (_, shown) = http(handle(&prod(&[&history(vec![entered("Plan")])]), signed(BOB, "GET", None)).await);
    assert!(shown["reason"].as_str().unwrap().contains("(state Plan)"), "{shown}");

    let mut unsigned = signed(BOB, "GET", None);
    unsigned["requestContext"]["authorizer"] = Value::Null;
    assert_eq!(http(handle(&prod(&[&history(waiting())]), unsigned).await).0, 403);
}

// ------------------------------------------------------------ as it travels

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../shared/tests/payloads/approve_", $name, ".json")))
            .unwrap()
    };
}

/// The command `lockstep` reads and writes these files with the types of `shared`.
#[tokio::test]
async fn what_is_sent_and_answered_is_what_the_command_knows() {
    let answer = fixture!("answer");
    let (_, decided) = post(&prod(&[&history(waiting()), &taken()]), BOB, answer).await;
    assert_eq!(decided, fixture!("decided"));
    assert_eq!(answer::read(fixture!("answer_by_name")).unwrap().by.as_deref(), Some("bob"));

    let (_, refused) = post(&prod(&[&history(approved())]), BOB, self::answer("reject")).await;
    assert_eq!(refused, fixture!("refusal"));

    for (events, expected) in [
        (waiting(), fixture!("shown_waiting")),
        (approved(), fixture!("shown_decided")),
        (vec![entered("Plan")], fixture!("shown_not_asked")),
    ] {
        let (_, shown) = http(handle(&prod(&[&history(events)]), signed(BOB, "GET", None)).await);
        assert_eq!(shown, expected);
    }
}
