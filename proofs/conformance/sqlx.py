"""sqlx's own `Migrator`, run by the binary `sqlx-oracle`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local import environment
from local.processes import pipe
from proofs.conformance.prisma import trouble
from proofs.harness.server import Server

LEDGER = "_sqlx_migrations"

PATIENCE = 120.0


#: What sqlx says of a command: its findings, or an `error`.
Answer = dict[str, Any]


class Sqlx:
    """The migrator, called as sqlx's users call it. `table` is the ledger's name, if it is not the default."""

    name = "sqlx"

    def __init__(self, server: Server, binary: Path, table: str = LEDGER) -> None:
        self._server = server
        self._binary = binary
        self.ledger = table

    def close(self) -> None:
        """Does nothing: a process ends with its command."""

    def migrate(self, directory: Path, database: str, target: int | None = None) -> Answer:
        """Runs `Migrator::run`, or `run_to`. Returns an `error` if it refuses."""
        return self._ask(database, "run", directory, target)

    def skip(self, directory: Path, database: str, target: int | None = None) -> Answer:
        """Runs `Migrator::skip`."""
        return self._ask(database, "skip", directory, target)

    def undo(self, directory: Path, database: str, target: int) -> Answer:
        """Runs `Migrator::undo`, down to `target`."""
        return self._ask(database, "undo", directory, target)

    def info(self, directory: Path, database: str) -> Answer:
        """Returns the versions, grouped by their state."""
        return self._ask(database, "info", directory)

    def listed(self, directory: Path) -> list[Answer] | Answer:
        """Returns the migrations that sqlx finds in a directory, with its checksums. If sqlx refuses, it returns a dict
        with the error."""
        return self._ask("", "list", directory)

    @contextmanager
    def holding_the_lock(self, database: str) -> Iterator[None]:
        """Holds sqlx's lock, taken as a run of sqlx takes it."""
        process = subprocess.Popen(
            [self._binary, "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=self._environment(database),
        )
        try:
            if not json.loads(pipe(process.stdout).readline())["held"]:
                raise RuntimeError("sqlx did not get its lock")
            yield
            process.communicate("", timeout=PATIENCE)
        finally:
            process.kill()
            process.wait()

    # The operations that the proofs need of each tool.

    def run(self, directory: Path, database: str) -> str:
        """Applies what is pending. Returns what went wrong, or an empty text."""
        return trouble(self.migrate(directory, database))

    def adopt(self, directory: Path, database: str, names: list[str]) -> str:
        """Records migrations as applied without running them. Returns what went wrong, or an empty text."""
        return trouble(self.skip(directory, database, version(names[-1])))

    def unclean(self, directory: Path, database: str) -> str:
        """Returns why sqlx would not call a history complete and untouched, or an empty text."""
        info = self.info(directory, database)
        if wrong := trouble(info):
            return wrong
        for what in ("pending", "changed", "missing", "dirty"):
            if info[what]:
                return f"{what}: {info[what]}"
        # If a run had something to do, it would leave a row.
        if wrong := self.run(directory, database):
            return wrong
        again = self.info(directory, database)
        return "" if again == info else f"a run changed {info} to {again}"

    def _ask(self, database: str, *arguments: object) -> Any:
        command = [str(self._binary), *(str(argument) for argument in arguments if argument is not None)]
        done = subprocess.run(
            command, env=self._environment(database), capture_output=True, text=True, timeout=PATIENCE, check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"sqlx-oracle {arguments[0]} failed: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def _environment(self, database: str) -> dict[str, str]:
        owner = self._server.owner
        return environment.isolated(
            PGHOST=owner.host, PGPORT=str(owner.port), PGUSER=owner.user, PGPASSWORD=owner.password, PGDATABASE=database,
            SQLX_TABLE=self.ledger,
        )


def version(name: str) -> int:
    """Returns the version at the beginning of a file's name."""
    return int(name.split("_", 1)[0])
