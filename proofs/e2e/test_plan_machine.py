"""The machine that only plans: it changes nothing, accepts nothing else, and mails nothing."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from proofs.harness.bundles import Bundles
from proofs.harness.case import Case
from proofs.harness.database import everything_written

LOCK = {"migration_lock.toml": 'provider = "postgresql"\n'}


def start(case: Case, given: dict[str, Any]) -> str:
    """Starts a plan, and returns its execution."""
    machine = case.deployment.outputs["PlanStateMachineArn"]
    assert machine == f"{case.deployment.state_machine_arn}-plan"
    name = f"plan-{uuid.uuid4().hex[:12]}"
    return case.stack.client("stepfunctions").start_execution(
        stateMachineArn=machine, name=name, input=json.dumps(given)
    )["executionArn"]


@pytest.mark.parametrize("variant", ["dev", "prod"])
@pytest.mark.parametrize("given", [{}, {"mode": "plan"}])
def test_it_plans_and_changes_nothing(case, variant, given):
    where = case(variant)
    digest = Bundles(where).put_files(LOCK | {"1_a/migration.sql": "CREATE TABLE a ()"})
    before = everything_written(where.connection)
    run = where.wait(start(where, given | {"bundle": digest}))
    assert (run["status"], run["output"]["outcome"]) == ("SUCCEEDED", "planned"), run
    assert [one["name"] for one in run["output"]["plan"]["migrations"]] == ["1_a"]
    assert not {"Approval", "Apply"} & set(where.entered(run["executionArn"]))
    assert everything_written(where.connection) == before
    assert where.mails() == []


@pytest.mark.parametrize(
    "given",
    [
        {"mode": "apply"},
        {"mode": "resolve", "migration": "1_a", "resolution": "applied"},
        {"mode": "baseline", "upTo": "1_a"},
    ],
    ids=lambda given: given["mode"],
)
def test_it_accepts_no_other_mode(case, given):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    run = dev.wait(start(dev, given))
    assert (run["status"], run["error"]) == ("FAILED", "Config.Invalid")
    assert "plan" in run["cause"] and "Plan" not in dev.entered(run["executionArn"])
    assert (dev.tables(), dev.mails()) == ([], [])


def test_it_is_stopped_without_a_mail(case):
    """The other machine's mail comes through the same rule, and comes alone."""
    dev = case()
    dev.stack.set_database_status("starting")
    ours, others = start(dev, {}), dev.start({})
    for execution in (ours, others):
        dev.stack.wait_for_state(execution, "WaitForDatabase")
        dev.stack.client("stepfunctions").stop_execution(executionArn=execution)
        assert dev.wait(execution)["status"] == "ABORTED"
    [mail] = dev.mails()
    assert others in mail.body
