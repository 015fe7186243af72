"""When the state machine asks for an approval: the definition's own condition, for every verdict and every ApprovalFrom."""

import json

import pytest

from local import paths
from local.stepfunctions.expressions import evaluate

#: The verdicts that need no approval, by ApprovalFrom.
GOES_ON = {"danger": {"safe", "caution"}, "caution": {"safe"}, "always": set(), "": set()}


def asks(approval_from, report, mode="apply", require_approval=False):
    """Returns whether a run needs an approval."""
    definition = json.loads((paths.ROOT / "statemachine" / "migrate.asl.json").read_text())
    [choice] = definition["States"]["ApprovalNeeded?"]["Choices"]
    assert choice["Next"] == "Approval"
    expression = choice["Condition"].removeprefix("{%").removesuffix("%}").replace("${ApprovalFrom}", approval_from)
    run = {
        "request": {"mode": mode, "requireApproval": require_approval},
        "plan": {"pending": 1} | ({"report": report} if report is not None else {}),
    }
    return evaluate(expression, {"run": run})


@pytest.mark.parametrize("approval_from", GOES_ON)
@pytest.mark.parametrize("verdict", ["safe", "caution", "danger"])
def test_by_the_verdict(approval_from, verdict):
    assert asks(approval_from, {"verdict": verdict}) is (verdict not in GOES_ON[approval_from])


@pytest.mark.parametrize("approval_from", GOES_ON)
@pytest.mark.parametrize("report", [None, {}, {"verdict": None}, {"verdict": "fine"}, {"verdict": ["safe"] * 2}, [], "safe"])
def test_what_is_not_known_counts_as_dangerous(approval_from, report):
    assert asks(approval_from, report) is True


@pytest.mark.parametrize("approval_from", GOES_ON)
def test_a_request_adds_an_approval_and_removes_none(approval_from):
    assert asks(approval_from, {"verdict": "safe"}, require_approval=True) is True
    for mode in ("resolve", "baseline"):
        assert asks(approval_from, {"verdict": "safe"}, mode=mode) is True
