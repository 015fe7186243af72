"""Input and output of the function notify: `functions/shared/src/payload.rs`."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from local.wire.record import Notification, Record, Run, RunFailure, Versions


class ApprovalRequested(TypedDict):
    """The run waits for approval. The function does not read the token: it stays in the execution's history."""

    event: Literal["approvalRequested"]
    execution: str
    run: Run
    expiresAt: str
    taskToken: str


class Approved(TypedDict):
    """The run was approved."""

    event: Literal["approved"]
    execution: str
    run: Run


class Succeeded(TypedDict):
    """The run ended with success."""

    event: Literal["succeeded"]
    execution: str
    startedAt: str
    versions: Versions
    run: Run
    tellNothingPending: bool


class Failed(TypedDict):
    """The run failed."""

    event: Literal["failed"]
    execution: str
    startedAt: str
    versions: Versions
    run: Run
    failure: RunFailure
    planOnly: bool


NotifyInput = ApprovalRequested | Approved | Succeeded | Failed


class NotifyOutput(Notification):
    """What became of the mail and, when the run has ended, its record."""

    record: NotRequired[Record]
