"""A run's record, and what it is made of: `functions/shared/src/record.rs`."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from local.wire.request import Request
from local.wire.steps import ApplyOutput, Database, Facts, PlanOutput

Outcome = Literal[
    "applied", "nothingPending", "planned", "resolved", "baselined", "failed", "rejected", "expired", "stopped", "timedOut"
]


class Preflight(TypedDict):
    """The findings of a preflight, without the request that it checked."""

    facts: Facts
    warnings: list[str]


class Decision(TypedDict):
    """A decision, who took it, and how the identity is known. Output of the state Approval."""

    decision: Literal["approved", "rejected"]
    digest: str
    by: str
    identity: Literal["verified", "claimed"]
    onBehalfOf: NotRequired[str]
    duties: Literal["roles", "names", "unchecked"]
    reason: str
    at: str
    version: str
    requestMailSent: NotRequired[bool]


class Notification(TypedDict):
    """What became of a mail. If it was not sent and has no error, the run needed none."""

    sent: bool
    messageId: NotRequired[str]
    error: NotRequired[str]


class Notifications(TypedDict, total=False):
    """What became of the mails of a run."""

    approved: Notification
    ended: Notification


class Place(TypedDict):
    """Where in the history a failure is, as far as that is known."""

    migration: str
    file: NotRequired[str]
    statement: NotRequired[int]
    line: NotRequired[int]
    sqlstate: NotRequired[str]


class RunFailure(TypedDict):
    """Why a run failed."""

    error: str
    cause: str
    step: NotRequired[str]
    place: NotRequired[Place]


class Versions(TypedDict):
    """The versioned ARNs that a run used."""

    preflight: str
    plan: str
    apply: str
    notify: str
    migrations: str


class Run(TypedDict, total=False):
    """A run so far, as the state machine builds it."""

    database: Database
    request: Request
    preflight: Preflight
    plan: PlanOutput
    approval: Decision
    apply: ApplyOutput
    notifications: Notifications


class Record(Run):
    """A run that has ended."""

    execution: str
    environment: str
    outcome: Outcome
    startedAt: str
    endedAt: str
    durationMs: int
    failure: NotRequired[RunFailure]
    versions: NotRequired[Versions]
