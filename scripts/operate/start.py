"""Starts an execution."""

from __future__ import annotations

import getpass
import json
import os
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scripts.operate.target import Target
from scripts.wire.request import Input

#: The options of a new run, and the fields of the execution's input that they set.
FIELDS = {
    "mode": "mode", "up_to": "upTo", "migration": "migration", "resolution": "resolution", "reason": "reason",
    "require_approval": "requireApproval", "requested_by": "requestedBy", "commit": "commit",
}


def execution_input(asks: str, more: Mapping[str, object] | None = None, **options: object) -> Input:
    """Returns the execution's input from the command line: the options that were given, and the requester, by default
    `asks`."""
    # A person may add any JSON; preflight says what of it is wrong.
    given: Any = {"requestedBy": asks, **(more or {})}
    return given | {FIELDS[name]: value for name, value in options.items() if value}


def requester(target: Target) -> str:
    """Returns the name of the requester. On AWS it is the caller's ARN, which is compared with the ARN that signs a
    decision. In a local stack, where a caller can take any name, it is the user of this machine."""
    return user() if target.is_local else target.caller["Arn"]


def user() -> str:
    """Returns the user of this machine. A container may run as a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def new_name(given: Input) -> str:
    """Returns a name that cannot repeat. A repeated name may be taken for the same request."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{re.sub('[^a-z]', '', str(given.get('mode', 'apply')))[:10] or 'run'}-{moment}-{secrets.token_hex(3)}"


def start(target: Target, given: Input, name: str | None = None) -> str:
    """Starts an execution and returns its ARN. The same input under the same name is the same execution."""
    started = target.client("stepfunctions").start_execution(
        stateMachineArn=target.state_machine_arn(), name=name or new_name(given), input=json.dumps(given)
    )
    return started["executionArn"]
