"""What the function approve is sent, and what it answers: `functions/approve/src/`."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from local.wire.record import Decision
from local.wire.request import Request
from local.wire.steps import PlanOutput

Verb = Literal["approve", "reject"]


class Answer(TypedDict):
    """A decision, as a caller sends it. `by` is for a request without a signature."""

    execution: str
    digest: str
    decision: Verb
    reason: str
    by: NotRequired[str]
    onBehalfOf: NotRequired[str]


class Decided(Decision):
    """A decision that was taken, now or before."""

    execution: str


class Shown(TypedDict):
    """What the function's URL shows of an execution: what it waits for, the decision, or why it waits for none."""

    execution: str
    waiting: bool
    plan: NotRequired[PlanOutput]
    request: NotRequired[Request]
    expiresAt: NotRequired[str]
    requestMailSent: NotRequired[bool]
    approval: NotRequired[Decision]
    reason: NotRequired[str]


class Refusal(TypedDict):
    """A refusal of the function's URL."""

    error: str
    message: str
