"""The command line of scripts/migrate: starts an execution and follows it, follows one, or stops one."""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import ClientError

from scripts.operate.arguments import PLACES, Parser, json_object
from scripts.operate.errors import EXPECTED, exit_code, explain
from scripts.operate.follow import INTERRUPTED, LOST, Follower, goes_on, may_go_on, name_of
from scripts.operate.start import FIELDS, execution_input, new_name, requester, start
from scripts.operate.target import Target, find
from scripts.operate.terminal import Terminal, reader_left

_STATUSES = """\
exit status:
  0  the execution succeeded
  1  it failed, or could not be started
  2  the arguments are wrong
  3  it was rejected
  4  no person decided in time
  5  it was stopped
  6  it took longer than an execution may
  7  AWS no longer answered; the execution goes on, if it was started
  130  you stopped following, or what you piped to did; the execution goes on, if it was started
"""


#: The options of a new run. For an existing execution they would be ignored.
_OF_A_NEW_RUN = (*FIELDS, "input")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    given = _arguments(arguments)
    terminal, errors = Terminal(), Terminal(sys.stderr)
    stack, region = given.environment, None
    sent, started, follower = "", "", None
    try:
        target = find(given.environment, given.project, given.stop or given.follow or "")
        stack, region = target.stack, target.region
        if given.stop:
            execution = target.execution_arn(given.stop)
            target.client("stepfunctions").stop_execution(
                executionArn=execution, error="Stopped", cause=f"Stopped by {requester(target)} with scripts/migrate"
            )
            terminal.line(f"Stopped {execution}")
            return 0
        if given.follow:
            execution = target.execution_arn(given.follow)
        else:
            request = execution_input(
                requester(target), given.input, **{name: getattr(given, name) for name in FIELDS}
            )
            name = new_name(request)
            # The ARN is known before the request, so that an interruption can name the execution to look for.
            execution = target.execution_arn(name)
            sent = execution
            started = start(target, request, name)
            _heading(terminal, target, execution)
        follower = Follower(target, execution, terminal)
        if given.follow:
            # Only now is it known that the execution exists.
            _heading(terminal, target, execution)
            started = execution
        return follower.follow()
    except EXPECTED as failure:
        errors.line(f"scripts/migrate: {explain(failure, stack, region)}", "red")
        if started:
            goes_on(errors, target, started, follower)
        elif sent and not isinstance(failure, ClientError):
            # No answer came. That is not a refusal.
            may_go_on(errors, target, sent)
        else:
            return exit_code(failure)
        return LOST
    except BrokenPipeError:
        # The reader has left (`| head`), so only the standard error can tell.
        reader_left()
        if follower and follower.status is not None:
            return follower.status
        if started:
            goes_on(errors, target, started, follower)
        return INTERRUPTED if started else 0
    except KeyboardInterrupt:
        if follower and follower.status is not None:
            return follower.status
        if started:
            goes_on(terminal, target, started, follower)
        elif sent:
            may_go_on(terminal, target, sent)
        elif not (given.stop or given.follow):
            terminal.line("Nothing was started", "yellow")
        return INTERRUPTED


def _heading(terminal: Terminal, target: Target, execution: str) -> None:
    terminal.line(f"{terminal.paint(target.stack, 'bold')}  {name_of(execution)}")
    terminal.line(execution, "dim")


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="scripts/migrate",
        description="Starts a migration run and follows it to its end.",
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("environment", choices=PLACES, help="local is the stack of `make up`")
    parser.add_argument(
        "--mode", choices=("apply", "plan", "resolve", "baseline"),
        help="plan writes nothing; resolve declares how a migration ended; baseline records what the database has already;"
        " another person has to approve these two",
    )
    parser.add_argument("--up-to", metavar="MIGRATION", help="the last migration to apply, or that a baseline records")
    parser.add_argument("--migration", metavar="MIGRATION", help="with --mode resolve: which one")
    parser.add_argument(
        "--resolution", choices=("applied", "rolledBack"),
        help="with --mode resolve: all of it is in the database, or nothing of it",
    )
    parser.add_argument("--reason", help="the reason, for the record")
    parser.add_argument("--requested-by", metavar="NAME", help="who asks for the run, if not you; another person has to approve it")
    parser.add_argument("--commit", help="the released commit, for the record")
    parser.add_argument("--require-approval", action="store_true", help="ask for an approval even if none is needed")
    parser.add_argument("--input", metavar="JSON", type=json_object, help="the execution's input; the options above are added to it")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--follow", metavar="EXECUTION", help="follow this one instead of starting one")
    instead.add_argument("--stop", metavar="EXECUTION", help="stop this one instead of starting one")
    parser.add_argument("--project", help="the template's parameter Project (lockstep); an ARN says it itself")
    given = parser.parse_args(arguments)
    ignored = [f"--{name.replace('_', '-')}" for name in _OF_A_NEW_RUN if getattr(given, name)]
    if ignored and (given.follow or given.stop):
        parser.error(f"{', '.join(ignored)} goes with a new run, not with {'--follow' if given.follow else '--stop'}")
    return given
