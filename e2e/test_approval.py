"""prod waits for somebody: approval, rejection, expiry, and decisions that are refused."""

import time

from e2e import subjects
from e2e.database import GATE, applied, open_gate, wait_for_gate


def test_approved(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()
    assert prod.ledger() == []

    [request] = prod.mails()
    assert request.subject == subjects.awaiting()
    assert "1_a" in request.body and digest in request.body and execution in request.body

    decided = prod.decide(execution, digest, by="Ann Lee", reason="read it twice")
    assert (decided["decision"], decided["identity"]) == ("approved", "claimed")
    run = prod.wait(execution)
    assert run["status"] == "SUCCEEDED"
    approval = run["output"]["approval"]
    assert (approval["by"], approval["reason"], approval["decision"]) == ("Ann Lee", "read it twice", "approved")
    assert prod.ledger() == applied("1_a")

    mail = prod.mails()[1]
    assert mail.subject == subjects.successful("prod")
    assert "Ann Lee" in mail.body and "read it twice" in mail.body
    assert len(prod.mails()) == 2


def test_rejected(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()
    # What a person types goes through JSON, JSONata and a mail: none of them may take it for its own.
    reason = """not on a 'Friday' "before" {% $run %} \\ {"errorMessage": 1} é✓"""
    prod.decide(execution, digest, "reject", by="Bob O'Neil", reason=reason)

    run = prod.wait(execution)
    assert (run["status"], run["error"]) == ("FAILED", "Approval.Rejected")
    assert "Bob O'Neil" in run["cause"] and reason in run["cause"]
    assert (prod.ledger(), prod.tables()) == ([], [])
    _, mail = prod.mails()
    assert mail.subject == subjects.failed("prod")
    assert "Approval.Rejected" in mail.body and "Bob O'Neil" in mail.body and reason in mail.body


def test_expired(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    started = time.monotonic()
    execution, digest = prod.start_and_wait_for_approval()
    run = prod.wait(execution)
    assert 14 < time.monotonic() - started < 40
    assert (run["status"], run["error"]) == ("FAILED", "Approval.Expired")
    assert "Nothing was applied" in run["cause"]
    assert [mail.subject for mail in prod.mails()] == [subjects.awaiting(), subjects.failed("prod")]

    refused(prod.decide(execution, digest), "has failed already")
    assert (prod.ledger(), prod.tables()) == ([], [])


def test_only_the_right_decision_is_taken_and_only_once(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval({"requestedBy": "Ann"})

    refused(prod.decide(execution, "0" * 64, by="Bob"), f"the plan which waits, {digest}")
    refused(prod.decide(execution, digest, by="ann"), "somebody else has to decide")
    refused(prod.decide(execution, digest, by=" "), "by: give one line")
    refused(prod.decide(execution, digest, by="Bob", reason="a\nb"), "reason: give one line")
    refused(prod.decide(execution, digest, "perhaps", by="Bob"), "approve or reject")
    refused(prod.decide(execution, digest, by="Bob", token="guessed"), "unknown field")
    refused(prod.decide(f"{execution}-other", digest, by="Bob"), "there is no execution")
    refused(prod.decide(execution.replace("-prod:", "-dev:"), digest, by="Bob"), "is not an execution of")
    assert prod.stack.current_state(execution) == "Approval"

    assert prod.decide(execution, digest, by="Bob")["decision"] == "approved"
    again = prod.decide(execution, digest, "reject", by="Cy")
    assert again["error"]["errorType"] == "Approval.Refused"
    assert prod.wait(execution)["output"]["approval"]["by"] == "Bob"
    refused(prod.decide(execution, digest, "reject", by="Cy"), "has ended well already")


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


def refused(answer: dict, why: str) -> None:
    assert answer["error"]["errorType"] == "Approval.Refused"
    assert why in answer["error"]["errorMessage"]
