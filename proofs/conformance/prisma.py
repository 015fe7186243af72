"""Prisma's real schema engine, in a Node process that answers all requests."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

from local import environment
from local.processes import pipe
from proofs.harness.server import Server

LEDGER = "_prisma_migrations"

#: The engine's answer to a command: its `output`, or an `error`.
Answer = dict[str, Any]

#: The engine's answer for a database in which everything is applied.
CLEAN = {"editedMigrationNames": [], "failedMigrationNames": [], "hasMigrationsTable": True, "history": None}

#: The timeout of a request, in seconds. A deploy waits 10 s for its lock.
PATIENCE = 120.0


class Prisma:
    """The engine, driven as Prisma's command line drives it."""

    name = "prisma"
    ledger = LEDGER

    def __init__(self, server: Server) -> None:
        self._server = server
        self._process = _node()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def deploy(self, directory: Path, database: str) -> Answer:
        """Runs `prisma migrate deploy`. Returns the applied names as `output`, or an `error`."""
        return self._ask("deploy", database, directory=str(directory))

    def status(self, directory: Path, database: str) -> Answer:
        """Runs `prisma migrate status`."""
        return self._ask("status", database, directory=str(directory))

    def resolve(self, directory: Path, database: str, migration: str, resolution: str) -> Answer:
        """Runs `prisma migrate resolve`, with `applied` or `rolledBack`."""
        return self._ask(resolution, database, directory=str(directory), migration=migration)

    # The operations that the proofs need of each tool.

    def run(self, directory: Path, database: str) -> str:
        """Applies what is pending. Returns what went wrong, or an empty text."""
        return trouble(self.deploy(directory, database))

    def adopt(self, directory: Path, database: str, names: list[str]) -> str:
        """Records migrations as applied without running them. Returns what went wrong, or an empty text."""
        for name in names:
            if wrong := trouble(self.resolve(directory, database, name, "applied")):
                return wrong
        return ""

    def unclean(self, directory: Path, database: str) -> str:
        """Returns why the engine would not call a history complete and untouched, or an empty text."""
        status = self.status(directory, database)
        if wrong := trouble(status):
            return wrong
        if status["output"] != CLEAN:
            return f"its status is {status['output']}"
        again = self.deploy(directory, database)
        if wrong := trouble(again):
            return wrong
        applied = again["output"]["appliedMigrationNames"]
        return f"a deploy applied {', '.join(applied)}" if applied else ""

    def _ask(self, command: str, database: str, **more: str) -> Answer:
        owner = self._server.owner
        connection = {
            "host": owner.host, "port": owner.port, "user": owner.user, "password": owner.password, "database": database,
        }
        # A request that timed out may have ended the process.
        if self._process.poll() is not None:
            self._process = _node()
        # After the timeout the process is killed, which also ends the wait for its line.
        overdue = threading.Timer(PATIENCE, self._process.kill)
        overdue.start()
        try:
            pipe(self._process.stdin).write(json.dumps({"command": command, "connection": connection, **more}) + "\n")
            pipe(self._process.stdin).flush()
            line = pipe(self._process.stdout).readline()
        finally:
            overdue.cancel()
        if not line:
            self.close()
            raise RuntimeError(f"Prisma's engine gave no answer to {command}")
        return json.loads(line)


def _node() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [shutil.which("node") or "node", Path(__file__).with_name("prisma.mjs")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment.isolated(NO_COLOR="1"),
    )


def trouble(answer: Answer) -> str:
    """Returns the error in an answer, or an empty text."""
    return f"{answer['error']}: {answer['message']}" if "error" in answer else ""
