"""The PostgreSQL that the faults meet: databases made from templates, crashes, full and read-only servers."""

from __future__ import annotations

import os
import signal
import threading

import psycopg
from psycopg import sql
from psycopg.abc import Query

from proofs.harness.temporary import Temporary

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


class Server(Temporary):
    """The server, its connections past the proxy, and what faults do to it."""

    def __init__(self) -> None:
        super().__init__("chaos", **SETTINGS)
        self._lock = threading.Lock()

    def prepare(self) -> None:
        self.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        self.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP_ROLE), sql.Identifier(self.owner.user)))
        self.create(EMPTY, "template1")

    def connect(self, database: str = "postgres", as_owner: bool = False) -> psycopg.Connection:
        """A session past the proxy, by default the superuser's, in autocommit mode."""
        # A crash that somebody else brought about is over first, with the server up again.
        with self._lock:
            pass
        return self.session(self.owner if as_owner else self.embedded.superuser, database)

    def execute(self, statement: Query) -> None:
        # Not before a crash is over, as `connect` sees to.
        with self.connect() as session:
            session.execute(statement)

    def create(self, name: str, template: str) -> None:
        """A database of the migrations' role."""
        names = [sql.Identifier(part) for part in (name, template, self.owner.user)]
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*names))

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
            os.kill(self.embedded.server.pid, signal.SIGQUIT)
            self.embedded.restart("immediate")

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
