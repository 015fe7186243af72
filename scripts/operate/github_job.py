"""One job of the workflow run, and its view of the execution."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from scripts.operate import github_reviews
from scripts.operate.github_reviews import Review
from scripts.operate.github_run import Run
from scripts.operate.github_summary import Summary
from scripts.operate.history import plain_cause
from scripts.operate.position import Position
from scripts.operate.record import asked_for
from scripts.operate.target import Target
from scripts.operate.terminal import Terminal
from scripts.wire.record import Known
from scripts.wire.request import Input
from scripts.wire.steps import PlanOutput


@dataclass
class Seen:
    """An execution at the time of a request."""

    status: str
    error: str
    cause: str
    record: Known
    request: Input
    took: float
    position: Position

    @property
    def ended(self) -> bool:
        """Whether the execution has ended."""
        return self.status != "RUNNING"

    @property
    def waiting(self) -> bool:
        """Whether the execution can be decided on: from the moment the mail is sent until the decision."""
        return self.position.waits and not self.ended

    @property
    def plan(self) -> PlanOutput | None:
        """The plan, once there is one."""
        return self.position.plan

    @property
    def digest(self) -> str:
        """The plan's digest; empty where there is no plan."""
        return self.plan["digest"] if self.plan else ""


@dataclass(frozen=True)
class Job:
    """One job of the workflow run, with the execution that it works on."""

    run: Run
    target: Target
    terminal: Terminal
    summary: Summary
    execution: str
    #: The reviews that existed before the gate, as `start` noted them.
    earlier: str = ""
    #: The annotations for GitHub. They are printed when GitHub takes commands again.
    annotations: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The database that the run is about."""
        return self.target.stack

    def look(self) -> Seen:
        """Returns the execution as it is now."""
        states = self.target.client("stepfunctions")
        described = states.describe_execution(executionArn=self.execution)
        return Seen(
            status=described["status"],
            error=described.get("error") or "",
            cause=plain_cause(described.get("cause") or ""),
            record=json.loads(described.get("output") or "{}"),
            request=asked_for(described),
            took=(described.get("stopDate", described["startDate"]) - described["startDate"]).total_seconds(),
            position=Position.read(states, self.execution),
        )

    def new_reviews(self) -> list[Review]:
        """Returns the reviews of this execution's gate."""
        return github_reviews.since(github_reviews.reviews(self.run), self.earlier)
