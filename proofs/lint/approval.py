"""Proves that in prod `ApprovalFrom` can only be `always`, and that the state machine gets the given value."""

from __future__ import annotations

from collections.abc import Iterator

from proofs.lint.deployed import ENVIRONMENTS, Deployed, Source, deployed
from proofs.lint.resolve import parameters_of, resolved
from proofs.lint.transform import holds

VALUES = ("caution", "danger", "always")


def problems(source: Source = deployed) -> list[str]:
    """Returns the values that a rule wrongly refuses or accepts, and the values that the state machine does not get."""
    return [f"{environment}: {problem}" for environment in ENVIRONMENTS for problem in _of(source(environment), environment)]


def _of(stack: Deployed, environment: str) -> Iterator[str]:
    parameter = stack.template["Parameters"]["ApprovalFrom"]
    if tuple(parameter["AllowedValues"]) != VALUES or parameter["Default"] != "always":
        yield "ApprovalFrom must be caution, danger or always, and always where the parameter is not given"
    rule = stack.template["Rules"]["ProdAsksAlways"]
    for value in VALUES:
        values = parameters_of(stack.template) | {"ApprovalFrom": value}
        asked = holds(rule["RuleCondition"], values, {})
        accepted = not asked or all(holds(one["Assert"], values, {}) for one in rule["Assertions"])
        if accepted != (value == "always" or environment != "prod"):
            yield f"The rule ProdAsksAlways {'accepts' if accepted else 'refuses'} {value}"
        # Independently of the rule, the machine in prod gets `always`.
        machine = stack.template["Resources"]["MigrationStateMachine"]["Properties"]["DefinitionSubstitutions"]
        given = resolved(machine["ApprovalFrom"], stack.names | {"ApprovalFrom": value})
        if given != ("always" if environment == "prod" else value):
            yield f"With ApprovalFrom {value} the state machine gets {given}"
