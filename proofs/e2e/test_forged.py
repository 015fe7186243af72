"""Attempts to decide without a signed request of one's own: they are refused, and the run goes on waiting."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import environment
from proofs.e2e import subjects


@pytest.fixture
def prod(case):
    made = case("prod")
    made.write("1_a", "CREATE TABLE a ()")
    return made


@pytest.fixture
def waiting(prod):
    """An execution that waits, and its digest. At the end it must still wait."""
    execution, digest = prod.start_and_wait_for_approval()
    yield execution, digest
    assert prod.pending(execution)["waiting"] is True
    assert prod.stack.current_state(execution) == "Approval"
    assert prod.tables() == []


def test_an_unsigned_request(prod, waiting):
    for method in ("GET", "HEAD", "POST"):
        status, text = send(method, url(prod), waiting, secret=None)
        assert (status, text) == (403, "" if method == "HEAD" else '{"Message":"Forbidden"}')


def test_a_signature_that_is_wrong(prod, waiting):
    assert send("POST", url(prod), waiting, secret="guessed")[0] == 403
    assert send("POST", url(prod), waiting, secret="local", then=b'{"decision": "approve"}')[0] == 403


def test_a_name_in_the_body(prod, waiting):
    execution, digest = waiting
    body = {"execution": execution, "digest": digest, "decision": "approve", "reason": "fine"}
    for forged, said in (({"by": "Bob"}, "by: leave it out"), ({"identity": "verified"}, "unknown field `identity`")):
        status, answer = prod.call("POST", key="Ann", body=body | forged)
        assert status == 400 and said in answer["message"]


def test_a_direct_invocation(prod, waiting):
    execution, digest = waiting
    answer = prod.stack.decide(
        prod.deployment, execution=execution, digest=digest, decision="approve", by="Ann", reason="fine"
    )
    assert answer["error"]["errorType"] == "Approval.Refused"
    assert "in prod only a signed request" in answer["error"]["errorMessage"]


def test_a_direct_invocation_in_the_shape_of_a_request_without_a_signer(prod, waiting):
    """The function would believe an event that names a signer. Only IAM prevents that, and IAM is not enforced here."""
    execution, digest = waiting
    body = json.dumps({"execution": execution, "digest": digest, "decision": "approve", "reason": "fine"})
    http = {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "x"}
    authorizers: list[dict[str, Any]] = [
        {}, {"authorizer": None}, {"authorizer": {}}, {"authorizer": {"iam": {"userArn": "Ann"}}},
    ]
    for authorizer in authorizers:
        event = {
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": {},
            "requestContext": {"accountId": environment.ACCOUNT, "apiId": "x", "http": http, "timeEpoch": 1, **authorizer},
            "body": body, "isBase64Encoded": False,
        }
        answer = prod.stack.decide(prod.deployment, **event)
        if "error" in answer:
            assert "in prod only a signed request" in answer["error"]["errorMessage"]
        else:
            assert answer["statusCode"] == 403 and "is not signed" in answer["body"]


def test_a_direct_invocation_in_the_shape_of_a_signed_request(case):
    """Outside of prod the function may be invoked directly. It recognises such an event by the ARN of the invocation."""
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    execution, digest = dev.start_and_wait_for_approval({"requireApproval": True})
    body = json.dumps({"execution": execution, "digest": digest, "decision": "approve", "reason": "fine"})
    http = {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "x"}
    boss = {"iam": {"userArn": f"arn:aws:iam::{environment.ACCOUNT}:user/boss"}}
    answer = dev.stack.decide(
        dev.deployment, version="2.0", rawPath="/", rawQueryString="", headers={}, body=body, isBase64Encoded=False,
        requestContext={"accountId": environment.ACCOUNT, "http": http, "timeEpoch": 1, "authorizer": boss},
    )
    assert answer["statusCode"] == 403 and "direct invocation" in answer["body"]
    assert dev.stack.current_state(execution) == "Approval"


def test_another_executions_digest(prod, waiting):
    execution, digest = waiting
    prod.write("2_b", "CREATE TABLE b ()")
    other, others_digest = prod.start_and_wait_for_approval()
    assert digest != others_digest
    answer = prod.decide(execution, others_digest)
    assert answer["error"]["status"] == 409 and digest in answer["error"]["errorMessage"]
    assert prod.pending(other)["waiting"] is True


@pytest.mark.parametrize(
    "forged",
    [
        {"identity": "bogus"},
        {"identity": "verified", "by": "Ann"},
        {"digest": "0" * 64},
        {"digest": None},
        {"duties": "trust me"},
        {"version": "mine"},
        {"at": "now"},
        {"onBehalfOf": 1},
        {"decision": "Approved"},
        {"decision": "rejected", "identity": ["verified"]},
    ],
    ids=lambda forged: "-".join(forged),
)
def test_an_answer_that_is_not_the_approve_functions(case, forged):
    """IAM decides who may send it, and IAM is not enforced here. The answer leads to no applying, and never goes
    unnoticed."""
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()
    answer = {
        "decision": "approved", "digest": digest, "by": f"arn:aws:iam::{environment.ACCOUNT}:user/boss", "identity": "verified",
        "duties": "roles", "reason": "fine", "at": "2026-01-01T12:00:00Z", "version": "1",
    }
    respond(prod, execution, answer | forged)
    run = prod.wait(execution)
    assert (run["status"], run["error"]) == ("FAILED", "Step.Failed")
    assert "not one of the approve function's for this plan" in run["cause"] and "No mail" not in run["cause"]
    assert (prod.ledger(), prod.tables()) == ([], [])
    _, mail = prod.mails()
    assert mail.subject == subjects.failed("prod") and "in state Approval" in mail.body and "boss" not in mail.body
    record = prod.stack.result(execution, "NotifyFailure")["record"]
    assert record["failure"]["step"] == "Approval" and "approval" not in record
    shown = prod.command("show", execution).stdout
    assert "not one of the approve function's" in shown and "Approved by" not in shown
    assert prod.pending(execution)["waiting"] is False
    late = prod.decide(execution, digest)
    assert late["error"]["status"] == 409


def test_no_decision_at_all(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    no_decision: list[Any] = [None, "approved", [], {}]
    for answer in no_decision:
        execution, _ = prod.start_and_wait_for_approval()
        respond(prod, execution, answer)
        assert prod.wait(execution)["error"] == "Step.Failed"
    assert [mail.subject for mail in prod.mails()] == [subjects.awaiting(), subjects.failed("prod")] * 4
    assert prod.tables() == []


def respond(prod, execution, answer):
    """Answers the waiting state like a caller who has the permission and the token."""
    scheduled = [event["taskScheduledEventDetails"] for event in prod.stack.history(execution) if event["type"] == "TaskScheduled"]
    token = json.loads(scheduled[-1]["parameters"])["Payload"]["taskToken"]
    prod.stack.client("stepfunctions").send_task_success(taskToken=token, output=json.dumps(answer))


def url(prod):
    functions = prod.stack.client("lambda")
    return functions.get_function_url_config(FunctionName=prod.deployment.function("approve"), Qualifier="live")["FunctionUrl"]


def send(method, url, waiting, secret, then=None):
    """Sends an approval, signed with a secret or not at all. `then` replaces the body after it was signed."""
    execution, digest = waiting
    body = json.dumps({"execution": execution, "digest": digest, "decision": "approve", "reason": "fine"}).encode()
    request = AWSRequest(method, url, {"Content-Type": "application/json"}, body if method == "POST" else b"")
    if secret:
        SigV4Auth(Credentials("Ann", secret), "lambda", environment.REGION).add_auth(request)
    data = (then or body) if method == "POST" else None
    plain = urllib.request.Request(url, data, dict(request.headers.items()), method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(plain) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
