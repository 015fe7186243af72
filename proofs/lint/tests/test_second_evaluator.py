"""A second evaluator decides every request of the checks too, and has to agree with proofs/lint/iam.py.

Trust policies are left out: the second evaluator knows no claims of an OIDC provider.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from proofs.lint import iam, policies, service_role
from proofs.lint.authorization import takes_no_resource
from proofs.lint.iam import Request
from proofs.lint.paths import ROOT

_SCRIPT = Path(__file__).with_name("second_evaluator.mjs")

#: A request with its statements, as texts, so that it can be a key.
Asked = tuple[str, str, str, str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[Asked, bool]:
    """The requests of the checks from now on, with their decisions."""
    answers: dict[Asked, bool] = {}

    def allowed(statements: list[dict[str, Any]], request: Request) -> bool:
        answer = iam.allowed(statements, request)
        answers[json.dumps(statements), request.action, request.resource, json.dumps(request.context)] = answer
        return answer

    for module in (policies, service_role):
        monkeypatch.setattr(module, "allowed", allowed)
    return answers


def decided(asked: list[Asked]) -> list[bool]:
    """Returns the decisions of the second evaluator."""
    known = {statements: number for number, statements in enumerate(dict.fromkeys(one[0] for one in asked))}
    question = {
        "policies": [json.loads(statements) for statements in known],
        "requests": [[known[one[0]], one[1], one[2], json.loads(one[3])] for one in asked],
    }
    done = subprocess.run(
        ["node", _SCRIPT], cwd=ROOT, input=json.dumps(question), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_both_decide_alike(asked: dict[Asked, bool], monkeypatch: pytest.MonkeyPatch):
    policies.problems()
    monkeypatch.setattr(service_role, "ENVIRONMENTS", ("prod",))  # the others ask the same of another name
    service_role.problems()
    # For the resource * the second evaluator decides whether any resource is allowed. That is the same for actions
    # without resources.
    same = [one for one in asked if one[2] != "*" or takes_no_resource(one[1])]
    ours = [asked[one] for one in same]
    assert len(same) > 10_000 and len(set(ours)) == 2
    assert [one[1:] for one, our, their in zip(same, ours, decided(same), strict=True) if our != their] == []
