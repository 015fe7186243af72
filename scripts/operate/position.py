"""Where an execution is: whether it waits for a decision, until when, and on which plan.

The one place that reads this from a history, for all that follows, shows, lists or decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from scripts.operate.history import History, Step


@dataclass
class Position:
    """Where an execution is after the steps of its history that it was given."""

    #: The state that the execution is in.
    state: str = ""
    #: Whether it waits for a decision; then until when, and what became of the mail that asks for one.
    waits: bool = False
    expires_at: str = ""
    request_mail: dict[str, Any] = field(default_factory=dict)
    #: The plan, once there is one.
    plan: dict[str, Any] = field(default_factory=dict)
    #: The script that it failed at, and where in it.
    place: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, client: Any, execution: str) -> Self:
        """Returns where the execution is now. One that has ended may have been waiting until then."""
        position = cls()
        for step in History(client, execution).new_steps():
            position.take(step)
        return position

    def take(self, step: Step) -> None:
        """Takes the next step. Nothing happens while an execution waits, so any other step ends the waiting."""
        self.waits = step.kind == "waiting" and step.state == "Approval"
        self.expires_at, self.request_mail = (step.expires_at, step.result) if self.waits else ("", {})
        if step.kind == "entered":
            self.state = step.state
        if step.kind == "succeeded" and step.state == "Plan":
            self.plan = step.result
        self.place = step.place or self.place
