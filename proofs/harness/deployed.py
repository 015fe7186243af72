"""A deployed stack, on AWS or local: starts executions, waits for them, decides on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.deploy import Deployment
from local.stack import Ended, NotDecided, Stack
from local.wire.approve import Decided, Shown
from local.wire.request import Input
from proofs.harness import function_url
from proofs.harness.waiting import until


class Deployed:
    """One deployment, with the operations that work on AWS and locally."""

    def __init__(self, stack: Stack, deployment: Deployment) -> None:
        self.stack = stack
        self.deployment = deployment
        self.patience = 90.0

    def start(self, given: Mapping[str, object] | str | None = None) -> str:
        """Starts an execution and returns its ARN."""
        return self.stack.start_execution(self.deployment, given)

    def wait(self, execution: str, seconds: float = 0) -> Ended:
        """Waits until the execution has ended, and returns it."""
        return self.stack.wait(execution, seconds or self.patience)

    def run(self, given: Mapping[str, object] | str | None = None, seconds: float = 0) -> Ended:
        """Starts an execution, waits until it has ended, and returns it."""
        return self.wait(self.start(given), seconds)

    def start_and_wait_for_approval(self, given: Input | None = None) -> tuple[str, str]:
        """Starts an execution and waits until it can be decided on. Returns it and the digest of its plan."""
        execution = self.start(given)
        self.stack.wait_for_state(execution, "Approval", self.patience)
        until(lambda: self.stack.waits_for_approval(execution), "the approval's task waits")
        return execution, self.stack.result(execution, "Plan")["digest"]

    def decide(
        self, execution: str, digest: str, decision: str = "approve", by: str = "Ann", **changes: Any
    ) -> Decided | NotDecided:
        """Decides in the name `by`: in prod with that person's signature, elsewhere in a direct invocation that contains the
        name. A refusal is returned under `error`, with its type, its message and, at the function URL, its status."""
        said = {"execution": execution, "digest": digest, "decision": decision, "reason": "looked at it"} | changes
        if self.deployment.environment != "prod":
            return self.stack.decide(self.deployment, by=by, **said)
        status, answer = self.call("POST", key=key_of(by), body=said)
        if status == 200:
            return answer
        return {"error": {"errorType": answer["error"], "errorMessage": answer["message"], "status": status}}

    def call(self, method: str, key: str = "Ann", **what: Any) -> tuple[int, Any]:
        """Calls the approve function's URL. Returns the HTTP status and the answer."""
        return function_url.call(self.stack, self.deployment.function("approve"), key, method, **what)

    def pending(self, execution: str) -> Shown:
        """Returns what the approve function's URL shows of an execution."""
        status, shown = self.call("GET", query={"execution": execution})
        assert status == 200, shown
        return shown

    def stored_object(self, key: str, ending: str) -> dict[str, Any]:
        """Returns a rendering of a report in the stack's bucket, as S3 describes it."""
        bucket = self.deployment.outputs["ReportsBucketName"]
        return self.stack.client("s3").get_object(Bucket=bucket, Key=f"{key}/report.{ending}")

    def stored(self, key: str, ending: str) -> bytes:
        """Returns the content of a rendering."""
        return self.stored_object(key, ending)["Body"].read()

    def entered(self, execution: str) -> list[str]:
        """Returns the states that the execution entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.stack.history(execution)
            if "stateEnteredEventDetails" in event
        ]


def key_of(name: str) -> str:
    """Returns a person's access key id, which may not contain spaces."""
    return re.sub(r"[^\w+=.@-]+", ".", name)
