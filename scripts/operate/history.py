"""Reads an execution's history, event by event, as it grows.

It extracts only what a person needs to know: the history also holds the task token, which must not be shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scripts.wire.notify import NotifyOutput
from scripts.wire.record import Decision, Known, Place
from scripts.wire.steps import ApplyOutput, PlanOutput, PreflightOutput

#: An event of a history, and the answer of DescribeExecution, as Step Functions gives them.
Event = dict[str, Any]
Described = dict[str, Any]

#: The states in which the notify function answers when its mail is sent.
_MAILS = ("NotifyApproved", "NotifySuccess", "NotifyFailure")

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
    result: Any = field(default_factory=dict)  # what the task answered; the properties below say of which type it is
    expires_at: str = ""
    function: str = ""  # the version of the function that a task called
    place: Place | None = None  # the script that failed, and the place in it

    @property
    def database(self) -> dict[str, Any] | None:
        """The instance, as RDS describes it."""
        described = self._result_of("DatabaseStatus")
        return None if described is None else (described.get("DbInstances") or [{}])[0]

    @property
    def preflight(self) -> PreflightOutput | None:
        """What preflight found."""
        return self._result_of("Preflight")

    @property
    def plan(self) -> PlanOutput | None:
        """The plan."""
        return self._result_of("Plan")

    @property
    def decision(self) -> Decision | None:
        """What the state Approval was answered. A caller of Step Functions can have answered anything."""
        return self._result_of("Approval")

    @property
    def applied(self) -> ApplyOutput | None:
        """What one invocation applied."""
        return self._result_of("Apply")

    @property
    def mail(self) -> NotifyOutput | None:
        """What became of a mail. The state Approval sends one, and waits."""
        if self.kind == "waiting" and self.state == "Approval":
            return self.result
        return self._result_of(*_MAILS)

    @property
    def record(self) -> Known | None:
        """The run's record, which the notify function completes when the run has ended."""
        return (self._result_of(*_MAILS) or {}).get("record")

    def _result_of(self, *states: str) -> Any:
        return self.result if self.kind == "succeeded" and self.state in states else None


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

    def _new_events(self) -> list[Event]:
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=self._execution, reverseOrder=True, includeExecutionData=True
        )
        fresh: list[Event] = []
        for page in pages:
            fresh.extend(event for event in page["events"] if event["id"] > self._seen)
            if page["events"] and page["events"][-1]["id"] <= self._seen:
                break
        if fresh:
            self._seen = fresh[0]["id"]
        return fresh[::-1]

    def _step(self, event: Event) -> Step | None:
        at, kind = event["timestamp"], event["type"]
        if kind.endswith("StateEntered"):
            self._state = event["stateEnteredEventDetails"]["name"]
            self._failed = False
            return Step("entered", at, self._state)
        if kind.endswith("StateExited"):
            return Step("left", at, event["stateExitedEventDetails"]["name"])
        if kind == "TaskScheduled":
            parameters = parsed(event["taskScheduledEventDetails"].get("parameters"))
            self._expires_at = (parameters.get("Payload") or {}).get("expiresAt", "")
            self._function = parameters.get("FunctionName", "")
            retried, self._failed = self._failed, False
            return Step("retried", at, self._state) if retried else None
        if kind == "TaskSubmitted":
            output = parsed(event["taskSubmittedEventDetails"].get("output"))
            return Step(
                "waiting", at, self._state, result=output.get("Payload") or {}, expires_at=self._expires_at,
                function=self._function,
            )
        if kind == "TaskSucceeded":
            output = parsed(event["taskSucceededEventDetails"].get("output"))
            # Only a function's own answer is wrapped in a payload; the answer to a task token is not.
            result = output if self._state == "Approval" else output.get("Payload", output)
            return Step("succeeded", at, self._state, result=result, function=self._function)
        if kind in ("TaskFailed", "TaskTimedOut", "EvaluationFailed"):
            self._failed = True
            details = event[f"{kind[0].lower()}{kind[1:]}EventDetails"]
            cause, place = told(details.get("cause", ""))
            return Step("failed", at, self._state, details.get("error", ""), cause, place=place)
        return None


def plain_cause(cause: str) -> str:
    """Returns a cause as text."""
    return told(cause)[0]


def told(cause: str) -> tuple[str, Place | None]:
    """Returns a cause as text, and the place of the script that failed, if the cause has one. Lambda wraps the message
    of a failed function in JSON; the place is the last line of that message."""
    message = str(parsed(cause).get("errorMessage", cause))
    text, mark, rest = message.partition(_PLACE)
    place = _place(parsed((mark + rest).strip()))
    return (text, place) if place else (message, None)


def _place(found: dict[str, object]) -> Place | None:
    """Returns a place with those of its parts that have the right type: a cause can be any text. Without a migration there
    is none."""
    if not isinstance(migration := found.get("migration"), str):
        return None
    place: Place = {"migration": migration}
    if isinstance(file := found.get("file"), str):
        place["file"] = file
    if isinstance(statement := found.get("statement"), int):
        place["statement"] = statement
    if isinstance(line := found.get("line"), int):
        place["line"] = line
    if isinstance(sqlstate := found.get("sqlstate"), str):
        place["sqlstate"] = sqlstate
    return place


def parsed(text: str | None) -> Any:
    """Returns a JSON object, whose type the caller knows; an empty one for any other text."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
