"""The PostgreSQL that the faults meet: databases made from templates, crashes, full and read-only servers."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from pathlib import Path
from typing import Self

import psycopg
from local.postgres import Embedded
from psycopg import sql

#: A crash of the server loses what it had not written. What fsync guards against beyond that, the machine's own
#: crash, cannot be had here, and without it a database is made in a fifth of the time. Autovacuum would take locks at
#: moments of its own.
SETTINGS = {
    "fsync": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "scram_iterations": "1",
}

#: What migrations may SET ROLE to.
APP_ROLE = "chaos_app"

EMPTY = "chaos_empty"


class Server:
    """An embedded PostgreSQL in a temporary directory."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="lockstep-chaos-", ignore_cleanup_errors=True)
        self.place = Path(self._place.name)
        os.chmod(self.place, 0o711)  # the server may run as another user, who has to get through
        self._embedded = Embedded(self.place)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.owner = self._embedded.start()
        for name, value in SETTINGS.items():
            self.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        self._embedded.restart()
        password = sql.Literal(self.owner.password)
        self.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(self.owner.user), password))
        self.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        self.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP_ROLE), sql.Identifier(self.owner.user)))
        self.create(EMPTY, "template1")
        return self

    def __exit__(self, *_: object) -> None:
        self._embedded.remove()
        self._place.cleanup()

    @property
    def port(self) -> int:
        return self._embedded.port

    def secret(self, database: str, port: int) -> dict:
        """What Secrets Manager holds for a function that is to reach `database` at `port`."""
        return {
            "username": self.owner.user, "password": self.owner.password,
            "host": "127.0.0.1", "port": port, "dbname": database,
        }

    def connect(self, database: str = "postgres", as_owner: bool = False) -> psycopg.Connection:
        """A session past the proxy, by default the superuser's, in autocommit mode."""
        role = self.owner if as_owner else self._embedded.superuser
        # A crash that somebody else brought about is over first, with the server up again.
        with self._lock:
            pass
        return psycopg.connect(
            host=role.host, port=role.port, user=role.user, password=role.password, dbname=database,
            autocommit=True, sslmode="disable", connect_timeout=10,
        )

    def execute(self, statement: str | sql.Composable) -> None:
        with self.connect() as session:
            session.execute(statement)

    def create(self, name: str, template: str) -> None:
        """A database of the migrations' role."""
        names = [sql.Identifier(part) for part in (name, template, self.owner.user)]
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*names))

    def drop(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def terminate(self, database: str, administrator: psycopg.Connection) -> None:
        """Ends the functions' sessions."""
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name LIKE 'lockstep%%'", (database,),
        )

    def crash(self) -> None:
        """Stops at once without writing anything, starts again, and recovers."""
        with self._lock:
            # At this very moment; the orderly way looks first whether there is something to stop.
            os.kill(self._embedded.server.pid, signal.SIGQUIT)
            self._embedded.restart("immediate")

    def take_all_connections(self) -> list[psycopg.Connection]:
        """Leaves no connection but the superuser's reserve, until these are closed."""
        taken = []
        try:
            while True:
                taken.append(self.connect(as_owner=True))
        except psycopg.OperationalError:
            return taken

    def set_everywhere(self, setting: str, value: str | None) -> None:
        """Changes a setting of the whole server as an administrator does; none is the default."""
        with self.connect() as session:
            change = sql.SQL("RESET {}") if value is None else sql.SQL("SET {} = {}")
            parts = [sql.Identifier(setting)] + ([] if value is None else [sql.Literal(value)])
            session.execute(sql.SQL("ALTER SYSTEM ") + change.format(*parts))
            session.execute("SELECT pg_reload_conf()")
