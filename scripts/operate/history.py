"""Reads an execution's history, event by event, as it grows.

It extracts only what a person needs to know: the history also holds the task token, which must not be shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: The beginning of a message's last line that names the script at which a function of ours failed.
_PLACE = '\n{"migration":'


@dataclass(frozen=True)
class Step:
    """An event that a person who follows the execution wants to see."""

    kind: str  # entered, left, failed, retried, succeeded, waiting
    at: datetime
    state: str = ""
    error: str = ""
    cause: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    expires_at: str = ""
    function: str = ""  # the version of the function that a task called
    place: dict[str, Any] = field(default_factory=dict)  # the script that failed, and the place in it


class History:
    """The steps of one execution that were not returned yet."""

    def __init__(self, client: Any, execution: str) -> None:
        self._client = client
        self._execution = execution
        self._seen = 0
        self._state = ""
        self._expires_at = ""
        self._function = ""
        self._failed = False

    def new_steps(self) -> Iterator[Step]:
        """Yields the steps that happened since the last call."""
        for event in self._new_events():
            step = self._step(event)
            if step is not None:
                yield step

    def _new_events(self) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=self._execution, reverseOrder=True, includeExecutionData=True
        )
        fresh: list[dict[str, Any]] = []
        for page in pages:
            fresh.extend(event for event in page["events"] if event["id"] > self._seen)
            if page["events"] and page["events"][-1]["id"] <= self._seen:
                break
        if fresh:
            self._seen = fresh[0]["id"]
        return fresh[::-1]

    def _step(self, event: dict[str, Any]) -> Step | None:
        at, kind = event["timestamp"], event["type"]
        if kind.endswith("StateEntered"):
            self._state = event["stateEnteredEventDetails"]["name"]
            self._failed = False
            return Step("entered", at, self._state)
        if kind.endswith("StateExited"):
            return Step("left", at, event["stateExitedEventDetails"]["name"])
        if kind == "TaskScheduled":
            parameters = _json(event["taskScheduledEventDetails"].get("parameters"))
            self._expires_at = (parameters.get("Payload") or {}).get("expiresAt", "")
            self._function = parameters.get("FunctionName", "")
            retried, self._failed = self._failed, False
            return Step("retried", at, self._state) if retried else None
        if kind == "TaskSubmitted":
            output = _json(event["taskSubmittedEventDetails"].get("output"))
            return Step(
                "waiting", at, self._state, result=output.get("Payload") or {}, expires_at=self._expires_at,
                function=self._function,
            )
        if kind == "TaskSucceeded":
            output = _json(event["taskSucceededEventDetails"].get("output"))
            return Step(
                "succeeded", at, self._state, result=output.get("Payload", output), function=self._function
            )
        if kind in ("TaskFailed", "TaskTimedOut", "EvaluationFailed"):
            self._failed = True
            details = event[f"{kind[0].lower()}{kind[1:]}EventDetails"]
            cause, place = told(details.get("cause", ""))
            return Step("failed", at, self._state, details.get("error", ""), cause, place=place)
        return None


def plain_cause(cause: str) -> str:
    """Returns a cause as text."""
    return told(cause)[0]


def told(cause: str) -> tuple[str, dict[str, Any]]:
    """Returns a cause as text, and the place of the script that failed, if the cause has one. Lambda wraps the message
    of a failed function in JSON; the place is the last line of that message."""
    message = str(_json(cause).get("errorMessage", cause))
    text, mark, rest = message.partition(_PLACE)
    place = _json((mark + rest).strip())
    return (text, place) if place else (message, {})


def _json(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
