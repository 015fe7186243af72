"""The policies as deployed to each environment: those of the stack, and those of the roles for GitHub beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from proofs.lint.resolve import names_of, resolved
from proofs.lint.transform import bootstrap, decided, transformed
from proofs.lint.variants import BOOTSTRAP, VARIANTS

ENVIRONMENTS = ("dev", "qa", "prod")

#: Stands for permissions from outside of this stack: it allows everything, so that only a Deny limits it.
EVERYTHING = "Everything"


_POLICY = "AWS::IAM::ManagedPolicy"


@dataclass(frozen=True)
class Deployed:
    """One environment's templates without conditions, as one, and the values of their names. The template does not change."""

    template: dict[str, Any]
    names: dict[str, Any]

    @cached_property
    def roles(self) -> list[str]:
        """The logical ids of the roles."""
        return self._of_type("AWS::IAM::Role")

    @cached_property
    def principals(self) -> list[str]:
        """All resources that grant permissions: the roles, and the policies to attach."""
        return [*self.roles, *self._of_type(_POLICY)]

    def statements(self, who: str) -> list[dict[str, Any]]:
        """Returns the statements of a role or a policy, or of several, as in `StartPolicy + ApprovePolicy`."""
        for name in (names := who.split(" + ")):
            if name not in self._resolved:
                self._resolved[name] = self._statements(name)
        return [statement for name in names for statement in self._resolved[name]]

    @cached_property
    def _resolved(self) -> dict[str, list[dict[str, Any]]]:
        """The statements that were asked for, by whose they are."""
        return {}

    def trust(self, role: str) -> list[dict[str, Any]]:
        """Returns the statements that say who may assume a role."""
        return resolved(self._properties(role)["AssumeRolePolicyDocument"]["Statement"], self.names)

    @cached_property
    def on_the_bucket(self) -> list[dict[str, Any]]:
        """The statements of the bucket's policy. They deny, to every principal, and so as if they were in its own policies."""
        found = self._properties("ReportsBucketPolicy")["PolicyDocument"]["Statement"]
        own = [{name: part for name, part in one.items() if name != "Principal"} for one in found if one["Principal"] == "*"]
        return resolved([one for one in own if one["Effect"] == "Deny"], self.names)

    def _statements(self, name: str) -> list[dict[str, Any]]:
        if name == EVERYTHING:
            return [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        properties = self._properties(name)
        attached = [policy.get("Ref") for policy in properties.get("ManagedPolicyArns", [])]
        if "PermissionsBoundary" in properties or not set(attached) <= set(self._of_type(_POLICY)):
            raise ValueError(f"{name} takes policies from elsewhere, which are not known here")
        documents = (
            [policy["PolicyDocument"] for policy in (*properties["Policies"], *map(self._properties, attached))]
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
    """Returns the stacks of the templates."""
    return with_parameters(VARIANTS["prod"] | {"Environment": environment}, BOOTSTRAP["prod"] | {"Environment": environment})


def with_parameters(parameters: dict[str, str], of_bootstrap: dict[str, str]) -> Deployed:
    """Returns the stacks for given parameter values."""
    template = together(decided(transformed(parameters)), decided(bootstrap(of_bootstrap)))
    return Deployed(template, names_of(template))


@cache
def of_bootstrap() -> frozenset[str]:
    """Returns the logical ids of the roles for GitHub."""
    return frozenset(bootstrap(BOOTSTRAP["prod"])["Resources"])


def together(template: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """Returns two templates as one, for what policies say of each other's resources.

    Here a name means one thing. So the second template names nothing that differs between the two stacks.
    """
    if any(f"AWS::{own}" in str(beside) for own in ("StackName", "StackId")):
        raise ValueError("bootstrap/github.yaml names its own stack, which is not known here; add it to proofs/lint/deployed.py")
    both = template | {}
    for section in ("Parameters", "Rules", "Resources"):
        ours, theirs = template[section], beside[section]
        for name in ours.keys() & theirs.keys():
            # Only the descriptions of a parameter that both take may differ.
            if section != "Parameters" or ours[name] | {"Description": ""} != theirs[name] | {"Description": ""}:
                raise ValueError(f"Both templates have {name} in {section}, and it is not the same")
        both[section] = theirs | ours
    return both
