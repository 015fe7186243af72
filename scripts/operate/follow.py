"""Follows one execution until it ends, and says how it ended as an exit status."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from scripts.operate import show
from scripts.operate.history import History, Step, plain_cause
from scripts.operate.progress import ApplyLog, Progress
from scripts.operate.target import Target, project_option
from scripts.operate.terminal import Terminal, plural, seconds

SUCCEEDED, FAILED, REJECTED, EXPIRED, STOPPED, TIMED_OUT, LOST, INTERRUPTED = 0, 1, 3, 4, 5, 6, 7, 130

#: A migration that takes longer than this many seconds is announced before it is done.
_LONG = 3.0

#: Of a long history, what was applied since the last look is one line.
_MANY = 50

_SAID = {
    "DatabaseStatus": "Looking up the database instance",
    "Preflight": "Connecting to the database",
    "Plan": "Planning",
    "Approval": "Asking for approval",
    "Apply": "Applying",
    "NotifySuccess": "Notifying",
    "NotifyFailure": "Notifying",
}

#: Called with the plan's digest when the execution waits for a decision; for `make run`, which asks right there.
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
        self.output: dict[str, Any] = {}
        self._states = target.client("stepfunctions")
        self._history = History(self._states, execution)
        described = self._states.describe_execution(executionArn=execution)
        self._started: datetime = described["startDate"]
        since = int(self._started.timestamp() * 1000)
        self._log = ApplyLog(target.client("logs"), target.log_group("apply"), since, name_of(execution))
        self._plan: dict[str, Any] = {}
        self._applying: dict[int, Progress] = {}
        self._log_wanted = False
        self._database_status = ""

    def follow(self) -> int:
        """Returns the exit status when the execution has ended."""
        pause = 0.3 if self.target.settings else 1.5
        while True:
            described = self._states.describe_execution(executionArn=self.execution)
            for step in self._history.new_steps():
                if step.kind in ("left", "failed") and step.state == "Apply":
                    self._show_progress()
                self._show(step)
            self._show_progress()
            if described["status"] != "RUNNING":
                return self._end(described)
            time.sleep(pause)

    def _show(self, step: Step) -> None:
        if step.kind == "entered":
            self._show_entered(step)
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
        # While the database starts, these two alternate; only a new status is news.
        if step.state == "WaitForDatabase" or (step.state == "DatabaseStatus" and self._database_status):
            return
        if step.state in _SAID:
            self._say(step.at, _SAID[step.state])

    def _show_result(self, step: Step) -> None:
        if step.state == "DatabaseStatus":
            status = step.result.get("DbInstances", [{}])[0].get("DbInstanceStatus", "unknown")
            if status not in ("available", self._database_status) or (status == "available" and self._database_status):
                self._say(step.at, f"The database instance is {status}")
            self._database_status = status
        elif step.state == "Preflight":
            show.warnings(self.terminal, step.result.get("warnings", []))
        elif step.state == "Plan":
            self._plan = step.result
            show.plan(self.terminal, self._plan)
            self.terminal.line()
        elif step.state == "Approval":
            self._say(step.at, f"Approved by {step.result.get('by')}: {step.result.get('reason')}", "green")
        elif step.state == "Apply":
            remaining = step.result.get("remaining", 0)
            if remaining:
                self._say(step.at, f"{plural(remaining, 'migration')} left; the next invocation goes on")

    def _ask(self, step: Step) -> None:
        digest = self._plan.get("digest", "")
        until = f" (until {_local_time(step.expires_at)})" if step.expires_at else ""
        self._say(step.at, f"Waiting for approval{until}", "yellow")
        for line in decision_commands(self.target, self.execution, digest):
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
            self._say(last.at, f"migrations {first.number} to {last.number} of {last.total} ({took} ms)")
            return
        for progress in done:
            self._say(progress.at, str(progress))

    def _end(self, described: dict[str, Any]) -> int:
        took = (described["stopDate"] - described["startDate"]).total_seconds()
        if described["status"] == "SUCCEEDED":
            self.output = json.loads(described.get("output") or "{}")
            show.result(self.terminal, self.output, took)
            return SUCCEEDED
        error, cause = described.get("error") or "", plain_cause(described.get("cause") or "")
        show.failure(self.terminal, described["status"], error, cause)
        return exit_status(described["status"], error)

    def _say(self, at: datetime, text: str, *styles: str) -> None:
        elapsed = max(0.0, (at - self._started).total_seconds())
        self.terminal.line(f"{self.terminal.paint(f'{seconds(elapsed):>10}', 'dim')}  {self.terminal.paint(text, *styles)}")


def exit_status(status: str, error: str) -> int:
    """0 only for success; the rest tells a script why not."""
    if status == "SUCCEEDED":
        return SUCCEEDED
    if status == "ABORTED":
        return STOPPED
    if status == "TIMED_OUT":
        return TIMED_OUT
    return {"Approval.Rejected": REJECTED, "Approval.Expired": EXPIRED}.get(error, FAILED)


def goes_on(terminal: Terminal, target: Target, execution: str) -> None:
    """Says how to get back to an execution that nobody follows any more."""
    terminal.line()
    terminal.line("The execution goes on without you.", "yellow")
    for label, option in (("follow it:", "--follow"), ("stop it:", "--stop")):
        command = f"scripts/migrate {target.word} {option} {shlex.quote(name_of(execution))}"
        terminal.line(f"  {label:<10}  {command}{project_option(target.stack)}")


def decision_commands(target: Target, execution: str, digest: str) -> list[str]:
    """The exact commands with which somebody decides."""
    what = f"{target.word} {shlex.quote(name_of(execution))} --digest {digest}{project_option(target.stack)}"
    return [f"scripts/{verb} {what} --by YOUR-NAME --reason 'WHY'" for verb in ("approve", "reject")]


def name_of(execution: str) -> str:
    """An execution's name, the last part of its ARN."""
    return execution.rsplit(":", 1)[1]


def _local_time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
