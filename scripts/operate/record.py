"""A run's record, from whichever source has it.

The output of a successful run is its record. The record of a failed run is the last answer of the notify function in the
history. For a run that goes on, or that was ended from outside, the record is built from the history so far.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scripts.operate.history import History, Step, plain_cause
from scripts.operate.position import Position
from scripts.operate.target import Target

#: The states whose task calls a function, and the function.
_FUNCTIONS = {
    "Preflight": "preflight", "Plan": "plan", "Apply": "apply",
    "Approval": "notify", "NotifyApproved": "notify", "NotifySuccess": "notify", "NotifyFailure": "notify",
}

#: The outcome of an execution that has no record of its own, by its error and by its status.
_BY_ERROR = {"Approval.Rejected": "rejected", "Approval.Expired": "expired"}
_BY_STATUS = {"FAILED": "failed", "ABORTED": "stopped", "TIMED_OUT": "timedOut"}


@dataclass
class Run:
    """One execution, with all that is known of it."""

    execution: str
    status: str
    record: dict[str, Any] = field(default_factory=dict)
    position: Position = field(default_factory=Position)

    @property
    def waits(self) -> bool:
        """Whether the execution can be decided on."""
        return self.status == "RUNNING" and self.position.waits


def read(target: Target, execution: str) -> Run:
    """Returns what is known of an execution now."""
    client = target.client("stepfunctions")
    described = client.describe_execution(executionArn=execution)
    run = Run(execution, described["status"])
    complete: dict[str, Any] | None = None
    for step in History(client, execution).new_steps():
        run.position.take(step)
        _add(run.record, step)
        if step.kind == "succeeded" and "record" in step.result:
            complete = step.result["record"]
    if run.status == "SUCCEEDED":
        complete = json.loads(described.get("output") or "{}")
    run.record = _frame(described, target.stack) | run.record
    if run.status in _BY_STATUS:
        run.record |= _bad_end(described, run.position)
    if complete:
        # The notify function made this record, or the state machine did in its place. A complete record is not changed.
        run.record = complete if "execution" in complete else run.record | complete
    return run


def requested_by(described: dict[str, Any]) -> str:
    """Returns the name of the requester, as the execution's input claims it."""
    return str(_asked_for(described).get("requestedBy", ""))


def _frame(described: dict[str, Any], stack: str) -> dict[str, Any]:
    started, stopped = described["startDate"], described.get("stopDate")
    frame = {
        "execution": described["executionArn"],
        "environment": stack.rpartition("-")[2],
        "startedAt": _utc(started),
        # Until Preflight has checked the request, this is the input as given.
        "request": _asked_for(described),
    }
    if stopped:
        frame |= {"endedAt": _utc(stopped), "durationMs": round((stopped - started).total_seconds() * 1000)}
    return frame


def _bad_end(described: dict[str, Any], position: Position) -> dict[str, Any]:
    error = described.get("error") or described["status"]
    failure: dict[str, Any] = {"error": error, "cause": plain_cause(described.get("cause") or "")}
    failed = described["status"] == "FAILED"
    if failed and position.place:
        failure["place"] = position.place
    if not failed and position.state:
        failure["step"] = position.state
    by_error = _BY_ERROR.get(error) if failed else None
    return {"outcome": by_error or _BY_STATUS[described["status"]], "failure": failure}


def _add(record: dict[str, Any], step: Step) -> None:
    """Adds one step of the history to the record."""
    function = _FUNCTIONS.get(step.state)
    if function and step.function:
        record.setdefault("versions", {})[function] = step.function
    if step.kind != "succeeded":
        return
    result = step.result
    if step.state == "DatabaseStatus":
        record["database"] = _database(result)
    elif step.state == "Preflight":
        record["request"] = result.get("request", {})
        record["preflight"] = {"facts": result.get("facts", {}), "warnings": result.get("warnings", [])}
    elif step.state in ("Plan", "Apply"):
        record[step.state.lower()] = result
    elif step.state == "Approval":
        record["approval"] = result
    elif step.state == "NotifyApproved":
        record["notifications"] = {"approved": result}


def _database(result: dict[str, Any]) -> dict[str, Any]:
    found = (result.get("DbInstances") or [{}])[0]
    endpoint = found.get("Endpoint") or {}
    return {
        "instance": found.get("DbInstanceIdentifier"), "resourceId": found.get("DbiResourceId"),
        "status": found.get("DbInstanceStatus"), "host": endpoint.get("Address"), "port": endpoint.get("Port"),
        "name": found.get("DbName"),
    }


def _asked_for(described: dict[str, Any]) -> dict[str, Any]:
    try:
        given = json.loads(described.get("input") or "{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
