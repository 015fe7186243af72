"""A PostgreSQL in a temporary directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql
from psycopg.abc import Query

from local.postgres import Connection, Embedded
from local.wire.steps import Secret

#: Linux's file system in memory. A database is hundreds of files, and to make them on a disk takes longer than most tests.
_MEMORY = Path("/dev/shm")
#: The room that a server needs at the most: for all databases and for the log.
_ROOM = 8 << 30

#: The server's settings of glibc. By its own settings it gives memory back after most statements, and each of its pages is
#: cleared before the next statement has it.
_KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(256 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


class Temporary:
    """An embedded PostgreSQL with a directory for files beside it. Both are deleted at the end, also after a failure."""

    #: Whether the server is as a server in use: on the disk, and with glibc's own settings.
    is_measured = False

    def __init__(self, purpose: str, binaries: Path | None = None, /, **settings: str) -> None:
        self._directory = tempfile.TemporaryDirectory(
            prefix=f"lockstep-{purpose}-", dir=None if self.is_measured else _memory(), ignore_cleanup_errors=True
        )
        self.place = Path(self._directory.name)
        os.chmod(self.place, 0o711)  # the server may run as another user, who has to pass through
        self.embedded = Embedded(self.place, binaries, {} if self.is_measured else _KEEPS_MEMORY, **settings)

    def __enter__(self) -> Self:
        try:
            #: The migrations' role.
            self.owner = self.embedded.start()
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.embedded.remove()
        self._directory.cleanup()

    def prepare(self) -> None:
        """Prepares the server before its first use. A subclass may override it; here it does nothing."""

    @property
    def port(self) -> int:
        return self.embedded.port

    def secret(self, database: str, port: int | None = None) -> Secret:
        """Returns the value in Secrets Manager for a function that is to reach `database`, perhaps at another port."""
        return {
            "username": self.owner.user, "password": self.owner.password,
            "host": "127.0.0.1", "port": port or self.port, "dbname": database,
        }

    def drop(self, database: str) -> None:
        """Deletes a database, even if it has sessions."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def execute(self, statement: Query) -> None:
        """Executes a statement as the superuser, in the database `postgres`."""
        with self.session(self.embedded.superuser, "postgres") as session:
            session.execute(statement)

    @staticmethod
    def session(role: Connection, database: str) -> psycopg.Connection:
        """Returns a session in autocommit mode, without TLS, which takes longer."""
        return psycopg.connect(
            host=role.host, port=role.port, user=role.user, password=role.password, dbname=database,
            autocommit=True, sslmode="disable", connect_timeout=10,
        )


def _memory() -> Path | None:
    """Returns the directory in memory; None if there is none or it has too little room."""
    has_room = os.access(_MEMORY, os.W_OK) and min(shutil.disk_usage(_MEMORY).free, _available()) >= _ROOM
    return _MEMORY if has_room else None


def _available() -> int:
    """Returns how many bytes of memory programs can still take. The size of the file system may be more than there is."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) << 10
