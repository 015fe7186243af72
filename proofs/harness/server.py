"""A PostgreSQL of one major version, which makes a fresh database on request."""

from __future__ import annotations

import itertools
from pathlib import Path

import psycopg

from proofs.harness.temporary import Temporary

#: The compared data need not survive a crash of the machine, and autovacuum would take locks at times of its own.
SETTINGS = {"fsync": "off", "autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "4GB"}


class Server(Temporary):
    """The server and the sessions on it."""

    def __init__(self, binaries: Path) -> None:
        super().__init__("conformance", binaries, **SETTINGS)
        self._numbers = itertools.count(1)

    def database(self, name: str = "") -> str:
        """Makes a new database of the migrations' role and returns its name."""
        name = name or f"conformance_{next(self._numbers)}"
        self.embedded.create_database(name)
        return name

    def connect(self, database: str) -> psycopg.Connection:
        """Returns a session of the migrations' role, in autocommit mode."""
        return self.session(self.owner, database)

    def look(self, database: str) -> psycopg.Connection:
        """Returns a session that may read all of the catalog."""
        return self.session(self.embedded.superuser, database)
