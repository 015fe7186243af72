"""The stack's policies as deployed to each environment, with the GitHub roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from proofs.lint.resolve import names_of, resolved
from proofs.lint.transform import decided, transformed
from proofs.lint.variants import GITHUB, VARIANTS

ENVIRONMENTS = ("dev", "qa", "prod")

#: Stands for permissions from outside of this stack: it allows everything, so that only a Deny limits it.
EVERYTHING = "Everything"


@dataclass(frozen=True)
class Deployed:
    """One environment's template without conditions, and the values of its names."""

    template: dict[str, Any]
    names: dict[str, Any]

    @property
    def roles(self) -> list[str]:
        """The logical ids of the roles."""
        return self._of_type("AWS::IAM::Role")

    @property
    def principals(self) -> list[str]:
        """All resources that grant permissions: the roles, and the policies to attach."""
        return [*self.roles, *self._of_type("AWS::IAM::ManagedPolicy")]

    def statements(self, who: str) -> list[dict[str, Any]]:
        """Returns the statements of a role or a policy, or of several, as in `StartPolicy + ApprovePolicy`."""
        return [statement for name in who.split(" + ") for statement in self._statements(name)]

    def trust(self, role: str) -> list[dict[str, Any]]:
        """Returns the statements that say who may assume a role."""
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


#: Returns the stack in an environment. The tests of the checks pass a stack with a fault.
Source = Callable[[str], Deployed]


@cache
def deployed(environment: str) -> Deployed:
    """Returns the stack of the template."""
    return with_parameters({**VARIANTS["prod"], **GITHUB, "Environment": environment})


def with_parameters(parameters: dict[str, str]) -> Deployed:
    """Returns the stack for given parameter values."""
    template = decided(transformed(parameters))
    return Deployed(template, names_of(template))
