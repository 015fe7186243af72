"""`make run`: one complete run, from nothing to the mail. It leaves nothing behind."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from local import deploy, up
from local.deploy import Deployment
from local.stack import Stack
from scripts.operate import paths, record, report, show
from scripts.operate.decide import Refused, decide
from scripts.operate.follow import Follower, name_of
from scripts.operate.start import start, user
from scripts.operate.target import Target, local_target
from scripts.operate.terminal import Terminal
from scripts.wire.request import Input

#: The approver's name. It differs from the requester's.
APPROVER = "local-approver"


def run() -> int:
    """Returns the exit status of the execution."""
    terminal = Terminal()
    up.refuse_if_running(paths.DEFAULT_STACK)
    env, migrations = up.wanted_environment(), up.migrations()
    up.answer()

    def say(text: str) -> None:
        terminal.line(text, "dim")

    # Before anything is started, because a compile error is best reported at once.
    deploy.build(say)
    with Stack(migrations=migrations, say=say) as stack:
        try:
            return _migrate(stack, stack.deploy(env), terminal)
        finally:
            terminal.line()
            terminal.line("Stopping what was started", "dim")


def _migrate(stack: Stack, deployment: Deployment, terminal: Terminal) -> int:
    target = local_target(stack.state)
    # The requester matters only where another person has to decide.
    given: Input = {"requestedBy": user()} if deployment.environment == "prod" else {}
    execution = start(target, given)
    terminal.heading(f"{deployment.stack}  {execution.rsplit(':', 1)[1]}")
    terminal.line(f"  start-execution --input '{json.dumps(given)}'", "dim")
    follower = Follower(
        target, execution, terminal, on_approval=lambda digest: _ask(terminal, target, execution, digest)
    )
    status = follower.follow()
    _keep_report(terminal, target, execution)
    for mail in stack.mailbox(deployment).mails():
        show.mail(terminal, mail.subject, mail.body)
    return status


def _keep_report(terminal: Terminal, target: Target, execution: str) -> None:
    """Saves the report on the plan, if there is one, in a place that outlives the stack and its bucket."""
    planned = record.read(target, execution).record.get("plan")
    if planned and "report" in planned:
        paths.REPORTS.mkdir(parents=True, exist_ok=True)
        file = paths.REPORTS / f"{name_of(execution)}.html"
        try:
            if not file.exists():
                paths.write_private(file, report.fetch(target, planned, "html"))
            terminal.line(f"  report  {file}")
        except report.NoReport as failure:
            terminal.line(f"  {failure}", "yellow")


def _ask(terminal: Terminal, target: Target, execution: str, digest: str) -> None:
    """Asks for a decision at the terminal. Without a terminal the decision is APPROVE=yes or APPROVE=no, by default no."""
    _keep_report(terminal, target, execution)
    answer = up.answer()
    reason = f"APPROVE={answer}"
    if not answer and sys.stdin.isatty():
        answer, reason = _at_the_terminal(terminal)
    elif not answer:
        terminal.line("            There is no terminal to ask at, so the run is rejected. The same command with APPROVE=yes in front of it approves.")
        answer, reason = "no", "there was no terminal to ask at"
    approver = replace(target, settings=target.settings | {"AWS_ACCESS_KEY_ID": APPROVER})
    try:
        decide(approver, execution, digest, "approve" if answer == "yes" else "reject", reason)
    except Refused as refusal:
        # The approval expired, or another decision came first, by the command shown above. The execution's history has it.
        terminal.line(f"            Refused: {refusal}", "yellow")


def _at_the_terminal(terminal: Terminal) -> tuple[str, str]:
    try:
        terminal.line()
        answer = ""
        while answer not in ("approve", "reject"):
            typed = input("  approve or reject? ").strip().lower()
            answer = {"a": "approve", "y": "approve", "yes": "approve", "r": "reject", "n": "reject", "no": "reject"}.get(
                typed, typed
            )
        reason = ""
        while not reason:
            reason = input("  reason: ").strip()
    except EOFError:
        return "no", "the terminal was closed"
    return "yes" if answer == "approve" else "no", reason
