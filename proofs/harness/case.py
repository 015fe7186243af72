"""One test's own part of the shared stack: a new database, its own migrations, an empty mailbox."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from pathlib import Path

from local.deploy import Deployment
from local.mailbox import Mail
from local.processes import pipe
from local.stack import Stack
from proofs.harness import build, database
from proofs.harness.deployed import Deployed
from proofs.harness.waiting import until

#: The events of the history after which the notify function has sent a mail.
_TOLD = (
    ("Approval", "TaskSubmitted"), ("NotifyApproved", "TaskSucceeded"), ("NotifySuccess", "TaskSucceeded"),
    ("NotifyFailure", "TaskSucceeded"),
)
_ENDED_BADLY = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


class Case(Deployed):
    """A deployment with an empty database and no migrations yet."""

    def __init__(self, stack: Stack, deployment: Deployment, migrations: Path) -> None:
        super().__init__(stack, deployment)
        self.connection = stack.use_database(f"test_{uuid.uuid4().hex[:12]}")
        self.migrations = migrations
        self.use_migrations(migrations)
        stack.mailbox(deployment).clear()
        self._earlier = set(self._executions())
        self._started = time.time()

    def close(self) -> None:
        """Ends the executions that still run, so that they do not disturb the next test."""
        for execution in self.executions():
            self.stack.client("stepfunctions").stop_execution(executionArn=execution)
            self.wait(execution)
        self.stack.describe_database_as()
        database.end_sessions(self.connection)
        self.mails()

    # ------------------------------------------------------------ migrations

    def write(self, name: str, sql: str) -> None:
        """Writes a migration in Prisma's layout. It replaces an existing one."""
        directory = self.migrations / name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "migration.sql").write_text(sql)

    def write_file(self, name: str, sql: str) -> None:
        """Writes a migration in sqlx's layout."""
        (self.migrations / name).write_text(sql)

    def use_migrations(self, directory: Path) -> None:
        """Deploys this directory of migrations instead of the current one."""
        directory.mkdir(exist_ok=True)
        lock = directory / "migration_lock.toml"
        if not lock.exists():
            lock.write_text('provider = "postgresql"\n')
        self.stack.set_migrations(directory)
        self.migrations = directory

    # ------------------------------------------------------------ results

    def ledger(self) -> list[tuple[str, str]]:
        """Returns the ledger's rows as (migration, state), oldest first."""
        return database.ledger(self.connection)

    def tables(self) -> list[str]:
        """Returns the tables that migrations made."""
        return database.tables(self.connection)

    def mails(self) -> list[Mail]:
        """Returns all mails of this test's executions. Waits until no more mail can follow."""
        until(lambda: self._times_told() >= self._times_to_tell(), "notify has told everything")
        return self.stack.mailbox(self.deployment).mails()

    def executions(self) -> list[str]:
        """Returns the executions that this test started, also by the command."""
        return [execution for execution in self._executions() if execution not in self._earlier]

    def command(
        self, name: str, *arguments: str, settings: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command of `lockstep` on this deployment, with additional environment variables."""
        process = self.start_command(name, *arguments, settings=settings)
        output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def start_command(
        self, name: str, *arguments: str, settings: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Starts a command of `lockstep` like `command`, and does not wait for its end."""
        project = self.deployment.stack.removesuffix(f"-migrations-{self.deployment.environment}")
        program = str(build.binaries("lockstep") / "lockstep")
        command = [program, name, self.deployment.environment, *arguments]
        if "--project" not in arguments:
            command += ["--project", project]
        usual = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]} | self.stack.environment()
        return subprocess.Popen(command, env=usual | (settings or {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def approve_when_shown(self, *arguments: str, status: int = 0) -> tuple[str, str, str]:
        """Follows a run by `lockstep run`, and approves it as soon as it has shown the commands. It
        has to end with this status. Returns the execution, the output until the approval, and the output after it."""
        waiting = self.start_command("run", *arguments)
        try:
            shown = ""
            for line in pipe(waiting.stdout):
                shown += line
                if "lockstep reject" in line:
                    break
            [execution] = [one for one in self.executions() if self.stack.current_state(one) == "Approval"]
            self.decide(execution, self.stack.result(execution, "Plan")["digest"], by="Bob")
            rest, errors = waiting.communicate(timeout=60)
        finally:
            waiting.kill()
        assert waiting.returncode == status, errors
        return execution, shown, rest

    # ------------------------------------------------------------ inside

    def _executions(self) -> list[str]:
        pages = self.stack.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.deployment.state_machine_arn)
        return [execution["executionArn"] for page in found for execution in page["executions"]]

    def _times_told(self) -> int:
        lines = self.stack.log_lines(self.deployment, "notify", self._started)
        return sum('"step done"' in line or '"step failed"' in line for line in lines)

    def _times_to_tell(self) -> int:
        """Returns the number of mails to expect: from the state machine, and from EventBridge for each execution that
        did not succeed."""
        times, state = 0, ""
        for execution in self.executions():
            for event in self.stack.history(execution):
                state = event.get("stateEnteredEventDetails", {}).get("name", state)
                times += (state, event["type"]) in _TOLD or event["type"] in _ENDED_BADLY
        return times
