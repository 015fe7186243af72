"""Proves of `ApprovalFrom` that in prod nothing but `always` can be deployed, and that the state machine gets what was given."""

from __future__ import annotations

from collections.abc import Iterator

from proofs.lint.deployed import ENVIRONMENTS, Deployed, Source, deployed
from proofs.lint.resolve import parameters_of, resolved
from proofs.lint.transform import holds

VALUES = ("caution", "danger", "always")


def problems(source: Source = deployed) -> list[str]:
    """Values that a rule should refuse or let pass, and others than those in the state machine."""
    return [f"{environment}: {problem}" for environment in ENVIRONMENTS for problem in _of(source(environment), environment)]


def _of(stack: Deployed, environment: str) -> Iterator[str]:
    parameter = stack.template["Parameters"]["ApprovalFrom"]
    if tuple(parameter["AllowedValues"]) != VALUES or parameter["Default"] != "always":
        yield "ApprovalFrom must be caution, danger or always, and always where nobody says"
    rule = stack.template["Rules"]["ProdAsksAlways"]
    for value in VALUES:
        values = parameters_of(stack.template) | {"ApprovalFrom": value}
        asked = holds(rule["RuleCondition"], values, {})
        accepted = not asked or all(holds(one["Assert"], values, {}) for one in rule["Assertions"])
        if accepted != (value == "always" or environment != "prod"):
            yield f"The rule ProdAsksAlways {'accepts' if accepted else 'refuses'} {value}"
        # Whatever the rule says: what reaches the machine in prod is always.
        machine = stack.template["Resources"]["MigrationStateMachine"]["Properties"]["DefinitionSubstitutions"]
        given = resolved(machine["ApprovalFrom"], stack.names | {"ApprovalFrom": value})
        if given != ("always" if environment == "prod" else value):
            yield f"With ApprovalFrom {value} the state machine gets {given}"
