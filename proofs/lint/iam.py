"""Decides as IAM does whether policies allow a request: a denied request is refused, and so is one that nothing allows.

It knows only what the template's policies use. An unknown element, operator or policy variable is an error, since
ignoring it would be a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

_IDENTITY = {"Sid", "Effect", "Action", "Resource", "Condition"}
_TRUST = {"Sid", "Effect", "Principal", "Action", "Condition"}


@dataclass(frozen=True)
class Request:
    """A call of an action on a resource, with the request's context as IAM knows it."""

    action: str
    resource: str = "*"
    context: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}" + (f" with {self.context}" if self.context else "")


def allowed(statements: Iterable[dict[str, Any]], request: Request) -> bool:
    """Returns whether a principal with these statements may make the request."""
    effects = set()
    for statement in statements:
        _know(statement, _IDENTITY)
        if (
            _any(_action_matches, statement["Action"], request.action)
            and _any(matches, statement["Resource"], request.resource)
            and _conditions_hold(statement, request.context)
        ):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def trusted(statements: Iterable[dict[str, Any]], principal: tuple[str, str], request: Request) -> bool:
    """Returns whether a role's trust policy lets a principal, such as ("Service", "lambda.amazonaws.com"), assume the
    role."""
    effects = set()
    kind, name = principal
    for statement in statements:
        _know(statement, _TRUST)
        if statement["Principal"] == "*":
            raise ValueError("The principal * is not known here; add it to proofs/lint/iam.py")
        if (
            name in _list(statement["Principal"].get(kind, []))
            and _any(_action_matches, statement["Action"], request.action)
            and _conditions_hold(statement, request.context)
        ):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def matches(pattern: str, text: str) -> bool:
    """Returns whether a pattern with IAM's wildcards matches: * is any text, also an empty one, and ? is one character.
    Neither stops at a colon or a slash."""
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    if "${" in pattern:
        raise ValueError(f"The policy variable in {pattern} is not known here; add it to proofs/lint/iam.py")
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL)


def _action_matches(pattern: str, action: str) -> bool:
    return matches(pattern.lower(), action.lower())


def _arn_matches(pattern: str, text: str) -> bool:
    ours, theirs = pattern.split(":", 5), text.split(":", 5)
    return len(ours) == len(theirs) and all(map(matches, ours, theirs))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda pattern, text: pattern == text,
    "StringNotEquals": lambda pattern, text: pattern != text,
    "StringLike": matches,
    "ArnLike": _arn_matches,
    "ArnEquals": _arn_matches,  # IAM treats both operators in the same way
    "ArnNotLike": lambda pattern, text: not _arn_matches(pattern, text),
    "Bool": lambda pattern, text: pattern.lower() == text.lower(),
}


def _conditions_hold(statement: dict[str, Any], context: dict[str, str]) -> bool:
    known = {name.lower(): value for name, value in context.items()}
    results = []
    for operator, keys in statement.get("Condition", {}).items():
        if operator == "Null":
            results += [(key.lower() not in known) == (wanted == "true") for key, wanted in keys.items()]
            continue
        compare = _OPERATORS[operator.removesuffix("IfExists")]
        for key, wanted in keys.items():
            value = known.get(key.lower())
            negated = "Not" in operator
            if value is None:
                results.append(negated or operator.endswith("IfExists"))
            else:
                # A negated operator with several values means none of them.
                results.append((all if negated else any)(compare(one, value) for one in _list(wanted)))
    return all(results)


def _know(statement: dict[str, Any], elements: set[str]) -> None:
    unknown = set(statement) - elements
    if unknown or statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"{', '.join(sorted(unknown)) or statement['Effect']} is not known here; add it to proofs/lint/iam.py")
    for operator in statement.get("Condition", {}):
        if operator != "Null" and operator.removesuffix("IfExists") not in _OPERATORS:
            raise ValueError(f"The condition operator {operator} is not known here; add it to proofs/lint/iam.py")


def _any(compare: Callable[[str, str], bool], patterns: str | list[str], text: str) -> bool:
    return any(compare(pattern, text) for pattern in _list(patterns))


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
