"""The example in docs/ does what docs/security.md says: the approval holds against administrators too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proofs.lint.authorization import applies
from proofs.lint.deployed import EVERYTHING, deployed
from proofs.lint.iam import Request, allowed
from proofs.lint.paths import ROOT
from proofs.lint.resolve import arn

_STATEMENTS = json.loads((ROOT / "docs" / "service-control-policy.json").read_text())["Statement"]
_ADMINISTRATOR = arn("iam", "role/administrator")
_VIA_URL = {"lambda:InvokedViaFunctionUrl": "true"}


@pytest.mark.parametrize(
    ("who", "action", "resource", "context", "expected"),
    [
        *((_ADMINISTRATOR, "lambda:InvokeFunction", f"ApproveFunction.Arn{name}", {}, False) for name in ("", ":live", ":1")),
        *((_ADMINISTRATOR, "lambda:InvokeFunction", f"ApproveFunction.Arn{name}", _VIA_URL, True) for name in ("", ":live")),
        (_ADMINISTRATOR, "lambda:InvokeFunctionUrl", "ApproveFunction.Arn:live", {}, True),
        (_ADMINISTRATOR, "lambda:InvokeFunction", "PlanFunction.Arn:1", {}, True),
        (_ADMINISTRATOR, "states:SendTaskSuccess", "*", {}, False),
        (_ADMINISTRATOR, "states:SendTaskFailure", "*", {}, False),
        (_ADMINISTRATOR, "states:StartExecution", "MigrationStateMachine", {}, True),
        ("ApproveFunctionRole.Arn", "states:SendTaskSuccess", "*", {}, True),
    ],
)
def test_it_leaves_one_way_to_approve(who: str, action: str, resource: str, context: dict[str, str], expected: bool):
    stack = deployed("prod")

    def named(text: str) -> str:
        name = text.split(":")[0]
        return text.replace(name, stack.names.get(name, name), 1)

    request = Request(action, named(resource), context | {"aws:PrincipalArn": named(who)})
    assert allowed([*stack.statements(EVERYTHING), *_STATEMENTS], request) is expected


def test_other_environments_are_not_meant():
    stack = deployed("dev")
    context = {"aws:PrincipalArn": _ADMINISTRATOR}
    request = Request("lambda:InvokeFunction", stack.names["ApproveFunction.Arn"], context)
    assert allowed([*stack.statements(EVERYTHING), *_STATEMENTS], request)


@pytest.mark.parametrize("statement", _STATEMENTS, ids=lambda statement: statement["Sid"])
def test_each_statement_denies_what_there_is(statement: dict[str, Any]):
    assert statement["Effect"] == "Deny"
    for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
        assert applies(action.replace("*", "Success"), statement["Resource"])
