"""Ways around the approval in prod, planted in the template: each is found."""

from __future__ import annotations

import pytest

from proofs.lint import approval
from proofs.lint.tests.faulty import Fault, in_prod, stacks_with


def test_the_template_is_right():
    assert approval.problems() == []


FAULTS: dict[str, tuple[Fault, str]] = {
    "no rule": (
        lambda template: template["Rules"]["ProdAsksAlways"].update(Assertions=[]),
        "prod: The rule ProdAsksAlways accepts danger",
    ),
    "a rule for all": (
        lambda template: template["Rules"]["ProdAsksAlways"].update(RuleCondition={"Fn::Equals": ["a", "a"]}),
        "dev: The rule ProdAsksAlways refuses caution",
    ),
    "the rule alone": (
        in_prod(
            lambda template: template["Resources"]["MigrationStateMachine"]["Properties"]["DefinitionSubstitutions"].update(
                ApprovalFrom={"Ref": "ApprovalFrom"}
            )
        ),
        "prod: With ApprovalFrom caution the state machine gets caution",
    ),
    "no approval is needed where the parameter is not given": (
        lambda template: template["Parameters"]["ApprovalFrom"].update(Default="danger"),
        "always where the parameter is not given",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_way_around_is_found(name: str):
    fault, expected = FAULTS[name]
    assert any(expected in problem for problem in approval.problems(stacks_with(fault)))
