"""Which stack a script means, and the clients to reach it.

`dev`, `qa` and `prod` are stacks in the AWS account of the caller's credentials. `local` is the stack that `make up`
keeps running. The SDK's own AWS_ENDPOINT_URL* variables are honoured too, so that inside `eval "$(local/env)"` the
plain names mean the local stack.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from local import environment

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENTS = ("dev", "qa", "prod")
STEPS = ("preflight", "plan", "apply", "approve", "notify")


class NoSuchTarget(RuntimeError):
    """The stack cannot be found; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """A deployed stack."""

    word: str
    stack: str
    environment: str
    settings: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client in the caller's account, or in the local stack."""
        if self.settings:
            special = f"AWS_ENDPOINT_URL_{'SFN' if service == 'stepfunctions' else service.upper()}"
            endpoint = self.settings.get(special, self.settings["AWS_ENDPOINT_URL"])
            return environment.client(service, endpoint, self.settings)
        # A decision must not be made twice because its answer was slow.
        attempts = 1 if service == "lambda" else 5
        config = Config(read_timeout=120, retries={"max_attempts": attempts, "mode": "standard"})
        # boto3 itself reads only AWS_DEFAULT_REGION; the aws CLI and the other SDKs read this one.
        return boto3.client(service, region_name=os.environ.get("AWS_REGION"), config=config)

    def state_machine_arn(self) -> str:
        """The stack's state machine, found by its name in the caller's account and region."""
        states = self.client("stepfunctions")
        identity = self.client("sts").get_caller_identity()
        partition = identity["Arn"].split(":")[1]
        return f"arn:{partition}:states:{states.meta.region_name}:{identity['Account']}:stateMachine:{self.stack}"

    def function(self, step: str) -> str:
        """A function's name."""
        return f"{self.stack}-{step}"

    def log_group(self, step: str) -> str:
        """A function's log group."""
        return f"/aws/lambda/{self.function(step)}"

    def execution_arn(self, execution: str) -> str:
        """An execution's ARN, given that or its name."""
        if execution.startswith("arn:"):
            return execution
        return self.state_machine_arn().replace(":stateMachine:", ":execution:", 1) + f":{execution}"


def stack_name(word: str, project: str) -> str:
    """The stack of an environment; `local` stands for itself."""
    return "local" if word == "local" else f"{project}-migrations-{word}"


def find(word: str, project: str = "lockstep") -> Target:
    """The stack that a word on the command line means."""
    if word in ENVIRONMENTS:
        return Target(word, stack_name(word, project), word)
    if word != "local":
        raise NoSuchTarget(f"There is no environment '{word}': use {', '.join(ENVIRONMENTS)} or local")
    return local_target(Path(os.environ.get("LOCKSTEP_LOCAL", ROOT / ".local" / "stack")), project)


def local_target(state: Path, project: str = "lockstep") -> Target:
    """The stack whose state is in a directory; of a project's several, the one that was deployed last."""
    file = state / "stack.json"
    if not file.exists():
        raise NoSuchTarget("No local stack is running: start one with `make up`")
    kept = json.loads(file.read_text())
    deployments = [one for one in kept["deployments"] if one["stack"].startswith(f"{project}-migrations-")]
    if not deployments:
        raise NoSuchTarget(f"The local stack has nothing of the project '{project}' deployed yet")
    deployment = deployments[-1]
    return Target("local", deployment["stack"], deployment["environment"], kept["environment"])
