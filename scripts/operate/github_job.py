"""One job of the workflow run, and how it sees the execution that it works on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from scripts.operate import github_reviews
from scripts.operate.github_reviews import Review
from scripts.operate.github_run import Run
from scripts.operate.github_summary import Summary
from scripts.operate.history import History, plain_cause
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
    plan: dict[str, Any] = field(default_factory=dict)
    expires_at: str = ""
    waiting: bool = False
    #: The script that it failed at, and where in it.
    place: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status != "RUNNING"


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
        """The execution now. It waits from the moment the mail is out until somebody has decided."""
        states = self.target.client("stepfunctions")
        described = states.describe_execution(executionArn=self.execution)
        seen = Seen(
            status=described["status"],
            error=described.get("error") or "",
            cause=plain_cause(described.get("cause") or ""),
            record=json.loads(described.get("output") or "{}"),
            request=json.loads(described.get("input") or "{}"),
            took=(described.get("stopDate", described["startDate"]) - described["startDate"]).total_seconds(),
        )
        waiting = False
        for step in History(states, self.execution).new_steps():
            if step.kind == "succeeded" and step.state == "Plan":
                seen.plan = step.result
            seen.place = step.place or seen.place
            if step.state == "Approval":
                waiting = step.kind == "waiting"
                seen.expires_at = step.expires_at or seen.expires_at
        seen.waiting = waiting and not seen.ended
        return seen

    def new_reviews(self) -> list[Review]:
        """What reviewers said at this execution's gate."""
        return github_reviews.since(github_reviews.reviews(self.run), self.earlier)
