"""A deployed stack, wherever it is: starts executions, waits for them, decides on them."""

from __future__ import annotations

import re
from typing import Any

from local.deploy import Deployment
from local.stack import Stack
from proofs.harness.waiting import until
from scripts.operate import function_url


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

    def decide(
        self, execution: str, digest: str, decision: str = "approve", by: str = "Ann", **changes: Any
    ) -> dict[str, Any]:
        """Decides as somebody: in prod with that one's signature, elsewhere in a direct invocation that gives the name.
        A refusal comes back under `error`, with its type, its message and at the function URL its status."""
        said = {"execution": execution, "digest": digest, "decision": decision, "reason": "looked at it"} | changes
        if self.deployment.environment != "prod":
            return self.stack.decide(self.deployment, by=by, **said)
        status, answer = self.call("POST", key=key_of(by), body=said)
        if status == 200:
            return answer
        return {"error": {"errorType": answer["error"], "errorMessage": answer["message"], "status": status}}

    def call(self, method: str, key: str = "Ann", **what: Any) -> tuple[int, dict[str, Any]]:
        """Status and answer of the approve function's URL."""
        return function_url.call(self.stack.target(self.deployment, key), "approve", method, **what)

    def pending(self, execution: str) -> dict[str, Any]:
        """What the approve function's URL shows of an execution."""
        status, shown = self.call("GET", query={"execution": execution})
        assert status == 200, shown
        return shown

    def stored_object(self, key: str, ending: str) -> dict[str, Any]:
        """A rendering of a report in the stack's bucket, as S3 describes it."""
        bucket = self.deployment.outputs["ReportsBucketName"]
        return self.stack.client("s3").get_object(Bucket=bucket, Key=f"{key}/report.{ending}")

    def stored(self, key: str, ending: str) -> bytes:
        """Its content."""
        return self.stored_object(key, ending)["Body"].read()

    def entered(self, execution: str) -> list[str]:
        """The states that the execution entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.stack.history(execution)
            if "stateEnteredEventDetails" in event
        ]


def key_of(name: str) -> str:
    """The access key id of somebody, which has no room for spaces."""
    return re.sub(r"[^\w+=.@-]+", ".", name)
