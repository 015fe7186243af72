"""Where an execution is: whether it waits for a decision, until when, and on which plan.

All commands that follow, show, list or decide get this from here; no other module reads it from a history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from scripts.operate.history import History, Step
from scripts.wire.record import Notification, Place
from scripts.wire.steps import PlanOutput


@dataclass
class Position:
    """Where an execution is, according to the steps of its history so far."""

    #: The current state.
    state: str = ""
    #: Whether it waits for a decision, until when, and whether the mail that asks for one was sent.
    waits: bool = False
    expires_at: str = ""
    request_mail: Notification | None = None
    #: The plan, once there is one.
    plan: PlanOutput | None = None
    #: The script at which it failed, and the place in it.
    place: Place | None = None

    @classmethod
    def read(cls, client: Any, execution: str) -> Self:
        """Returns where the execution is now. One that has ended may have waited until its end."""
        position = cls()
        for step in History(client, execution).new_steps():
            position.take(step)
        return position

    def take(self, step: Step) -> None:
        """Takes the next step. A waiting execution has no steps, so any other step ends the waiting."""
        self.waits = step.kind == "waiting" and step.state == "Approval"
        self.expires_at, self.request_mail = (step.expires_at, step.mail) if self.waits else ("", None)
        if step.kind == "entered":
            self.state = step.state
        self.plan = step.plan or self.plan
        self.place = step.place or self.place
