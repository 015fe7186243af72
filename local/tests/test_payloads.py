"""What the definition makes of the fixtures is of the types in `local/wire`: each input of a function, and the run."""

import json
import re

import pytest

from local import paths
from local.stepfunctions.expressions import evaluate
from local.wire import notify, record, steps
from local.wire.validation import validate

MACHINE = json.loads((paths.ROOT / "statemachine" / "migrate.asl.json").read_text())["States"]
PAYLOADS = paths.ROOT / "functions" / "shared" / "tests" / "payloads"

#: The type of what each state gives to its function.
TYPES: dict[str, type] = {
    "Preflight": steps.PreflightInput,
    "Plan": steps.PlanInput,
    "Approval": notify.ApprovalRequested,
    "NotifyApproved": notify.Approved,
    "Apply": steps.ApplyInput,
    "NotifySuccess": notify.Succeeded,
    "NotifyFailure": notify.Failed,
}


def fixture(name):
    return json.loads((PAYLOADS / f"{name}.json").read_text())


RUN = fixture("notify_input_succeeded")["run"]
VARIABLES = {
    "run": RUN,
    "failure": fixture("notify_input_failed_script")["failure"],
    "approvalDeadline": "2026-01-02T12:00:00Z",
    "states": {"context": {
        "Execution": {"Id": "arn", "Input": {"mode": "apply"}, "StartTime": "2026-01-01T12:00:00Z"},
        "Task": {"Token": "token"},
    }},
}


def made(template, **more):
    """Returns a part of the definition with the values of its expressions. A parameter of the template has its name."""
    if isinstance(template, dict):
        return {name: made(value, **more) for name, value in template.items()}
    text = re.sub(r"\$\{(\w+)\}", r"\1", template)
    return evaluate(text.removeprefix("{%").removesuffix("%}"), VARIABLES | more) if text.startswith("{%") else text


def test_each_function_is_called_by_one_of_these():
    calls = {name for name, state in MACHINE.items() if "FunctionName" in state.get("Arguments", {})}
    assert calls == set(TYPES)


@pytest.mark.parametrize("state", TYPES)
def test_what_a_function_is_given(state):
    validate(TYPES[state], made(MACHINE[state]["Arguments"]["Payload"]))


@pytest.mark.parametrize("found", [
    {
        "DbiResourceId": "db-1", "DbInstanceStatus": "available", "DbName": "orders",
        "Endpoint": {"Address": "h", "Port": 5432},
    },
    # An instance that is not created yet.
    {"DbiResourceId": "db-1"},
])
def test_what_is_kept_of_the_database(found):
    states = VARIABLES["states"] | {"result": {"DbInstances": [found]}}
    validate(steps.Database, made(MACHINE["DatabaseStatus"]["Assign"]["run"], states=states)["database"])


@pytest.mark.parametrize(("state", "result"), [
    ("Preflight", "preflight_output"), ("Plan", "plan_output"), ("Apply", "apply_output"),
    ("NotifyApproved", "notify_output_sent"),
])
def test_what_is_kept_of_an_answer(state, result):
    states = VARIABLES["states"] | {"result": {"Payload": fixture(result)}}
    before = {"database": RUN["database"]} if state == "Preflight" else RUN
    validate(record.Run, made(MACHINE[state]["Assign"]["run"], states=states, run=before))
