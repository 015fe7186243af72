"""Approves or rejects an execution that waits for it, through the approve function's URL.

The request is signed with the caller's AWS credentials; AWS verifies them, and the record names their owner.
"""

from __future__ import annotations

import sys

from scripts.operate import function_url, show
from scripts.operate.arguments import PLACES, Parser
from scripts.operate.errors import EXPECTED, exit_code, explain
from scripts.operate.target import Target, find
from scripts.operate.terminal import Terminal
from scripts.wire.approve import Answer, Decided, Refusal, Verb

REFUSED = 2


class Refused(RuntimeError):
    """The approve function did not accept the decision."""


def decide(
    target: Target, execution: str, digest: str, decision: Verb, reason: str, on_behalf_of: str | None = None
) -> Decided:
    """Sends the decision and returns it as recorded. Raises `Refused` with the function's own words."""
    request: Answer = {
        "execution": target.execution_arn(execution), "digest": digest, "decision": decision, "reason": reason,
    }
    if on_behalf_of is not None:
        request["onBehalfOf"] = on_behalf_of
    status, answer = function_url.call(target, "approve", "POST", body=request)
    if status == 200:
        return answer
    refusal: Refusal = answer
    raise Refused(refusal.get("message") or f"the function answered {status}")


def main(decision: Verb, arguments: list[str] | None = None) -> int:
    """Runs scripts/approve or scripts/reject. Returns the exit status."""
    parser = Parser(
        prog=f"scripts/{decision}",
        description=f"{decision.capitalize()}s a migration run that waits for approval, as the owner of your AWS credentials.",
    )
    parser.add_argument("environment", nargs="?", choices=PLACES, help="not needed with an ARN")
    parser.add_argument("execution", help="the execution's name or ARN")
    parser.add_argument("--digest", required=True, help="the digest of the plan that you read")
    parser.add_argument("--reason", required=True, help="the reason, for the record and the mail")
    parser.add_argument(
        "--on-behalf-of", metavar="NAME", help="the person who decided, if you only pass the decision on; the record names both"
    )
    parser.add_argument("--project", help="the template's parameter Project (lockstep); an ARN says it itself")
    given = parser.parse_intermixed_args(arguments)
    stack, region = given.environment or given.execution, None
    try:
        target = find(given.environment, given.project, given.execution)
        stack, region = target.stack, target.region
        recorded = decide(target, given.execution, given.digest, decision, given.reason, given.on_behalf_of)
    except Refused as refusal:
        Terminal(sys.stderr).line(f"Refused: {refusal}", "red")
        return REFUSED
    except EXPECTED as failure:
        Terminal(sys.stderr).line(f"scripts/{decision}: {explain(failure, stack, region)}", "red")
        return exit_code(failure)
    except KeyboardInterrupt:
        Terminal(sys.stderr).line("Interrupted. scripts/show tells whether it was decided", "yellow")
        return 130
    Terminal().line(*show.verdict(recorded))
    return 0
