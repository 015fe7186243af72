"""The contents of a database apart from the ledger, and the expected contents: the scripts' own work, and nothing else."""

from __future__ import annotations

from pathlib import Path

import psycopg

from proofs.harness import compare
from proofs.harness.compare import Contents
from proofs.harness.histories import History
from proofs.harness.server import Server

LEDGERS = ("_prisma_migrations", "_sqlx_migrations")


def read(session: psycopg.Connection, ledgers: tuple[str, ...] = LEDGERS) -> Contents:
    """Returns everything except the ledgers."""
    contents = compare.read(session)
    contents.catalog = {key: what for key, what in contents.catalog.items() if not _is_part(key[1], ledgers)}
    contents.by_age = [name for name in contents.by_age if not _is_part(name, ledgers)]
    contents.rows = {table: rows for table, rows in contents.rows.items() if not _is_part(table, ledgers)}
    contents.ledger = []
    return contents


def of_ledger(session: psycopg.Connection, ledger: str) -> dict[tuple[str, str], str]:
    """Returns the ledger's own part of the catalog."""
    whole = compare.read(session).catalog
    return {key: what for key, what in whole.items() if _is_part(key[1], (ledger,))}


class Reference:
    """The contents that a history makes when PostgreSQL gets each file as one message, in a session of its own."""

    def __init__(self, server: Server, history: History) -> None:
        self.contents = _made(server, history)
        # Values from clocks and random numbers differ the second time.
        again = _made(server, history) if self.contents.rows else self.contents
        self._volatile = compare.volatile(self.contents, again)

    def differences(self, session: psycopg.Connection) -> list[str]:
        """Returns how a database differs from these contents."""
        return [found.what for found in compare.differences(self.contents, read(session), self._volatile)]


def _made(server: Server, history: History) -> Contents:
    database = server.database()
    try:
        for script in history.scripts():
            with server.connect(database) as session:
                send(session, script)
        with server.look(database) as session:
            return read(session)
    finally:
        server.drop(database)


def send(session: psycopg.Connection, script: Path) -> None:
    """Sends a file unchanged, as one message of the simple protocol."""
    result = session.pgconn.exec_(script.read_bytes())
    if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
        raise RuntimeError(f"{script}: {result.error_message.decode()}")


def _is_part(name: str, ledgers: tuple[str, ...]) -> bool:
    return any(name.split(".", 1)[-1].strip('"').startswith(ledger) for ledger in ledgers)
