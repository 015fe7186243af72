"""The stack's policies as they would be deployed to each environment, with the GitHub roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from proofs.lint.resolve import names_of, resolved
from proofs.lint.transform import decided, transformed
from proofs.lint.variants import GITHUB, VARIANTS

ENVIRONMENTS = ("dev", "qa", "prod")

#: Stands for what somebody may have from elsewhere; only a Deny holds against it.
EVERYTHING = "Everything"


@dataclass(frozen=True)
class Deployed:
    """One environment's template, decided, and the names in it."""

    template: dict[str, Any]
    names: dict[str, Any]

    @property
    def roles(self) -> list[str]:
        """The logical ids of the roles."""
        return self._of_type("AWS::IAM::Role")

    @property
    def principals(self) -> list[str]:
        """All that says what somebody may do: the roles, and the policies to attach."""
        return [*self.roles, *self._of_type("AWS::IAM::ManagedPolicy")]

    def statements(self, who: str) -> list[dict[str, Any]]:
        """What a role's or a policy's statements say; those of several, as in `StartPolicy + ApprovePolicy`."""
        return [statement for name in who.split(" + ") for statement in self._statements(name)]

    def trust(self, role: str) -> list[dict[str, Any]]:
        """The statements that say who may take on a role."""
        return resolved(self._properties(role)["AssumeRolePolicyDocument"]["Statement"], self.names)

    def _statements(self, name: str) -> list[dict[str, Any]]:
        if name == EVERYTHING:
            return [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        properties = self._properties(name)
        if "ManagedPolicyArns" in properties or "PermissionsBoundary" in properties:
            raise ValueError(f"{name} takes policies from elsewhere, which are not known here")
        documents = (
            [policy["PolicyDocument"] for policy in properties["Policies"]]
            if name in self.roles
            else [properties["PolicyDocument"]]
        )
        return resolved([statement for document in documents for statement in document["Statement"]], self.names)

    def _properties(self, name: str) -> dict[str, Any]:
        return self.template["Resources"][name]["Properties"]

    def _of_type(self, resource_type: str) -> list[str]:
        return [name for name, found in self.template["Resources"].items() if found["Type"] == resource_type]


#: Gives the stack in an environment. The tests of the checks hand in one with a fault in it.
Source = Callable[[str], Deployed]


@cache
def deployed(environment: str) -> Deployed:
    """The stack as the template has it."""
    return with_parameters({**VARIANTS["prod"], **GITHUB, "Environment": environment})


def with_parameters(parameters: dict[str, str]) -> Deployed:
    """The stack for given parameter values."""
    template = decided(transformed(parameters))
    return Deployed(template, names_of(template))
