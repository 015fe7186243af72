"""A run's record, from whichever source has it.

The output of a successful run is its record. The record of a failed run is the last answer of the notify function in the
history. For a run that goes on, or that was ended from outside, the record is built from the history so far.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scripts.operate.history import Described, History, Step, parsed, plain_cause
from scripts.operate.position import Position
from scripts.operate.target import Target
from scripts.wire.record import Known, Outcome, RunFailure
from scripts.wire.request import Input
from scripts.wire.steps import Database

#: The states whose task calls a function, and the function.
_FUNCTIONS = {
    "Preflight": "preflight", "Plan": "plan", "Apply": "apply",
    "Approval": "notify", "NotifyApproved": "notify", "NotifySuccess": "notify", "NotifyFailure": "notify",
}

#: The outcome of an execution that has no record of its own, by its error and by its status.
_BY_ERROR: dict[str, Outcome] = {"Approval.Rejected": "rejected", "Approval.Expired": "expired"}
_BY_STATUS: dict[str, Outcome] = {"FAILED": "failed", "ABORTED": "stopped", "TIMED_OUT": "timedOut"}


@dataclass
class Run:
    """One execution, with all that is known of it."""

    execution: str
    status: str
    record: Known = field(default_factory=Known)
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
    complete: Known | None = None
    for step in History(client, execution).new_steps():
        run.position.take(step)
        _add(run.record, step)
        complete = step.record or complete
    if run.status == "SUCCEEDED":
        complete = parsed(described.get("output"))
    run.record = _frame(described, target.stack) | run.record
    if run.status in _BY_STATUS:
        run.record |= _bad_end(described, run.position)
    if complete:
        # The notify function made this record, or the state machine did in its place. A complete record is not changed.
        run.record = complete if "execution" in complete else run.record | complete
    return run


def requested_by(described: Described) -> str:
    """Returns the name of the requester, as the execution's input claims it."""
    return str(asked_for(described).get("requestedBy", ""))


def _frame(described: Described, stack: str) -> Known:
    started, stopped = described["startDate"], described.get("stopDate")
    frame: Known = {
        "execution": described["executionArn"],
        "environment": stack.rpartition("-")[2],
        "startedAt": _utc(started),
        # Until Preflight has checked the request, this is the input as given.
        "request": asked_for(described),
    }
    if stopped:
        frame |= {"endedAt": _utc(stopped), "durationMs": round((stopped - started).total_seconds() * 1000)}
    return frame


def _bad_end(described: Described, position: Position) -> Known:
    error = described.get("error") or described["status"]
    failure: RunFailure = {"error": error, "cause": plain_cause(described.get("cause") or "")}
    failed = described["status"] == "FAILED"
    if failed and position.place:
        failure["place"] = position.place
    if not failed and position.state:
        failure["step"] = position.state
    by_error = _BY_ERROR.get(error) if failed else None
    return {"outcome": by_error or _BY_STATUS[described["status"]], "failure": failure}


def _add(record: Known, step: Step) -> None:
    """Adds one step of the history to the record."""
    function = _FUNCTIONS.get(step.state)
    if function and step.function:
        record.setdefault("versions", {})[function] = step.function
    if (found := step.database) is not None:
        record["database"] = _database(found)
    if (preflight := step.preflight) is not None:
        record["request"] = preflight["request"]
        record["preflight"] = {"facts": preflight["facts"], "warnings": preflight["warnings"]}
    if (plan := step.plan) is not None:
        record["plan"] = plan
    if (applied := step.applied) is not None:
        record["apply"] = applied
    if (decision := step.decision) is not None:
        record["approval"] = decision
    if step.state == "NotifyApproved" and (mail := step.mail) is not None:
        record["notifications"] = {"approved": mail}


def _database(found: dict[str, Any]) -> Database:
    endpoint = found.get("Endpoint") or {}
    return {
        "instance": found.get("DbInstanceIdentifier", ""), "resourceId": found.get("DbiResourceId", ""),
        "status": found.get("DbInstanceStatus"), "host": endpoint.get("Address"), "port": endpoint.get("Port"),
        "name": found.get("DbName"),
    }


def asked_for(described: Described) -> Input:
    """Returns the execution's input as it was given; `{}` if it is no object."""
    return parsed(described.get("input"))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
