"""Follows one execution until it ends, and turns its end into an exit status."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError

from scripts.operate import show
from scripts.operate.history import Described, History, Step, plain_cause
from scripts.operate.position import Position
from scripts.operate.progress import ApplyLog, Progress
from scripts.operate.target import Target, project_option
from scripts.operate.terminal import Terminal, local_time, milliseconds, plural, seconds
from scripts.wire.record import Known

SUCCEEDED, FAILED, REJECTED, EXPIRED, STOPPED, TIMED_OUT, LOST, INTERRUPTED = 0, 1, 3, 4, 5, 6, 7, 130

#: A migration that takes longer than this many seconds is announced before it is done.
_LONG = 3.0

#: In a run of more migrations than this, those applied since the last poll are summed up in one line.
_MANY = 50

#: CloudWatch has log lines late. For so many seconds after the end, the last lines of the apply function are waited for.
_LATE = 10.0

#: The platform ended an attempt whose error begins with one of these names, so the attempt logged no end.
_OF_THE_PLATFORM = ("Lambda.", "Sandbox.", "Runtime.", "States.")

_SAID = {
    "DatabaseStatus": "Looking up the database instance",
    "Preflight": "Connecting to the database",
    "Plan": "Planning",
    "Approval": "Asking for approval",
    "Apply": "Applying",
    "NotifySuccess": "Notifying",
    "NotifyFailure": "Notifying",
}

#: Called with the plan's digest when the execution waits for a decision. `make run` uses it to ask at the terminal.
OnApproval = Callable[[str], None]


class Follower:
    """Follows one execution."""

    def __init__(
        self, target: Target, execution: str, terminal: Terminal, on_approval: OnApproval | None = None
    ) -> None:
        self.target = target
        self.execution = execution
        self.terminal = terminal
        self.on_approval = on_approval
        self.output: Known = {}
        self.position = Position()
        #: The exit status, once the execution has ended.
        self.status: int | None = None
        self._states = target.client("stepfunctions")
        self._history = History(self._states, execution)
        described = self._states.describe_execution(executionArn=execution)
        self._started: datetime = described["startDate"]
        since = int(self._started.timestamp() * 1000)
        self._log = ApplyLog(target.client("logs"), target.log_group("apply"), since, name_of(execution))
        self._applying: dict[int, Progress] = {}
        self._log_wanted = False
        self._attempts = 0
        self._database_status = ""

    def follow(self) -> int:
        """Follows until the execution has ended, and returns the exit status."""
        pause = 0.3 if self.target.settings else 1.5
        while True:
            described = self._states.describe_execution(executionArn=self.execution)
            for step in self._history.new_steps():
                if step.kind in ("left", "failed") and step.state == "Apply":
                    self._show_progress()
                self._show(step)
            self._show_progress()
            if described["status"] != "RUNNING":
                self.status = exit_status(described["status"], described.get("error") or "")
                self._await_log(pause)
                self._end(described)
                return self.status
            time.sleep(pause)

    def _await_log(self, pause: float) -> None:
        """Waits until each attempt's last line has arrived. Stops at Ctrl-C, at a failed call, or when no line has come
        for a while."""
        deadline = time.monotonic() + _LATE
        try:
            while self._log.ended < self._attempts and not self._log.refused and time.monotonic() < deadline:
                time.sleep(pause)
                self._show_progress()
        except (KeyboardInterrupt, BotoCoreError):
            return

    def _show(self, step: Step) -> None:
        self.position.take(step)
        if step.state == "Apply" and step.kind in ("succeeded", "failed"):
            self._attempts += not step.error.startswith(_OF_THE_PLATFORM)
        if step.kind == "entered":
            self._show_entered(step)
        elif step.kind == "failed" and step.state == "Approval" and step.error == "States.Timeout":
            self._say(step.at, "✗ No person decided in time", "red")
        elif step.kind == "failed":
            self._say(step.at, f"{step.state}: {step.error}", "yellow")
            self.terminal.indented(step.cause, by=12)
        elif step.kind == "retried":
            self._say(step.at, f"{_SAID.get(step.state, step.state)}, once more")
        elif step.kind == "succeeded":
            self._show_result(step)
        elif step.kind == "waiting" and step.state == "Approval":
            self._ask(step)

    def _show_entered(self, step: Step) -> None:
        self._log_wanted = self._log_wanted or step.state == "Apply"
        # While the database starts, these two states alternate; only a new status is news.
        if step.state == "WaitForDatabase" or (step.state == "DatabaseStatus" and self._database_status):
            return
        if step.state in _SAID:
            self._say(step.at, _SAID[step.state])

    def _show_result(self, step: Step) -> None:
        if (found := step.database) is not None:
            status = found.get("DbInstanceStatus", "unknown")
            if status not in ("available", self._database_status) or (status == "available" and self._database_status):
                self._say(step.at, f"The database instance is {status}")
            self._database_status = status
        if (preflight := step.preflight) is not None:
            show.warnings(self.terminal, preflight["warnings"])
        if (plan := step.plan) is not None:
            show.plan(self.terminal, plan)
            self.terminal.line()
        if (decision := step.decision) is not None:
            self._say(step.at, *show.verdict(decision))
        if step.state == "NotifyApproved" and (mail := step.mail) and mail.get("error"):
            show.lost_mail(self.terminal, "that tells of the approval", mail["error"])
        if (applied := step.applied) and applied["remaining"]:
            self._say(step.at, f"{plural(applied['remaining'], 'migration')} left; the next invocation goes on")

    def _ask(self, step: Step) -> None:
        plan = self.position.plan
        digest = plan["digest"] if plan else ""
        until = f" until {local_time(step.expires_at)}" if step.expires_at else ""
        self._say(step.at, f"⏸ Waiting for approval{until}", "yellow")
        if (mail := step.mail) and mail.get("error"):
            show.lost_mail(self.terminal, "that asks for it", mail["error"])
        show_it = show_command(self.target, self.execution)
        read_it = [f"{show_it} --open"] if plan and "report" in plan else []
        for line in (show_it, *read_it, *decision_commands(self.target, self.execution, digest)):
            self.terminal.line(f"            {line}")
        if self.on_approval:
            self.on_approval(digest)

    def _show_progress(self) -> None:
        if not self._log_wanted:
            return
        refused_before = self._log.refused
        done: list[Progress] = []
        for progress in self._log.new_lines():
            if progress.duration_ms is None:
                self._applying[progress.number] = progress
                continue
            self._applying.pop(progress.number, None)
            done.append(progress)
        self._say_applied(done)
        for number, progress in list(self._applying.items()):
            if (datetime.now(UTC) - progress.at).total_seconds() > _LONG:
                del self._applying[number]
                self._say(progress.at, f"applying {progress}")
        if self._log.refused and not refused_before:
            self.terminal.line(f"            The apply function's log cannot be read ({self._log.refused})", "dim")

    def _say_applied(self, done: list[Progress]) -> None:
        if len(done) > 2 and done[-1].total > _MANY:
            first, last = done[0], done[-1]
            took = sum(progress.duration_ms or 0 for progress in done)
            self._say(last.at, f"migrations {first.number} to {last.number} of {last.total} ({milliseconds(took)})")
            return
        for progress in done:
            self._say(progress.at, str(progress))

    def _end(self, described: Described) -> None:
        took = (described["stopDate"] - described["startDate"]).total_seconds()
        if described["status"] == "SUCCEEDED":
            self.output = json.loads(described.get("output") or "{}")
            show.result(self.terminal, self.output, took)
            return
        error, cause = described.get("error") or "", plain_cause(described.get("cause") or "")
        show.failure(self.terminal, described["status"], error, cause)

    def _say(self, at: datetime, text: str, *styles: str) -> None:
        elapsed = max(0.0, (at - self._started).total_seconds())
        self.terminal.line(f"{self.terminal.paint(f'{seconds(elapsed):>10}', 'dim')}  {self.terminal.paint(text, *styles)}")


def exit_status(status: str, error: str) -> int:
    """Returns 0 only for success. The other values tell a script why the execution failed."""
    if status == "SUCCEEDED":
        return SUCCEEDED
    if status == "ABORTED":
        return STOPPED
    if status == "TIMED_OUT":
        return TIMED_OUT
    return {"Approval.Rejected": REJECTED, "Approval.Expired": EXPIRED}.get(error, FAILED)


def goes_on(terminal: Terminal, target: Target, execution: str, follower: Follower | None = None) -> None:
    """Prints where an execution that is no longer followed stands, and the commands that lead back to it."""
    position = follower.position if follower else Position()
    doing, stopping = "", ""
    if position.waits:
        doing = f": it waits for approval until {local_time(position.expires_at)}"
    elif position.state == "Apply":
        doing, stopping = ": it is applying", "   (what is being applied now goes on to its end)"
    terminal.line()
    terminal.line(f"The execution goes on without you{doing}.", "yellow")
    _ways_back(terminal, target, execution, stopping)


def may_go_on(terminal: Terminal, target: Target, execution: str) -> None:
    """Prints the same commands for an execution that may or may not have started."""
    terminal.line()
    terminal.line(f"It is not known whether {name_of(execution)} was started. If it was, it goes on without you.", "yellow")
    _ways_back(terminal, target, execution)


def _ways_back(terminal: Terminal, target: Target, execution: str, stopping: str = "") -> None:
    terminal.line(f"  see it:     {show_command(target, execution)}")
    for label, option in (("follow it:", "--follow"), ("stop it:", "--stop")):
        command = f"scripts/migrate {target.word} {option} {shlex.quote(name_of(execution))}{project_option(target.stack)}"
        terminal.line(f"  {label:<10}  {command}{stopping if option == '--stop' else ''}")


def show_command(target: Target, execution: str) -> str:
    """Returns the command that shows an execution."""
    return f"scripts/show {target.word} {shlex.quote(name_of(execution))}{project_option(target.stack)}"


def decision_commands(target: Target, execution: str, digest: str) -> list[str]:
    """Returns the exact commands that approve and reject."""
    what = f"{target.word} {shlex.quote(name_of(execution))} --digest {digest}{project_option(target.stack)}"
    return [f"scripts/{verb} {what} --reason REASON" for verb in ("approve", "reject")]


def name_of(execution: str) -> str:
    """Returns an execution's name, the last part of its ARN."""
    return execution.rsplit(":", 1)[1]
