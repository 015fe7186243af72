"""`make run`: one complete run, from nothing to the mail. It leaves nothing behind.

The run itself is the command's: `lockstep run local`, and `lockstep approve` or `lockstep reject` where it is decided.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from local import build, paths, up
from local.deploy import Deployment
from local.mailbox import Mail
from local.stack import Stack
from local.terminal import Terminal
from local.text import lines


def run() -> int:
    """Returns the exit status of the execution."""
    terminal = Terminal()
    up.refuse_if_running(paths.DEFAULT_STACK)
    env, migrations = up.wanted_environment(), up.migrations()
    up.answer()

    def say(text: str) -> None:
        terminal.line(text, "dim")

    # Before anything is started, because a compile error is best reported at once.
    build.build(say)
    command = build.PROGRAM
    with Stack(migrations=migrations, say=say) as stack:
        try:
            return _migrate(stack, stack.deploy(env), command, terminal)
        finally:
            terminal.line()
            terminal.line("Stopping what was started", "dim")


def _migrate(stack: Stack, deployment: Deployment, command: Path, terminal: Terminal) -> int:
    settings = os.environ | {"LOCKSTEP_LOCAL": str(stack.state)}
    arguments = [str(command), "run", "local"]
    answer = up.answer()
    is_asked = not answer and sys.stdin.isatty() and sys.stderr.isatty()
    if is_asked:
        arguments.append("--ask")
    terminal.line()
    with subprocess.Popen(arguments, env=settings, stdin=None if is_asked else subprocess.DEVNULL) as following:
        try:
            if not is_asked:
                _decide_if_it_waits(following, stack, deployment, command, terminal)
            status = following.wait()
        except BaseException:
            # Ctrl-C at a terminal has reached it too. The stack's end ends the run.
            following.terminate()
            raise
    if execution := stack.newest_execution(deployment):
        _keep_report(terminal, stack, deployment, execution)
    for mail in stack.mailbox(deployment).mails():
        _show(terminal, mail)
    return status


def _decide_if_it_waits(
    following: subprocess.Popen[bytes], stack: Stack, deployment: Deployment, command: Path, terminal: Terminal
) -> None:
    """Decides as APPROVE says, by default no, once the run waits for it."""
    while following.poll() is None:
        execution = stack.newest_execution(deployment)
        if execution and stack.waits_for_approval(execution):
            break
        time.sleep(0.2)
    else:
        return
    _keep_report(terminal, stack, deployment, execution)
    answer = up.answer()
    if not answer:
        terminal.line("            There is no terminal to ask at, so the run is rejected. The same command with APPROVE=yes in front of it approves.")
    reason = f"APPROVE={answer}" if answer else "there was no terminal to ask at"
    verb = "approve" if answer == "yes" else "reject"
    digest = stack.result(execution, "Plan")["digest"]
    arguments = [str(command), verb, "local", execution.rpartition(":")[2], "--digest", digest, "--reason", reason]
    settings = os.environ | {"LOCKSTEP_LOCAL": str(stack.state)}
    # The line that follows the run says how it was decided. A refusal is on the standard error.
    subprocess.run(arguments, env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)


def _keep_report(terminal: Terminal, stack: Stack, deployment: Deployment, execution: str) -> None:
    """Saves the report on the plan, if there is one, in a place that outlives the stack and its bucket."""
    plan: dict[str, Any] = stack.result(execution, "Plan") or {}
    if not plan.get("report"):
        return
    paths.REPORTS.mkdir(parents=True, exist_ok=True)
    file = paths.REPORTS / f"{execution.rpartition(':')[2]}.html"
    if file.exists():
        return
    key = f"{plan['report']['key']}/report.html"
    found = stack.client("s3").get_object(Bucket=deployment.outputs["ReportsBucketName"], Key=key)
    paths.write_private(file, found["Body"].read())
    terminal.line(f"  report  {file}")


def _show(terminal: Terminal, mail: Mail) -> None:
    """Prints a mail in a frame."""
    terminal.heading("Mail")
    terminal.line(f"  ┌ {mail.subject}", "cyan")
    for line in lines(mail.body):
        terminal.line(f"  {terminal.paint('│', 'cyan')} {line}")
    terminal.line("  └", "cyan")
