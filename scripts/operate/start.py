"""Starts an execution."""

from __future__ import annotations

import getpass
import json
import re
import secrets
from datetime import UTC, datetime
from typing import Any

from scripts.operate.target import Target


def execution_input(
    mode: str | None = None,
    up_to: str | None = None,
    reason: str | None = None,
    require_approval: bool = False,
    more: str | None = None,
) -> dict[str, Any]:
    """The execution's input from the command line; only what was given, so that `{}` stays `{}`."""
    given: dict[str, Any] = json.loads(more) if more else {}
    if not isinstance(given, dict):
        raise ValueError("--input must be a JSON object")
    options = {"mode": mode, "upTo": up_to, "reason": reason, "requireApproval": require_approval or None}
    return given | {name: value for name, value in options.items() if value is not None}


def requester() -> str:
    """Who starts the run, as far as this machine knows."""
    return getpass.getuser()


def start(target: Target, given: dict[str, Any]) -> str:
    """Starts an execution under a name of its own and returns its ARN."""
    # A name that cannot repeat: a repeated one may be taken for the same request.
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{re.sub('[^a-z]', '', given.get('mode', 'apply'))[:10] or 'run'}-{moment}-{secrets.token_hex(3)}"
    started = target.client("stepfunctions").start_execution(
        stateMachineArn=target.state_machine_arn(), name=name, input=json.dumps(given)
    )
    return started["executionArn"]
