"""An execution that is stopped by hand or times out as a whole cannot send a mail itself, so EventBridge causes it."""

import json
from contextlib import contextmanager

from proofs.e2e import subjects
from proofs.harness.database import GATE, applied, open_gate, wait_for_gate


def test_stopped_while_it_waits_for_approval(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    execution, digest = dev.start_and_wait_for_approval({"requireApproval": True})
    stop(dev, execution)
    ended(dev, execution, "ABORTED", "stopped by hand")
    assert "was stopped" in dev.decide(execution, digest)["error"]["errorMessage"]

    assert dev.run()["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a")


def test_stopped_while_it_applies(case):
    """The function does not notice and goes on. The next run waits for its lock and finds its work."""
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (n int); {GATE}")
    dev.write("2_b", "INSERT INTO a VALUES (2)")
    execution = dev.start()
    wait_for_gate(dev.connection)
    stop(dev, execution)
    ended(dev, execution, "ABORTED", "stopped by hand")

    following = dev.start()
    dev.stack.wait_for_state(following, "Apply")
    open_gate(dev.connection)
    assert dev.wait(following)["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a", "2_b")
    with dev.connection.connect() as session:
        assert session.execute("SELECT array_agg(n) FROM a").fetchone()[0] == [2]


def test_timed_out_as_a_whole(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    with limited_to(dev, 3):
        execution = dev.start({"requireApproval": True})
        dev.wait(execution)
    ended(dev, execution, "TIMED_OUT", "longer than an execution may")

    assert dev.run()["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a")


def stop(dev, execution):
    dev.stack.client("stepfunctions").stop_execution(executionArn=execution)


def ended(dev, execution, status, told):
    assert dev.wait(execution)["status"] == status
    mails = [mail for mail in dev.mails() if mail.subject != subjects.awaiting("dev")]
    assert [mail.subject for mail in mails] == [subjects.failed()]
    assert status in mails[0].body and told in mails[0].body and execution in mails[0].body


@contextmanager
def limited_to(dev, seconds):
    """Deploys the machine with another top-level timeout, which is a literal far above the longest approval."""
    states, arn = dev.stack.client("stepfunctions"), dev.deployment.state_machine_arn
    deployed = states.describe_state_machine(stateMachineArn=arn)["definition"]
    dev.stack.limit_execution(dev.deployment, seconds)
    limited = json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"])
    assert limited == json.loads(deployed) | {"TimeoutSeconds": seconds}
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=arn, definition=deployed)
