"""The machine that only plans is deployed beside the one that migrates."""

import json
import uuid


def test_it_plans(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    machine = dev.deployment.outputs["PlanStateMachineArn"]
    assert machine == f"{dev.deployment.state_machine_arn}-plan"
    started = dev.stack.client("stepfunctions").start_execution(
        stateMachineArn=machine, name=f"plan-{uuid.uuid4().hex[:12]}", input=json.dumps({"mode": "plan"})
    )
    run = dev.stack.wait(started["executionArn"])
    assert (run["status"], run["output"]["outcome"]) == ("SUCCEEDED", "planned")
    assert [one["name"] for one in run["output"]["plan"]["migrations"]] == ["1_a"]
    assert run["executionArn"] not in dev.executions()
    assert (dev.tables(), dev.mails()) == ([], [])
