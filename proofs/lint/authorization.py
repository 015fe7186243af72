"""Proves that each statement can take effect. AWS documents on which resources an action can be allowed, and by which
conditions.

A statement that names a resource for an action without resources grants nothing. No linter and no deployment reports
it: the action is refused when it is called. The data is AWS's service authorization reference, from an npm package.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from proofs.lint.deployed import ENVIRONMENTS, Deployed, Source, deployed
from proofs.lint.iam import matches
from proofs.lint.paths import AUTHORIZATION
from proofs.lint.resolve import resolved

#: AWS documents this key under Lambda. IAM has it for every call from a function's code.
_OF_EVERY_ACTION = {"lambda:sourcefunctionarn"}

#: AWS's own keys that not every request has. The documentation of an action lists them if it has them.
_NOT_GLOBAL = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")

#: AWS documents this under macros instead of under the action: a change set with a transform needs it.
_ELSEWHERE = {("cloudformation:createchangeset", "stack"): "arn:${Partition}:cloudformation:${Region}:aws:transform/${Name}"}


def problems(source: Source = deployed) -> list[str]:
    """Returns the statements with a part that has no effect."""
    return [
        f"{environment}: {who} {statement['Sid']}: {problem}"
        for environment in ENVIRONMENTS
        for who, statement in _statements(source(environment))
        for problem in _of(statement)
    ]


def applies(action: str, resources: str | list[str]) -> bool:
    """Returns whether a statement with these resources applies to an action. For an unknown action it returns true."""
    documented = _action(action)
    return documented is None or bool(_types(action, documented, _list(resources)))


def takes_no_resource(action: str) -> bool:
    """Returns whether an action can only be allowed on everything."""
    documented = _action(action)
    return documented is not None and not documented["resourceTypes"]


def _statements(stack: Deployed) -> Iterator[tuple[str, dict[str, Any]]]:
    for who in stack.principals:
        for statement in stack.statements(who):
            yield who, statement
    for name, resource in stack.template["Resources"].items():
        if resource["Type"] in ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::EC2::VPCEndpoint"):
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                yield name, resolved(statement, stack.names)


def _of(statement: dict[str, Any]) -> Iterator[str]:
    resources = _list(statement["Resource"])
    keys = {
        (key.lower(), operator == "Null" or operator.endswith("IfExists"))
        for operator, test in statement.get("Condition", {}).items()
        for key in test
    }
    used, known = set(), set()
    for pattern in _list(statement["Action"]):
        service, _, name = pattern.partition(":")
        expanded = {action: one for action, one in _actions(service).items() if matches(name.lower(), action)}
        if not expanded:
            yield f"{pattern} is no action of AWS's"
            continue
        types = {action: _types(f"{service}:{action}", one, resources) for action, one in expanded.items()}
        if not any(types.values()):
            yield f"{pattern} has no effect on {', '.join(resources)}"
        for action, found in types.items():
            used |= {resource for on in found.values() for resource in on}
            known |= (of_action := _keys(expanded[action], found))
            if "*" not in name and found:
                yield from (
                    f"{pattern} does not know the condition {key}"
                    for key, optional in sorted(keys)
                    if not optional and not _among(key, of_action)
                )
    yield from (f"none of the actions takes {resource}" for resource in resources if resource not in used)
    yield from (f"no action knows the condition {key}" for key, _ in sorted(keys) if not _among(key, known))


def _types(action: str, documented: dict[str, Any], resources: list[str]) -> dict[str, list[str]]:
    """Returns the action's resource types that occur among the resources, each with its resources. The type "" is for
    an action without resources."""
    service = action.partition(":")[0]
    names = [kind["name"] for kind in documented["resourceTypes"]]
    found = {"": [] if names else [one for one in resources if one == "*"]}
    for name in names:
        arns = {_read("resourceTypes", service)[name.lower()]["arn"], _ELSEWHERE.get((action.lower(), name), "")}
        found[name] = [one for one in resources if any(_is_of(one, arn) for arn in arns)]
    return {name: on for name, on in found.items() if on}


def _keys(documented: dict[str, Any], types: dict[str, list[str]]) -> set[str]:
    of_types = {key for kind in documented["resourceTypes"] if kind["name"] in types for key in kind["conditionKeys"]}
    return {key.lower() for key in of_types | set(documented["conditionKeys"])}


def _among(key: str, known: set[str]) -> bool:
    if key in _OF_EVERY_ACTION or (key.startswith("aws:") and not key.startswith(_NOT_GLOBAL)):
        return True
    return any(matches(re.sub(r"\$\{[^}]+\}", "*", one), key) for one in known)


def _is_of(resource: str, arn: str) -> bool:
    if resource == "*":
        return True
    if arn.endswith("${BucketName}") and "/" in resource:  # an object; other names may have a slash
        return False
    theirs, ours = (text.split(":", 5) for text in (re.sub(r"\$\{[^}]+\}", "*", arn), resource))
    return len(ours) == len(theirs) and all(map(_meet, theirs, ours))


@cache
def _meet(one: str, other: str) -> bool:
    """Returns whether there is a text that both patterns match."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(other, one)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _meet(one[1:], other[1:])


def _action(name: str) -> dict[str, Any] | None:
    service, _, action = name.partition(":")
    return _actions(service).get(action.lower())


def _actions(service: str) -> dict[str, Any]:
    """Returns a service's actions by their names in lower case."""
    return _read("actions", service)


@cache
def _read(kind: str, service: str) -> dict[str, Any]:
    file = AUTHORIZATION / kind / f"{service.lower()}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
