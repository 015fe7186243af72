"""The stack that a script works on, and the clients to reach it.

`dev`, `qa` and `prod` are stacks in the AWS account of the caller's credentials. Their Region comes from the caller's
environment, or else from samconfig.toml. `local` is the stack that `make up` keeps running. The SDK's own
AWS_ENDPOINT_URL* variables count too, so that inside `eval "$(local/env)"` the plain names mean the local stack.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from scripts.operate import environment, paths, samconfig

DEFAULT_PROJECT = "lockstep"
ENVIRONMENTS = ("dev", "qa", "prod")
STEPS = ("preflight", "plan", "apply", "approve", "notify")


class NoSuchTarget(RuntimeError):
    """The stack cannot be found; the message says what to do."""


class WrongArguments(NoSuchTarget):
    """The arguments cannot name a stack."""


@dataclass(frozen=True)
class Target:
    """A deployed stack."""

    word: str
    stack: str
    session: boto3.session.Session | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str | None:
        """The stack's Region."""
        return self.session.region_name if self.session else self.settings.get("AWS_REGION")

    def client(self, service: str) -> Any:
        """Returns a client in the caller's account, or in the local stack."""
        if self.session is None:
            special = f"AWS_ENDPOINT_URL_{'SFN' if service == 'stepfunctions' else service.upper()}"
            endpoint = self.settings.get(special, self.settings["AWS_ENDPOINT_URL"])
            return environment.client(service, endpoint, self.settings)
        config = Config(read_timeout=120, retries={"max_attempts": 5, "mode": "standard"})
        return self.session.client(service, config=config)

    def credentials(self) -> Any:
        """Returns the credentials that sign the caller's own requests."""
        if self.session is None:
            return Credentials(self.settings["AWS_ACCESS_KEY_ID"], self.settings["AWS_SECRET_ACCESS_KEY"])
        found = self.session.get_credentials()
        if found is None:
            raise NoCredentialsError
        return found.get_frozen_credentials()

    @cached_property
    def caller(self) -> dict[str, str]:
        """The caller as STS names it: `Account` and `Arn`."""
        return self.client("sts").get_caller_identity()

    @property
    def is_local(self) -> bool:
        """Whether it is a stack on this machine, under any name."""
        return self.caller["Account"] == environment.ACCOUNT

    def state_machine_arn(self) -> str:
        """Returns the stack's state machine, found by its name in the caller's account and Region."""
        states = self.client("stepfunctions")
        partition = self.caller["Arn"].split(":")[1]
        return f"arn:{partition}:states:{states.meta.region_name}:{self.caller['Account']}:stateMachine:{self.stack}"

    def function(self, step: str) -> str:
        """Returns a function's name."""
        return f"{self.stack}-{step}"

    def log_group(self, step: str) -> str:
        """Returns a function's log group."""
        return f"/aws/lambda/{self.function(step)}"

    def execution_arn(self, execution: str) -> str:
        """Returns an execution's ARN, given the ARN or the name."""
        if execution.startswith("arn:"):
            return execution
        return self.state_machine_arn().replace(":stateMachine:", ":execution:", 1) + f":{execution}"


def project_option(stack: str) -> str:
    """Returns the option that a printed command needs to find this stack again; empty for the default project."""
    return "" if _project(stack) == DEFAULT_PROJECT else f" --project {_project(stack)}"


def find(word: str | None, project: str | None = None, execution: str = "") -> Target:
    """Returns the stack that a word on the command line means. An execution's ARN contains the project, and also the
    environment if there is no word."""
    region, stack = _named_by(execution)
    word = word or stack.rpartition("-")[2]
    if not word:
        raise WrongArguments(f"Name the environment before '{execution}', or give the execution's whole ARN")
    if word not in (*ENVIRONMENTS, "local"):
        raise WrongArguments(f"There is no environment '{word}': use {', '.join(ENVIRONMENTS)} or local")
    wanted = f"{project or _project(stack) or DEFAULT_PROJECT}-migrations-{word}"
    if stack and word != "local" and stack != wanted:
        raise WrongArguments(f"{execution} is an execution of {stack}, not of {wanted}")
    if word == "local" or _is_on_this_machine(execution):
        return local_target(Path(os.environ.get("LOCKSTEP_LOCAL") or paths.DEFAULT_STACK), project, stack)
    default_region, profile = samconfig.place(word)
    # boto3 itself reads only AWS_DEFAULT_REGION; the aws CLI and the other SDKs read AWS_REGION.
    place = region or os.environ.get("AWS_REGION") or default_region
    return Target(word, wanted, boto3.session.Session(region_name=place, profile_name=profile))


def local_target(state: Path, project: str | None = None, stack: str = "") -> Target:
    """Returns the stack whose state is in a directory. If the project has several, it is the named one, or else the
    last deployed one."""
    file = state / "stack.json"
    if not file.exists():
        raise NoSuchTarget("No local stack is running: start one with `make up`")
    kept = json.loads(file.read_text())
    prefix = f"{project or DEFAULT_PROJECT}-migrations-"
    deployed = [one["stack"] for one in kept["deployments"]]
    found = [name for name in deployed if (name == stack if stack else name.startswith(prefix))]
    if not found:
        what = f"'{stack}'" if stack else f"the project '{project or DEFAULT_PROJECT}'"
        raise NoSuchTarget(f"The local stack has nothing of {what} deployed yet")
    return Target("local", found[-1], settings=kept["environment"])


def _project(stack: str) -> str:
    return stack.rpartition("-migrations-")[0]


def _is_on_this_machine(execution: str) -> bool:
    """Returns whether an ARN belongs to a local stack. The commands in that stack's mails have the environment's own
    word. With an endpoint in this process's environment the word leads there anyway."""
    return f":{environment.ACCOUNT}:" in execution and "AWS_ENDPOINT_URL" not in os.environ


def _named_by(execution: str) -> tuple[str, str]:
    """Returns the Region and the stack in an execution's ARN; a bare name contains neither."""
    if not execution.startswith("arn:"):
        return "", ""
    parts = execution.split(":")
    if len(parts) != 8 or parts[5] != "execution":
        raise WrongArguments(f"{execution} is not the ARN of an execution")
    return parts[3], parts[6]
