"""The life of a new database, on any stack: also on a real one, whose database cannot be reached from here.

It is one test, because a migration can be applied only once: on AWS there is one database, and it has to be empty at first.
"""

import json

import pytest


@pytest.mark.anywhere
def test_the_life_of_a_database(deployed):
    planned = deployed.run({"mode": "plan"})
    assert planned["status"] == "SUCCEEDED", (planned.get("error"), planned.get("cause"))
    plan = planned["output"]["plan"]
    assert plan["alreadyApplied"] == 0 and plan["pending"] > 1, "the database has to be empty: point the stack to a new one"
    assert deployed.run({"mode": "plan"})["output"]["plan"]["digest"] == plan["digest"]

    # The basis of a decision: all that is pending, readable for those who may start or approve.
    report = json.loads(deployed.stored(plan["report"]["key"], "json"))
    assert (report["digest"], len(report["migrations"])) == (plan["digest"], plan["pending"])

    # The approval is required everywhere, so that prod and dev run in the same way.
    asked = {"requireApproval": True, "reason": "end-to-end test"}
    execution, digest = deployed.start_and_wait_for_approval(asked)
    assert digest == plan["digest"]
    for answer in (
        deployed.decide(execution, "0" * 64),
        deployed.decide(execution, digest, "perhaps"),
        deployed.decide(f"{execution}-other", digest),
    ):
        assert answer["error"]["errorType"] == "Approval.Refused"
    by = deployed.decide(execution, digest, "reject", by="Bob", reason="as a test")["by"]
    rejected = deployed.wait(execution)
    assert (rejected["status"], rejected["error"]) == ("FAILED", "Approval.Rejected")
    assert by in rejected["cause"] and "as a test" in rejected["cause"]

    execution, digest = deployed.start_and_wait_for_approval(asked)
    deployed.stack.client("stepfunctions").stop_execution(executionArn=execution)
    assert deployed.wait(execution)["status"] == "ABORTED"
    assert deployed.decide(execution, digest)["error"]["errorType"] == "Approval.Refused"

    first = plan["migrations"][0]["name"]
    whole, whole_digest = deployed.start_and_wait_for_approval(asked)
    prefix, prefix_digest = deployed.start_and_wait_for_approval({**asked, "upTo": first})
    deployed.decide(prefix, prefix_digest)
    assert deployed.wait(prefix)["output"]["apply"]["applied"] == 1
    decision = deployed.decide(whole, whole_digest, by="Cy", reason="as planned")
    assert deployed.decide(whole, whole_digest, by="Cy", reason="as planned") == decision
    assert deployed.decide(whole, whole_digest, "reject", by="Cy")["error"]["errorType"] == "Approval.Refused"
    run = deployed.wait(whole)
    assert run["status"] == "SUCCEEDED", (run.get("error"), run.get("cause"))
    assert (run["output"]["approval"]["by"], run["output"]["approval"]["reason"]) == (decision["by"], "as planned")
    assert (run["output"]["apply"]["applied"], run["output"]["apply"]["appliedElsewhere"]) == (plan["pending"] - 1, 1)
    assert [mail["sent"] for mail in run["output"]["notifications"].values()] == [True, True]

    last = deployed.run()
    assert (last["status"], last["output"]["outcome"]) == ("SUCCEEDED", "nothingPending")
    assert not {"Approval", "Apply"} & set(deployed.entered(last["executionArn"]))
