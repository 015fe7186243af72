"""`make run`: everything once, from nothing to the mail, and nothing left behind."""

from __future__ import annotations

import getpass
import os
import sys

from scripts.operate import show
from scripts.operate.decide import Refused, decide
from scripts.operate.follow import Follower
from scripts.operate.start import start
from scripts.operate.target import Target, local_target
from scripts.operate.terminal import Terminal

from local import deploy, paths, up
from local.deploy import Deployment
from local.stack import Stack


def run() -> int:
    """Returns the exit status of the execution."""
    terminal = Terminal()
    up.refuse_if_running(paths.DEFAULT_STACK)
    env, migrations = up.wanted_environment(), up.migrations()

    def say(text: str) -> None:
        terminal.line(text, "dim")

    # Before anything is started: what does not compile is best told at once.
    deploy.build(say)
    with Stack(migrations=migrations, say=say) as stack:
        try:
            return _migrate(stack, stack.deploy(env), terminal)
        finally:
            terminal.line()
            terminal.line("Stopping what was started", "dim")


def _migrate(stack: Stack, deployment: Deployment, terminal: Terminal) -> int:
    target = local_target(stack.state)
    # Without requestedBy: whoever has only this terminal may approve the run too.
    execution = start(target, {})
    terminal.heading(f"{deployment.stack}  {execution.rsplit(':', 1)[1]}")
    terminal.line("  start-execution --input '{}'", "dim")
    follower = Follower(
        target, execution, terminal, on_approval=lambda digest: _ask(terminal, target, execution, digest)
    )
    status = follower.follow()
    for mail in stack.mailbox(deployment).mails():
        show.mail(terminal, mail.subject, mail.body)
    return status


def _ask(terminal: Terminal, target: Target, execution: str, digest: str) -> None:
    """Asks at the terminal; without one, APPROVE=yes or APPROVE=no answers, and silence is a no."""
    answer = os.environ.get("APPROVE", "").lower()
    by, reason = getpass.getuser(), f"APPROVE={answer}"
    if answer not in ("yes", "no") and sys.stdin.isatty():
        answer, by, reason = _at_the_terminal(terminal)
    elif answer not in ("yes", "no"):
        terminal.line("            There is no terminal to ask at: rejecting. APPROVE=yes make run ENV=prod approves.")
        answer, reason = "no", "nobody was there to ask"
    try:
        decide(target, execution, digest, "approve" if answer == "yes" else "reject", by, reason)
    except Refused as refusal:
        # It expired, or somebody was quicker, with the command shown above; the execution knows.
        terminal.line(f"            Refused: {refusal}", "yellow")


def _at_the_terminal(terminal: Terminal) -> tuple[str, str, str]:
    try:
        terminal.line()
        answer = ""
        while answer not in ("approve", "reject"):
            typed = input("  approve or reject? ").strip().lower()
            answer = {"a": "approve", "y": "approve", "yes": "approve", "r": "reject", "n": "reject", "no": "reject"}.get(
                typed, typed
            )
        by = input(f"  your name [{getpass.getuser()}]: ").strip() or getpass.getuser()
        reason = ""
        while not reason:
            reason = input("  reason: ").strip()
    except EOFError:
        return "no", getpass.getuser(), "the terminal was closed"
    return "yes" if answer == "approve" else "no", by, reason
