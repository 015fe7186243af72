"""A run's record is the same document in every place that has it."""

import json

from proofs.e2e import subjects
from proofs.harness.database import GATE, open_gate, wait_for_gate
from proofs.harness.waiting import until


def test_of_a_run_that_succeeded(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    asked = {"requestedBy": "Ann", "commit": "abc123", "reason": "release 7"}
    execution, digest = prod.start_and_wait_for_approval(asked)
    prod.decide(execution, digest, by="Bob", reason="fine")
    record = prod.wait(execution)["output"]

    assert (record["execution"], record["environment"], record["outcome"]) == (execution, "prod", "applied")
    assert record["request"] == asked | {"mode": "apply", "requireApproval": False}
    assert record["plan"]["digest"] == digest
    assert record["approval"]["requestMailSent"] is True
    assert [migration["name"] for migration in record["apply"]["migrations"]] == ["1_a"]
    assert record["startedAt"] < record["approval"]["at"] < record["endedAt"]
    assert record["durationMs"] > record["apply"]["durationMs"]
    for step in ("preflight", "plan", "apply", "notify"):
        assert f":function:{prod.deployment.function(step)}:" in record["versions"][step]
    assert ":layer:" in record["versions"]["migrations"]
    assert [record["notifications"][name]["sent"] for name in ("approved", "ended")] == [True, True]

    assert logged(prod, execution) == record
    assert shown(prod, execution) == record | {"status": "SUCCEEDED", "waiting": False}
    mail = prod.mails()[-1]
    assert (mail.subject, mail.attributes["outcome"], mail.attributes["environment"]) == (
        subjects.successful("prod"), "applied", "prod",
    )
    for part in ("Ann (claimed)", record["approval"]["by"], "release 7", "abc123", digest, execution, "1_a"):
        assert part in mail.body


def test_of_a_run_that_failed(case):
    dev = case()
    dev.write("1_a", "SELECT 1 / 0")
    run = dev.run({"requestedBy": "Ann"})
    record = dev.stack.result(run["executionArn"], "NotifyFailure")["record"]
    assert (record["outcome"], record["failure"]["step"]) == ("failed", "Apply")
    assert (record["failure"]["error"], record["failure"]["cause"]) == (run["error"], run["cause"])
    assert record["request"]["requestedBy"] == "Ann" and record["plan"]["pending"] == 1
    assert logged(dev, run["executionArn"]) == record
    assert shown(dev, run["executionArn"]) == record | {"status": "FAILED", "waiting": False}
    [mail] = dev.mails()
    assert mail.attributes["outcome"] == "failed"
    assert run["cause"] in mail.body and record["plan"]["digest"] in mail.body


def test_of_a_run_that_was_stopped(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    execution = dev.start({"requestedBy": "Ann"})
    wait_for_gate(dev.connection)
    dev.stack.client("stepfunctions").stop_execution(executionArn=execution, error="Stopped", cause="by Ann")
    dev.wait(execution)
    record = logged(dev, execution)
    assert (record["outcome"], record["failure"]["error"]) == ("stopped", "Stopped")
    assert record["request"]["requestedBy"] == "Ann" and "by Ann" in record["failure"]["cause"]
    [mail] = dev.mails()
    assert (mail.subject, mail.attributes["outcome"]) == (subjects.failed(), "failed")
    # The history has what the record in the log lacks.
    told = shown(dev, execution)
    assert (told["outcome"], told["plan"]["pending"], told["failure"]["step"]) == ("stopped", 1, "Apply")
    open_gate(dev.connection)


def test_of_a_run_with_nothing_to_do(case):
    tells_all = case("tells-all")
    tells_all.write("1_a", "CREATE TABLE a ()")
    assert tells_all.run()["output"]["outcome"] == "applied"
    record = tells_all.run()["output"]
    assert (record["outcome"], record["notifications"]["ended"]["sent"]) == ("nothingPending", True)
    mail = tells_all.mails()[-1]
    assert (mail.subject, mail.attributes["outcome"]) == (subjects.not_needed(), "nothingPending")


def logged(where, execution):
    """Returns the record in the notify function's log: one line for each execution that has ended."""
    name = execution.rsplit(":", 1)[1]

    def lines():
        found = (json.loads(line) for line in where.stack.log_lines(where.deployment, "notify") if "run ended" in line)
        return [entry["record"] for entry in found if entry["message"] == "run ended" and entry["execution"] == name]

    until(lines, "the end is in the log")
    where.mails()
    [record] = lines()
    return record


def shown(where, execution):
    result = where.command("show", execution.rsplit(":", 1)[1], "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
