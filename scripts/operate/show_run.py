"""scripts/show: everything that is known of one run, for the person who decides on it and for later questions."""

from __future__ import annotations

import sys
import webbrowser
from datetime import datetime

from scripts.operate import record, report, show
from scripts.operate.arguments import PLACES, Parser
from scripts.operate.errors import EXPECTED, exit_code, explain
from scripts.operate.follow import decision_commands, name_of, show_command
from scripts.operate.record import Run
from scripts.operate.target import Target, find
from scripts.operate.terminal import Terminal, local_time, milliseconds, seconds
from scripts.operate.text import as_json
from scripts.wire.record import Decision, Known
from scripts.wire.request import Input, Request
from scripts.wire.steps import ApplyOutput

_DUTIES = {
    "roles": "no role may both start and approve",
    "names": "the requester's and the approver's names differ",
    "unchecked": "not separated",
}

#: The status that `show.failure` expects, for the outcomes that have no error of their own.
_STATUS = {"stopped": "ABORTED", "timedOut": "TIMED_OUT"}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = Parser(
        prog="scripts/show",
        description="Shows one migration run: who asked, what was planned, who decided, what ran, how it ended.",
    )
    parser.add_argument("environment", nargs="?", choices=PLACES, help="not needed with an ARN")
    parser.add_argument("execution", help="the execution's name or ARN")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="the record (before the end: its parts so far) as JSON")
    how.add_argument("--open", action="store_true", help="open the report in a browser")
    how.add_argument("--report", action="store_true", help="show the report as Markdown")
    parser.add_argument("--project", help="the template's parameter Project (lockstep); an ARN says it itself")
    given = parser.parse_intermixed_args(arguments)
    stack, region = given.environment or given.execution, None
    try:
        target = find(given.environment, given.project, given.execution)
        stack, region = target.stack, target.region
        run = record.read(target, target.execution_arn(given.execution))
        if given.open:
            return open_report(Terminal(), target, run)
        if given.report:
            show.markdown(Terminal(), report.fetch(target, run.record.get("plan"), "md").decode())
            return 0
    except (*EXPECTED, report.NoReport) as failure:
        Terminal(sys.stderr).line(f"scripts/show: {explain(failure, stack, region)}", "red")
        return exit_code(failure)
    if given.json:
        print(as_json(run.record, sys.stdout.encoding))
    else:
        describe(Terminal(), target, run)
    return 0


def open_report(terminal: Terminal, target: Target, run: Run) -> int:
    """Fetches the report to a temporary file and opens it in the browser. It decides nothing. Returns the exit status."""
    file = report.save(report.fetch(target, run.record.get("plan"), "html"), name_of(run.execution))
    terminal.line(str(file))
    if not webbrowser.open(file.as_uri()):
        terminal.line("No browser could be started: open that file yourself", "yellow")
    return 0


def describe(terminal: Terminal, target: Target, run: Run) -> None:
    """Prints the run so far."""
    told = run.record
    terminal.line(f"{terminal.paint(target.stack, 'bold')}  {name_of(run.execution)}")
    terminal.line(run.execution, "dim")
    _request(terminal, told)
    if plan := told.get("plan"):
        if preflight := told.get("preflight"):
            show.warnings(terminal, preflight["warnings"])
        show.plan(terminal, plan)
    if approval := told.get("approval"):
        terminal.heading("Approval")
        _decision(terminal, approval)
    if apply := told.get("apply"):
        _applied(terminal, apply)
    if run.status == "RUNNING":
        _now(terminal, target, run)
    else:
        _end(terminal, told)
    _ran_on(terminal, told)


def _request(terminal: Terminal, told: Known) -> None:
    request: Input | Request = told.get("request") or {}
    database, preflight = told.get("database"), told.get("preflight")
    where = [database["instance"]] if database else []
    where += [preflight["facts"]["database"], preflight["facts"]["serverVersion"]] if preflight else []
    terminal.heading("Request")
    _facts(terminal, [
        ("asked by", f"{request['requestedBy']} (claimed)" if request.get("requestedBy") else "not given"),
        ("reason", request.get("reason")),
        ("commit", request.get("commit")),
        ("mode", request.get("mode") if request.get("mode") == "plan" else None),
        ("up to", request.get("upTo")),
        ("started", local_time(told["startedAt"]) if told.get("startedAt") else None),
        ("database", ", ".join(part for part in where if part)),
    ])


def _decision(terminal: Terminal, approval: Decision) -> None:
    when = f" at {local_time(approval['at'])}" if approval.get("at") else ""
    show.decision(terminal, approval, when)
    version = f"approve {approval['version']}" if approval.get("version") else None
    _facts(terminal, [("duties", _DUTIES.get(approval.get("duties", ""))), ("version", version)])


def _applied(terminal: Terminal, apply: ApplyOutput) -> None:
    terminal.heading("Applied")
    for migration in apply["migrations"]:
        terminal.line(f"    {migration['name']}  {terminal.paint(milliseconds(migration['durationMs']), 'dim')}")
    if apply["omitted"]:
        terminal.line(f"    ... and {apply['omitted']} more", "dim")
    terminal.line(
        f"  {apply['applied']} of {apply['total']}, in {milliseconds(apply['durationMs'])}"
        + (f"; {apply['appliedElsewhere']} by another run meanwhile" if apply["appliedElsewhere"] else "")
    )


def _now(terminal: Terminal, target: Target, run: Run) -> None:
    terminal.heading("Now")
    if not run.waits:
        terminal.line(f"  Running: in state {run.position.state or 'none yet'}", "yellow")
        return
    terminal.line(f"  ⏸ Waiting for approval until {local_time(run.position.expires_at)}", "yellow")
    mail, planned = run.position.request_mail, run.record.get("plan")
    if mail and mail.get("error"):
        show.lost_mail(terminal, "that asks for it", mail["error"])
    read_it = [f"{show_command(target, run.execution)} --open"] if planned and "report" in planned else []
    for command in (*read_it, *decision_commands(target, run.execution, planned["digest"] if planned else "")):
        terminal.line(f"    {command}")


def _end(terminal: Terminal, told: Known) -> None:
    if failure := told.get("failure"):
        status = _STATUS.get(told.get("outcome", ""), "FAILED")
        show.failure(terminal, status, failure["error"] if status == "FAILED" else "", failure["cause"])
        show.lost_mails(terminal, told)
    else:
        show.result(terminal, told, _took(told))
    ended = local_time(told["endedAt"]) if told.get("endedAt") else None
    if ended and failure:
        ended += f", after {seconds(_took(told))}"
    _facts(terminal, [("in state", failure.get("step") if failure else None), ("ended", ended)])


def _took(told: Known) -> float:
    if "durationMs" in told:
        return told["durationMs"] / 1000
    if told.get("endedAt"):
        return (datetime.fromisoformat(told["endedAt"]) - datetime.fromisoformat(told["startedAt"])).total_seconds()
    return 0.0


def _ran_on(terminal: Terminal, told: Known) -> None:
    versions, notifications = told.get("versions") or {}, told.get("notifications") or {}
    mails = [
        (f"mail: {name}", f"sent ({mail.get('messageId')})" if mail["sent"] else mail.get("error") or "nothing to tell")
        for name, mail in (("approved", notifications.get("approved")), ("ended", notifications.get("ended"))) if mail
    ]
    if versions or mails:
        terminal.heading("Ran on")
        numbers = ", ".join(f"{name} {arn.rsplit(':', 1)[-1]}" for name, arn in versions.items())
        _facts(terminal, [("versions", numbers), *mails])


def _facts(terminal: Terminal, facts: list[tuple[str, str | None]]) -> None:
    for name, value in facts:
        if value:
            terminal.line(f"  {terminal.paint(f'{name:<14}', 'dim')} {value}")
