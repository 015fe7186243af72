"""One job of the workflow run, and how it sees the execution that it works on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from scripts.operate import github_reviews
from scripts.operate.github_reviews import Review
from scripts.operate.github_run import Run
from scripts.operate.github_summary import Summary
from scripts.operate.history import plain_cause
from scripts.operate.position import Position
from scripts.operate.target import Target
from scripts.operate.terminal import Terminal


@dataclass
class Seen:
    """An execution as it was a moment ago."""

    status: str
    error: str
    cause: str
    record: dict[str, Any]
    request: dict[str, Any]
    took: float
    position: Position

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status != "RUNNING"

    @property
    def waiting(self) -> bool:
        """Whether somebody can decide on it: from the moment the mail is out until somebody has decided."""
        return self.position.waits and not self.ended

    @property
    def plan(self) -> dict[str, Any]:
        """The plan, once there is one."""
        return self.position.plan


@dataclass(frozen=True)
class Job:
    """One job of the workflow run, and what it works on."""

    run: Run
    target: Target
    terminal: Terminal
    summary: Summary
    execution: str
    #: The reviews that were there before the gate, as `start` noted them.
    earlier: str = ""
    #: What GitHub is to show at a line of a file, when it takes commands again.
    annotations: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Which database this is about."""
        return self.target.stack

    def look(self) -> Seen:
        """The execution now."""
        states = self.target.client("stepfunctions")
        described = states.describe_execution(executionArn=self.execution)
        return Seen(
            status=described["status"],
            error=described.get("error") or "",
            cause=plain_cause(described.get("cause") or ""),
            record=json.loads(described.get("output") or "{}"),
            request=json.loads(described.get("input") or "{}"),
            took=(described.get("stopDate", described["startDate"]) - described["startDate"]).total_seconds(),
            position=Position.read(states, self.execution),
        )

    def new_reviews(self) -> list[Review]:
        """What reviewers said at this execution's gate."""
        return github_reviews.since(github_reviews.reviews(self.run), self.earlier)
