"""The command line of scripts/migrate: starts an execution and follows it, follows one, or stops one."""

from __future__ import annotations

import argparse
import sys

from scripts.operate.errors import EXPECTED, explain
from scripts.operate.follow import INTERRUPTED, Follower
from scripts.operate.start import execution_input, requester, start
from scripts.operate.target import find, stack_name
from scripts.operate.terminal import Terminal

_STATUSES = """\
exit status:
  0  the execution succeeded
  1  it failed, or could not be started
  3  it was rejected
  4  nobody decided in time
  5  it was stopped
  6  it timed out as a whole
  130  you stopped following; the execution goes on
"""


def main() -> int:
    """Returns the exit status."""
    given = _arguments()
    terminal = Terminal()
    stack = stack_name(given.environment, given.project)
    try:
        target = find(given.environment, given.project)
        if given.stop:
            execution = target.execution_arn(given.stop)
            target.client("stepfunctions").stop_execution(
                executionArn=execution, error="Stopped", cause=f"Stopped by {requester()} with scripts/migrate"
            )
            terminal.line(f"Stopped {execution}")
            return 0
        if given.follow:
            execution = target.execution_arn(given.follow)
        else:
            request = execution_input(
                given.mode, given.up_to, given.reason, given.require_approval, given.input
            )
            execution = start(target, request)
        terminal.line(f"{terminal.paint(target.stack, 'bold')}  {execution.rsplit(':', 1)[1]}")
        terminal.line(execution, "dim")
        follower = Follower(target, execution, terminal)
        try:
            return follower.follow()
        except KeyboardInterrupt:
            return follower.interrupted()
    except (*EXPECTED, ValueError) as failure:
        Terminal(sys.stderr).line(f"scripts/migrate: {explain(failure, stack)}", "red")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/migrate",
        description="Starts a migration run and follows it to its end.",
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("environment", help="dev, qa, prod, or local (the stack of `make up`)")
    parser.add_argument("--mode", choices=("apply", "plan"), help="plan only looks")
    parser.add_argument("--up-to", metavar="MIGRATION", help="the last migration to apply")
    parser.add_argument("--reason", help="why; it goes into the record")
    parser.add_argument("--require-approval", action="store_true", help="ask for approval also where it is not a must")
    parser.add_argument("--input", metavar="JSON", help="the execution's input; the options above are added to it")
    parser.add_argument("--follow", metavar="EXECUTION", help="follow this one instead of starting one")
    parser.add_argument("--stop", metavar="EXECUTION", help="stop this one instead of starting one")
    parser.add_argument("--project", default="lockstep", help="the template's parameter Project")
    return parser.parse_args()
