"""Approves or rejects an execution that waits for it, by invoking the approve function."""

from __future__ import annotations

import argparse
import json
import sys

from scripts.operate.errors import EXPECTED, explain
from scripts.operate.target import Target, find
from scripts.operate.terminal import Terminal

REFUSED = 2


class Refused(RuntimeError):
    """The approve function did not accept the decision."""


def decide(target: Target, execution: str, digest: str, decision: str, by: str, reason: str) -> dict[str, str]:
    """The recorded decision; raises `Refused` with the function's own words."""
    request = {
        "execution": target.execution_arn(execution), "digest": digest, "decision": decision, "by": by, "reason": reason,
    }
    answer = target.client("lambda").invoke(
        FunctionName=target.function("approve"), Payload=json.dumps(request).encode()
    )
    payload = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise Refused(payload.get("errorMessage", json.dumps(payload)))
    return payload


def main(decision: str) -> int:
    """The command line of scripts/approve and scripts/reject."""
    parser = argparse.ArgumentParser(
        prog=f"scripts/{decision}", description=f"{decision.capitalize()}s a migration run that waits for approval."
    )
    parser.add_argument("environment", help="dev, qa, prod or local")
    parser.add_argument("execution", help="the execution's name or ARN")
    parser.add_argument("--digest", required=True, help="the digest of the plan that you read")
    parser.add_argument("--by", required=True, help="who decides")
    parser.add_argument("--reason", required=True, help="why; it goes into the record and the mail")
    parser.add_argument("--project", help="the template's parameter Project (lockstep); an ARN says it itself")
    given = parser.parse_args()
    terminal = Terminal()
    stack, region = given.environment, None
    try:
        target = find(given.environment, given.project, given.execution)
        stack, region = target.stack, target.region
        recorded = decide(target, given.execution, given.digest, decision, given.by, given.reason)
    except Refused as refusal:
        Terminal(sys.stderr).line(f"Refused: {refusal}", "red")
        return REFUSED
    except EXPECTED as failure:
        Terminal(sys.stderr).line(f"scripts/{decision}: {explain(failure, stack, region)}", "red")
        return 1
    mark = terminal.paint("✓", "green") if decision == "approve" else terminal.paint("✗", "red")
    terminal.line(f"{mark} {recorded['decision']} by {recorded['by']} ({recorded['identity']}): {recorded['reason']}")
    return 0
