"""prod waits for an approval: approval, rejection, expiry, and decisions that are refused."""

import time

import pytest

from local.stack import NotDecided
from proofs.e2e import subjects
from proofs.harness.database import GATE, applied, open_gate, wait_for_gate


def test_approved(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()
    assert prod.ledger() == []

    [request] = prod.mails()
    assert (request.subject, request.attributes["outcome"]) == (subjects.awaiting(), "requested")
    assert "1_a" in request.body
    for command in (
        f"lockstep show prod {execution}\n",
        f"lockstep approve prod {execution} --digest {digest} --reason REASON\n",
        f"lockstep reject prod {execution} --digest {digest} --reason REASON\n",
    ):
        assert command in request.body

    decided = prod.decide(execution, digest, by="ann@example.com@Approver", reason="read it twice")
    signer = "arn:aws:sts::000000000000:assumed-role/Approver/ann@example.com"
    assert {name: decided[name] for name in ("decision", "by", "identity", "duties", "reason")} == {
        "decision": "approved", "by": signer, "identity": "verified", "duties": "roles", "reason": "read it twice",
    }
    run = prod.wait(execution)
    assert run["status"] == "SUCCEEDED"
    assert run["output"]["approval"] == {name: decided[name] for name in decided if name != "execution"}
    assert prod.ledger() == applied("1_a")

    _, approved, mail = prod.mails()
    assert (approved.subject, approved.attributes["outcome"]) == (subjects.approved(), "approved")
    assert (mail.subject, mail.attributes["outcome"]) == (subjects.successful("prod"), "applied")
    for told in (approved, mail):
        assert signer in told.body and "(verified)" in told.body and "read it twice" in told.body


def test_rejected(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()
    # A person's text goes through JSON, JSONata and a mail. None of them may interpret it.
    reason = """not on a 'Friday' "before" {% $run %} \\ {"errorMessage": 1} é✓"""
    prod.decide(execution, digest, "reject", by="bob", reason=reason)

    run = prod.wait(execution)
    assert (run["status"], run["error"]) == ("FAILED", "Approval.Rejected")
    assert "user/bob (verified)" in run["cause"] and reason in run["cause"]
    assert (prod.ledger(), prod.tables()) == ([], [])
    _, mail = prod.mails()
    assert (mail.subject, mail.attributes["outcome"]) == (subjects.rejected(), "rejected")
    assert "Approval.Rejected" in mail.body and "user/bob" in mail.body and reason in mail.body


def test_expired(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    started = time.monotonic()
    execution, digest = prod.start_and_wait_for_approval()
    run = prod.wait(execution)
    assert 29 < time.monotonic() - started < 90
    assert (run["status"], run["error"]) == ("FAILED", "Approval.Expired")
    assert "Nothing was applied" in run["cause"]
    assert [mail.subject for mail in prod.mails()] == [subjects.awaiting(), subjects.expired()]
    assert prod.mails()[1].attributes["outcome"] == "expired"

    refused(prod.decide(execution, digest), "the approval expired", 410)
    assert prod.pending(execution)["waiting"] is False
    assert (prod.ledger(), prod.tables()) == ([], [])


def test_only_the_right_decision_is_taken_and_only_once(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()

    refused(prod.decide(execution, "0" * 64, by="Bob"), f"this execution's plan, {digest}", 409)
    refused(prod.decide(execution, digest, by="Bob", reason="a\nb"), "reason: give one line", 400)
    refused(prod.decide(execution, digest, "perhaps", by="Bob"), "approve or reject", 400)
    refused(prod.decide(execution, digest, by="Bob", token="guessed"), "unknown field", 400)
    refused(prod.decide(f"{execution}-other", digest, by="Bob"), "there is no execution", 404)
    refused(prod.decide(execution.replace("-prod:", "-dev:"), digest, by="Bob"), "is not an execution of", 400)
    assert prod.stack.current_state(execution) == "Approval"

    decided = prod.decide(execution, digest, by="Bob")
    # The answer may have been lost on its way: the same decision again gets the same answer.
    assert prod.decide(execution, digest, by="Bob") == decided
    refused(prod.decide(execution, digest, "reject", by="Bob"), "was approved by arn:aws:iam::000000000000:user/Bob", 409)
    refused(prod.decide(execution, digest, by="Cy"), "was approved by arn:aws:iam::000000000000:user/Bob", 409)
    assert prod.wait(execution)["output"]["approval"]["by"] == "arn:aws:iam::000000000000:user/Bob"
    assert prod.decide(execution, digest, by="Bob") == decided
    refused(prod.decide(execution, digest, "reject", by="Cy"), "was approved by arn:aws:iam::000000000000:user/Bob", 409)
    name = execution.rsplit(":", 1)[1]
    decisions = [line for line in prod.stack.log_lines(prod.deployment, "approve") if '"decided"' in line and name in line]
    assert len(decisions) == 1


def test_looking_changes_nothing(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval({"requestedBy": "Ann", "reason": "release 7"})
    before = len(prod.stack.history(execution))
    for _ in range(2):
        shown = prod.pending(execution)
        assert (shown["execution"], shown["waiting"], shown["plan"]["digest"]) == (execution, True, digest)
        assert (shown["request"]["requestedBy"], shown["request"]["reason"]) == ("Ann", "release 7")
        assert "approval" not in shown and shown["expiresAt"]
    assert len(prod.stack.history(execution)) == before
    assert prod.call("PUT", query={"execution": execution})[0] == 405

    decided = prod.decide(execution, digest, "reject", by="Bob")
    prod.wait(execution)
    shown = prod.pending(execution)
    assert (shown["waiting"], shown["approval"]) == (False, {name: decided[name] for name in decided if name != "execution"})


@pytest.mark.parametrize("requester", ["arn:aws:iam::000000000000:user/Ann", "ann", "octocat"])
def test_the_requester_cannot_approve(case, requester):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval({"requestedBy": requester})
    refused(prod.decide(execution, digest, by="Ann", onBehalfOf="Octocat"), "another person has to approve", 403)
    assert prod.pending(execution)["waiting"] is True
    # A person may reject after approving.
    assert prod.decide(execution, digest, "reject", by="Ann")["decision"] == "rejected"


def test_outside_of_prod_a_name_is_enough(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    execution, digest = dev.start_and_wait_for_approval({"requestedBy": "Ann", "requireApproval": True})
    refused(dev.decide(execution, digest, by="ann"), "another person has to approve")
    refused(dev.decide(execution, digest, by=" "), "by: give one line")
    decided = dev.decide(execution, digest, by="Bob")
    assert (decided["by"], decided["identity"], decided["duties"]) == ("Bob", "claimed", "names")
    assert dev.wait(execution)["status"] == "SUCCEEDED"


def test_what_does_not_wait_cannot_be_decided(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    execution = dev.start()
    wait_for_gate(dev.connection)
    digest = dev.stack.result(execution, "Plan")["digest"]
    refused(dev.decide(execution, digest), "is not waiting for approval")
    open_gate(dev.connection)
    assert dev.wait(execution)["status"] == "SUCCEEDED"


def test_a_request_can_add_an_approval(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    execution, digest = dev.start_and_wait_for_approval({"requireApproval": True})
    dev.decide(execution, digest)
    assert dev.wait(execution)["output"]["approval"]["by"] == "Ann"


def test_a_request_cannot_remove_an_approval(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    prod.start_and_wait_for_approval({"requireApproval": False})
    assert prod.ledger() == []


def refused(answer: NotDecided, why: str, status: int | None = None) -> None:
    assert answer["error"]["errorType"] == "Approval.Refused"
    assert why in answer["error"]["errorMessage"]
    assert answer["error"].get("status") == status
