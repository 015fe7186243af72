"""The PostgreSQL for the faults: databases made from templates, crashes, full and read-only servers."""

from __future__ import annotations

import os
import signal
import threading

import psycopg
from psycopg import sql
from psycopg.abc import Query

from proofs.harness.temporary import Temporary

#: A crash of the server loses what it had not written. fsync also guards against a crash of the machine, which cannot be
#: tried here, and without fsync a database is made in a fifth of the time. Autovacuum would take locks at times of its own.
SETTINGS = {
    "fsync": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "scram_iterations": "1",
}

#: The role that migrations may SET ROLE to.
APP_ROLE = "chaos_app"

EMPTY = "chaos_empty"


class Server(Temporary):
    """The server, with connections around the proxy, and the faults of the server."""

    def __init__(self) -> None:
        super().__init__("chaos", **SETTINGS)
        self._lock = threading.Lock()

    def prepare(self) -> None:
        self.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        self.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP_ROLE), sql.Identifier(self.owner.user)))
        self.create(EMPTY, "template1")

    def connect(self, database: str = "postgres", as_owner: bool = False) -> psycopg.Connection:
        """Returns a session that does not use the proxy, by default the superuser's, in autocommit mode."""
        # If another thread made the server crash, this waits until the server is up again.
        with self._lock:
            pass
        return self.session(self.owner if as_owner else self.embedded.superuser, database)

    def execute(self, statement: Query) -> None:
        # `connect` waits until a crash is over.
        with self.connect() as session:
            session.execute(statement)

    def create(self, name: str, template: str) -> None:
        """Makes a database of the migrations' role."""
        names = [sql.Identifier(part) for part in (name, template, self.owner.user)]
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*names))

    def terminate(self, database: str, administrator: psycopg.Connection) -> None:
        """Ends the functions' sessions."""
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name LIKE 'lockstep%%'", (database,),
        )

    def crash(self) -> None:
        """Stops the server at once without writing anything, starts it again, and lets it recover."""
        with self._lock:
            # The signal is sent directly; an ordinary stop first checks whether the server runs.
            os.kill(self.embedded.server.pid, signal.SIGQUIT)
            self.embedded.restart("immediate")

    def take_all_connections(self) -> list[psycopg.Connection]:
        """Opens connections until only the superuser's reserve is left. Returns them."""
        taken = []
        try:
            while True:
                taken.append(self.connect(as_owner=True))
        except psycopg.OperationalError:
            return taken

    def set_everywhere(self, setting: str, value: str | None) -> None:
        """Changes a setting of the whole server as an administrator does. None restores the default."""
        with self.connect() as session:
            change = sql.SQL("RESET {}") if value is None else sql.SQL("SET {} = {}")
            parts = [sql.Identifier(setting)] + ([] if value is None else [sql.Literal(value)])
            session.execute(sql.SQL("ALTER SYSTEM ") + change.format(*parts))
            session.execute("SELECT pg_reload_conf()")
