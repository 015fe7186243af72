"""A server of one major version, with a database that is emptied for each form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from proofs.harness import install
from proofs.harness.server import Server

MAJORS = [install.NEW, install.OLD]

#: The engine's options, and the level of messages at which the server says what it does.
_OPTIONS = "-c TimeZone=UTC -c client_min_messages=debug1 -c statement_timeout=30s"


class Databases:
    """The databases in which forms are run. The role is an ordinary one that owns what it makes."""

    def __init__(self, server: Server, major: int) -> None:
        self.major = major
        self._server = server
        self._name = server.database()

    @contextmanager
    def prepared(self, setup: str) -> Iterator[str]:
        """Yields the name of a database that contains only what `setup` makes."""
        with self.session(self._name) as session:
            session.execute(setup)
        try:
            yield self._name
        finally:
            # This is faster than making another database.
            with self.session(self._name) as session:
                session.execute("DROP OWNED BY CURRENT_USER CASCADE")

    def session(self, name: str) -> psycopg.Connection:
        """Returns a session of the migrations' role, in autocommit mode."""
        role = self._server.owner
        return psycopg.connect(
            host=role.host, port=role.port, user=role.user, password=role.password, dbname=name,
            autocommit=True, sslmode="disable", connect_timeout=10, options=_OPTIONS,
        )

    def look(self, name: str) -> psycopg.Connection:
        """Returns a session that sees everything."""
        return self._server.look(name)


@contextmanager
def of_major(major: int) -> Iterator[Databases]:
    """Starts a server of that major version."""
    install.npm(other_postgresql=major != install.NEW)
    with Server(install.postgresql(major)) as server:
        yield Databases(server, major)
