"""The types of what crosses the wire fit the fixtures that the Rust types are tested against, key by key."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from scripts.operate import paths
from scripts.wire import notify, record, steps

PAYLOADS = paths.ROOT / "functions" / "shared" / "tests" / "payloads"

#: The type of each fixture.
TYPES: dict[str, type] = {
    "apply_input": steps.ApplyInput,
    "apply_output": steps.ApplyOutput,
    "decision": record.Decision,
    "notify_input_approval_requested": notify.ApprovalRequested,
    "notify_input_approved": notify.Approved,
    "notify_input_failed": notify.Failed,
    "notify_input_failed_script": notify.Failed,
    "notify_input_succeeded": notify.Succeeded,
    "notify_output": notify.NotifyOutput,
    "plan_input": steps.PlanInput,
    "plan_output": steps.PlanOutput,
    "preflight_input": steps.PreflightInput,
    "preflight_output": steps.PreflightOutput,
    "record": record.Record,
    "record_failed_script": record.Record,
}

Change = Callable[[dict[str, Any], str], object]


def fixture(name: str) -> dict[str, Any]:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


@cache
def adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(TYPES[name])


def validate(name: str, payload: object) -> None:
    """Raises `ValidationError` for a missing key, a key that the type does not have, and a value of another type."""
    adapter(name).validate_python(payload, strict=True, extra="forbid")


def test_each_fixture_has_its_type() -> None:
    assert sorted(TYPES) == sorted(file.stem for file in PAYLOADS.glob("*.json"))


@pytest.mark.parametrize("name", TYPES)
def test_a_fixture_is_of_its_type(name: str) -> None:
    validate(name, fixture(name))


def objects(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yields every object in a payload, with its place."""
    if isinstance(value, dict):
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        # What a person gives to an execution is checked by preflight.
        if (path, key) != ((), "input"):
            yield from objects(one, (*path, key))


def changed(name: str, path: tuple[str | int, ...], key: str, change: Change) -> dict[str, Any]:
    """Returns a fixture with a change to one key of the object at a place."""
    payload = copy.deepcopy(fixture(name))
    found: Any = payload
    for part in path:
        found = found[part]
    change(found, key)
    return payload


def of_another_type(found: dict[str, Any], key: str) -> None:
    found[key] = [found[key], 1.5]


def renamed(found: dict[str, Any], key: str) -> None:
    found[f"{key}_"] = found.pop(key)


@pytest.mark.parametrize("change", [of_another_type, renamed])
@pytest.mark.parametrize("name", TYPES)
def test_no_field_of_a_fixture_can_change(name: str, change: Change) -> None:
    for path, found in objects(fixture(name)):
        for key in found:
            if change is of_another_type and (path, key) == ((), "input"):
                continue
            with pytest.raises(ValidationError):
                validate(name, changed(name, path, key, change))


@pytest.mark.parametrize(("name", "key"), [
    ("apply_output", "finished"), ("decision", "identity"), ("plan_output", "baseRows"), ("record", "outcome"),
    ("preflight_output", "facts"), ("notify_output", "sent"), ("apply_input", "plan"), ("notify_input_failed", "failure"),
])
def test_a_missing_key_is_refused(name: str, key: str) -> None:
    with pytest.raises(ValidationError, match=f"{key}\n.*Field required"):
        validate(name, changed(name, (), key, dict.pop))


@pytest.mark.parametrize(("name", "key", "value"), [
    ("decision", "identity", "supposed"), ("record", "outcome", "done"), ("plan_output", "pending", "3"),
    ("plan_output", "pending", True), ("apply_output", "durationMs", 1.5), ("record", "plan", None),
])
def test_a_value_that_only_looks_right_is_refused(name: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        validate(name, fixture(name) | {key: value})
