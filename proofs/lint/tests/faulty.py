"""Stacks with a planted fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from proofs.lint.deployed import Deployed, Source, deployed
from proofs.lint.resolve import names_of

Fault = Callable[[dict[str, Any]], object]


def stacks_with(fault: Fault) -> Source:
    """Returns the stacks of all environments, each with the fault in its template."""

    def source(environment: str) -> Deployed:
        template = copy.deepcopy(deployed(environment).template)
        fault(template)
        return Deployed(template, names_of(template))

    return source


def documents(template: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Returns the policy documents of a role or a policy."""
    properties = template["Resources"][name]["Properties"]
    if "PolicyDocument" in properties:
        return [properties["PolicyDocument"]]
    return [policy["PolicyDocument"] for policy in properties["Policies"]]


def statement(template: dict[str, Any], name: str, sid: str) -> dict[str, Any]:
    """Returns one statement. A missing statement is an error, because the fault would then change nothing."""
    (found,) = (one for document in documents(template, name) for one in document["Statement"] if one["Sid"] == sid)
    return found


def changed(name: str, sid: str, **elements: Any) -> Fault:
    """Returns a fault that changes elements of a statement. None removes an element."""

    def fault(template: dict[str, Any]) -> None:
        found = statement(template, name, sid)
        for element, value in elements.items():
            assert found.get(element) != value, f"{name} {sid} has this {element} already"
            found[element] = value
            if value is None:
                del found[element]

    return fault


def without(name: str, sid: str) -> Fault:
    """Returns a fault that removes a statement, in the environments that have it."""

    def fault(template: dict[str, Any]) -> None:
        for document in documents(template, name):
            document["Statement"] = [one for one in document["Statement"] if one["Sid"] != sid]

    return fault


def added(name: str, **elements: Any) -> Fault:
    """Returns a fault that adds a statement that allows something."""

    def fault(template: dict[str, Any]) -> None:
        documents(template, name)[0]["Statement"].append({"Sid": "Added", "Effect": "Allow", **elements})

    return fault


def in_prod(fault: Fault) -> Fault:
    """Returns a fault that only prod has."""
    return lambda template: fault(template) if template["Parameters"]["Environment"]["Default"] == "prod" else None
