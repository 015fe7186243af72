"""A PostgreSQL of one major version, with a fresh database whenever one is asked for."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import Self

import psycopg
from local.postgres import Connection, Embedded
from psycopg import sql

#: What is compared here survives no crash of the machine, and autovacuum would take locks at moments of its own.
SETTINGS = {"fsync": "off", "autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "4GB"}


class Server:
    """An embedded PostgreSQL in a temporary directory."""

    def __init__(self, binaries: Path) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="lockstep-conformance-", ignore_cleanup_errors=True)
        self.place = Path(self._place.name)
        os.chmod(self.place, 0o711)  # the server may run as another user, who has to get through
        self._embedded = Embedded(self.place, binaries)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        try:
            self.owner = self._embedded.start()
            with self._embedded.superuser.connect() as session:
                for name, value in SETTINGS.items():
                    session.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
            self._embedded.restart()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._embedded.remove()
        self._place.cleanup()

    def database(self, name: str = "") -> str:
        """The name of a new database of the migrations' role."""
        name = name or f"conformance_{next(self._numbers)}"
        self._embedded.create_database(name)
        return name

    def drop(self, name: str) -> None:
        """Deletes a database, whoever is still in it."""
        with self._embedded.superuser.connect() as session:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def connect(self, database: str) -> psycopg.Connection:
        """A session of the migrations' role, in autocommit mode."""
        return self._session(self.owner, database)

    def look(self, database: str) -> psycopg.Connection:
        """A session that may read all of the catalog."""
        return self._session(self._embedded.superuser, database)

    @property
    def port(self) -> int:
        return self._embedded.port

    def secret(self, database: str) -> dict:
        """What Secrets Manager holds for the functions."""
        owner = self.owner
        return {
            "username": owner.user, "password": owner.password, "host": owner.host, "port": owner.port, "dbname": database,
        }

    @staticmethod
    def _session(role: Connection, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=role.host, port=role.port, user=role.user, password=role.password, dbname=database,
            autocommit=True, sslmode="disable", connect_timeout=10,
        )
