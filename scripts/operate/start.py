"""Starts an execution."""

from __future__ import annotations

import getpass
import json
import os
import re
import secrets
from datetime import UTC, datetime
from typing import Any

from scripts.operate.target import Target

_EXAMPLE = '{"mode": "plan"}'


def execution_input(
    mode: str | None = None,
    up_to: str | None = None,
    reason: str | None = None,
    require_approval: bool = False,
    more: str | None = None,
    requested_by: str | None = None,
    commit: str | None = None,
) -> dict[str, Any]:
    """The execution's input from the command line: only what was given, and who asks, also where nobody said so."""
    try:
        given = json.loads(more) if more else {}
    except ValueError as failure:
        raise ValueError(f"--input: give a JSON object, such as '{_EXAMPLE}' ({failure})") from None
    if not isinstance(given, dict):
        raise ValueError(f"--input: give a JSON object, such as '{_EXAMPLE}'")
    options = {
        "mode": mode, "upTo": up_to, "reason": reason, "requireApproval": require_approval or None,
        "requestedBy": requested_by, "commit": commit,
    }
    return {"requestedBy": requester()} | given | {name: value for name, value in options.items() if value is not None}


def requester() -> str:
    """Who starts the run, as far as this machine knows. A container may run as somebody without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def start(target: Target, given: dict[str, Any]) -> str:
    """Starts an execution under a name of its own and returns its ARN."""
    # A name that cannot repeat: a repeated one may be taken for the same request.
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{re.sub('[^a-z]', '', str(given.get('mode', 'apply')))[:10] or 'run'}-{moment}-{secrets.token_hex(3)}"
    started = target.client("stepfunctions").start_execution(
        stateMachineArn=target.state_machine_arn(), name=name, input=json.dumps(given)
    )
    return started["executionArn"]
