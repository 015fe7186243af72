"""sqlx's own `Migrator`, by the binary of `sqlx-oracle`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.processes import pipe
from proofs.conformance.prisma import trouble
from proofs.harness.server import Server
from scripts.operate import environment

LEDGER = "_sqlx_migrations"

PATIENCE = 120.0


class Sqlx:
    """The migrator, as sqlx's users call it. `table` is the ledger's name, where it is not the default."""

    name = "sqlx"

    def __init__(self, server: Server, binary: Path, table: str = LEDGER) -> None:
        self._server = server
        self._binary = binary
        self.ledger = table

    def close(self) -> None:
        """Nothing: a process lives as long as its command."""

    def migrate(self, directory: Path, database: str, target: int | None = None) -> dict[str, Any]:
        """`Migrator::run`, or `run_to`: an `error` if it refuses."""
        return self._ask(database, "run", directory, target)

    def skip(self, directory: Path, database: str, target: int | None = None) -> dict[str, Any]:
        """`Migrator::skip`."""
        return self._ask(database, "skip", directory, target)

    def undo(self, directory: Path, database: str, target: int) -> dict[str, Any]:
        """`Migrator::undo`, to what `target` leaves."""
        return self._ask(database, "undo", directory, target)

    def info(self, directory: Path, database: str) -> dict[str, Any]:
        """Versions by what became of them."""
        return self._ask(database, "info", directory)

    def listed(self, directory: Path) -> list[dict[str, Any]] | dict[str, Any]:
        """The migrations that sqlx finds in a directory, with its checksums; or its complaint, in a dict."""
        return self._ask("", "list", directory)

    @contextmanager
    def holding_the_lock(self, database: str) -> Iterator[None]:
        """Keeps sqlx's lock, taken as its runs take it."""
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

    # What the proofs ask of either tool.

    def run(self, directory: Path, database: str) -> str:
        """Applies what is pending; says what went wrong, or nothing."""
        return trouble(self.migrate(directory, database))

    def adopt(self, directory: Path, database: str, names: list[str]) -> str:
        """Records migrations as applied without running them; says what went wrong, or nothing."""
        return trouble(self.skip(directory, database, version(names[-1])))

    def unclean(self, directory: Path, database: str) -> str:
        """Why sqlx would not call a history complete and untouched, or nothing."""
        info = self.info(directory, database)
        if wrong := trouble(info):
            return wrong
        for what in ("pending", "changed", "missing", "dirty"):
            if info[what]:
                return f"{what}: {info[what]}"
        # Whatever a run finds to do would leave a row.
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
    """The version that a file's name begins with."""
    return int(name.split("_", 1)[0])
