"""A deployed stack, wherever it is: starts executions, waits for them, decides on them."""

from __future__ import annotations

from typing import Any

from local.deploy import Deployment
from local.stack import Stack

from e2e.waiting import until


class Deployed:
    """One deployment and what can be asked of it, on AWS and locally."""

    def __init__(self, stack: Stack, deployment: Deployment) -> None:
        self.stack = stack
        self.deployment = deployment
        self.patience = 90.0

    def start(self, given: dict[str, Any] | str | None = None) -> str:
        """Starts an execution and returns its ARN."""
        return self.stack.start_execution(self.deployment, given)

    def wait(self, execution: str, seconds: float = 0) -> dict[str, Any]:
        """The execution once it has ended."""
        return self.stack.wait(execution, seconds or self.patience)

    def run(self, given: dict[str, Any] | str | None = None, seconds: float = 0) -> dict[str, Any]:
        """Starts an execution and returns it once it has ended."""
        return self.wait(self.start(given), seconds)

    def start_and_wait_for_approval(self, given: dict[str, Any] | None = None) -> tuple[str, str]:
        """Starts an execution and returns it and its plan's digest when somebody can decide on it."""
        execution = self.start(given)
        self.stack.wait_for_state(execution, "Approval", self.patience)
        until(lambda: self.stack.history(execution)[-1]["type"] == "TaskSubmitted", "the approval's task waits")
        return execution, self.stack.result(execution, "Plan")["digest"]

    def decide(self, execution: str, digest: str, decision: str = "approve", **changes: Any) -> dict[str, Any]:
        """Decides as Ann; a refusal comes back under `error`."""
        said = {"execution": execution, "digest": digest, "decision": decision, "by": "Ann", "reason": "looked at it"}
        return self.stack.decide(self.deployment, **said | changes)

    def entered(self, execution: str) -> list[str]:
        """The states that the execution entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.stack.history(execution)
            if "stateEnteredEventDetails" in event
        ]
