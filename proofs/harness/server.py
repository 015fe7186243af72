"""A PostgreSQL of one major version, with a fresh database whenever one is asked for."""

from __future__ import annotations

import itertools
from pathlib import Path

import psycopg

from proofs.harness.temporary import Temporary

#: What is compared here survives no crash of the machine, and autovacuum would take locks at moments of its own.
SETTINGS = {"fsync": "off", "autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "4GB"}


class Server(Temporary):
    """The server, and who connects to it."""

    def __init__(self, binaries: Path) -> None:
        super().__init__("conformance", binaries, **SETTINGS)
        self._numbers = itertools.count(1)

    def database(self, name: str = "") -> str:
        """The name of a new database of the migrations' role."""
        name = name or f"conformance_{next(self._numbers)}"
        self.embedded.create_database(name)
        return name

    def connect(self, database: str) -> psycopg.Connection:
        """A session of the migrations' role, in autocommit mode."""
        return self.session(self.owner, database)

    def look(self, database: str) -> psycopg.Connection:
        """A session that may read all of the catalog."""
        return self.session(self.embedded.superuser, database)
