"""The types of what crosses the wire fit the fixtures that the Rust types are tested against, key by key."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import ValidationError
from typing_extensions import is_typeddict

from local import paths
from local.wire import approve, notify, record, steps
from local.wire.validation import validate

PAYLOADS = paths.ROOT / "functions" / "shared" / "tests" / "payloads"

#: The type of each fixture.
TYPES: dict[str, type] = {
    "apply_input": steps.ApplyInput,
    "apply_output": steps.ApplyOutput,
    "apply_output_baseline": steps.ApplyOutput,
    "apply_output_resolve": steps.ApplyOutput,
    "approve_answer": approve.Answer,
    "approve_answer_by_name": approve.Answer,
    "approve_decided": approve.Decided,
    "approve_refusal": approve.Refusal,
    "approve_shown_decided": approve.Shown,
    "approve_shown_not_asked": approve.Shown,
    "approve_shown_waiting": approve.Shown,
    "decision": record.Decision,
    "notify_input_approval_requested": notify.ApprovalRequested,
    "notify_input_approved": notify.Approved,
    "notify_input_failed": notify.Failed,
    "notify_input_failed_script": notify.Failed,
    "notify_input_succeeded": notify.Succeeded,
    "notify_output": notify.NotifyOutput,
    "notify_output_sent": notify.NotifyOutput,
    "plan_input": steps.PlanInput,
    "plan_input_baseline": steps.PlanInput,
    "plan_input_resolve": steps.PlanInput,
    "plan_output": steps.PlanOutput,
    "plan_output_baseline": steps.PlanOutput,
    "plan_output_resolve": steps.PlanOutput,
    "preflight_input": steps.PreflightInput,
    "preflight_output": steps.PreflightOutput,
    "record": record.Record,
    "record_failed_script": record.Record,
}

Change = Callable[[dict[str, Any], str], object]


def fixture(name: str) -> dict[str, Any]:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def check(name: str, payload: object) -> None:
    validate(TYPES[name], payload)


def test_each_fixture_has_its_type() -> None:
    assert sorted(TYPES) == sorted(file.stem for file in PAYLOADS.glob("*.json"))


@pytest.mark.parametrize("name", TYPES)
def test_a_fixture_is_of_its_type(name: str) -> None:
    check(name, fixture(name))


def objects(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yields every object in a payload, with its place."""
    if isinstance(value, dict):
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        # What a person gives to an execution is checked by preflight.
        if (path, key) != ((), "input"):
            yield from objects(one, (*path, key))


def keys(value: Any, type_: Any) -> Iterator[tuple[str, str]]:
    """Yields every key of a payload, with the name of the type that has it."""
    for name, hint in get_type_hints(type_).items() if is_typeddict(type_) else ():
        if name in value:
            yield type_.__name__, name
            yield from keys(value[name], hint)
    if isinstance(value, list):
        for one in value:
            yield from keys(one, get_args(type_)[0])


def reached(type_: Any) -> Iterator[tuple[str, str]]:
    """Yields every key of a type and of the types in it, with the name of the type that has it."""
    for name, hint in get_type_hints(type_).items() if is_typeddict(type_) else ():
        yield type_.__name__, name
        yield from reached(hint)
    for one in get_args(type_):
        yield from reached(one)


def test_no_type_has_a_key_that_no_fixture_has() -> None:
    known = {key for name, type_ in TYPES.items() for key in keys(fixture(name), type_)}
    assert {key for type_ in TYPES.values() for key in reached(type_)} == known


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
                check(name, changed(name, path, key, change))


@pytest.mark.parametrize(("name", "key"), [
    ("apply_output", "finished"), ("decision", "identity"), ("plan_output", "baseRows"), ("record", "outcome"),
    ("preflight_output", "facts"), ("notify_output", "sent"), ("apply_input", "plan"), ("notify_input_failed", "failure"),
])
def test_a_missing_key_is_refused(name: str, key: str) -> None:
    with pytest.raises(ValidationError, match=f"{key}\n.*Field required"):
        check(name, changed(name, (), key, dict.pop))


@pytest.mark.parametrize(("name", "key", "value"), [
    ("decision", "identity", "supposed"), ("record", "outcome", "done"), ("plan_output", "pending", "3"),
    ("plan_output", "pending", True), ("apply_output", "durationMs", 1.5), ("record", "plan", None),
])
def test_a_value_that_only_looks_right_is_refused(name: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        check(name, fixture(name) | {key: value})
