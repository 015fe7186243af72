"""The PostgreSQL of the measurements, with its own defaults, fsync included, and its counters."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from local.wire.steps import Secret
from proofs.harness.rows import one_value
from proofs.harness.temporary import Temporary


@dataclass(frozen=True)
class Counts:
    """The server's counters."""

    commits: int
    flushes: int

    def __sub__(self, earlier: Counts) -> Counts:
        return Counts(self.commits - earlier.commits, self.flushes - earlier.flushes)


@dataclass(frozen=True)
class Address:
    """A client's address of one database: without TLS, so that the relay can count."""

    port: int
    user: str
    password: str
    database: str
    #: The authority of the server's certificate, for a client that connects with TLS.
    ca_file: str = ""

    @property
    def url(self) -> str:
        """The address as a URL."""
        user, password = quote(self.user, safe=""), quote(self.password, safe="")
        return f"postgres://{user}:{password}@127.0.0.1:{self.port}/{self.database}?sslmode=disable"

    @property
    def libpq(self) -> dict[str, str]:
        """The address as libpq's variables, for psql and for the limit."""
        return {
            "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": self.user, "PGPASSWORD": self.password,
            "PGDATABASE": self.database, "PGSSLMODE": "disable",
        }

    @property
    def secret(self) -> Secret:
        """The address in the form of the secret in Secrets Manager."""
        return {
            "username": self.user, "password": self.password, "host": "127.0.0.1", "port": self.port,
            "dbname": self.database,
        }


class Server(Temporary):
    """The server, with fresh databases."""

    is_measured = True

    def __init__(self, **settings: str) -> None:
        super().__init__("bench", **settings)
        self._session: psycopg.Connection | None = None

    def prepare(self) -> None:
        self._session = self.embedded.superuser.connect()

    def __exit__(self, *ended: object) -> None:
        if self._session:
            self._session.close()
        super().__exit__(*ended)

    @property
    def version(self) -> str:
        return self._value("SELECT current_setting('server_version')")

    def address(self, database: str, port: int) -> Address:
        return Address(port, self.owner.user, self.owner.password, database, self.owner.ca_file)

    def create(self, database: str) -> None:
        """Makes a fresh database. A checkpoint writes its pages, so that no client pays for that."""
        names = sql.Identifier(database), sql.Identifier(self.owner.user)
        self._superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        self._superuser.execute("CHECKPOINT")

    def counts(self, database: str) -> Counts:
        """Returns the committed transactions in this database, including read-only ones, and the log flushes of any session.

        A session reports them no later than at its end, so this waits until no session is left in the database.
        """
        until = time.monotonic() + 10
        while self._value("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", database):
            if time.monotonic() > until:
                raise TimeoutError(f"a session stays in {database}")
            time.sleep(0.002)
        # This session's counters too, so that they do not count for a later client.
        self._superuser.execute("SELECT pg_stat_force_next_flush()")
        return Counts(
            self._value("SELECT xact_commit FROM pg_stat_database WHERE datname = %s", database),
            self._value(
                "SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal' AND backend_type = 'client backend'"
            ),
        )

    def tables(self, database: str) -> int:
        """Returns the number of tables in a database, without ledgers."""
        with self.embedded.superuser.connect(database) as session:
            found = session.execute(
                "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
                " AND tablename NOT IN ('_prisma_migrations', '_sqlx_migrations', 'schema_migrations')"
            )
            return one_value(found)

    def slow_down_flushes(self, milliseconds: float) -> None:
        """Makes every flush of the log take this much longer, as on a disk that is reached over a network. It uses
        PostgreSQL's pause before a flush, here also when no other session is about to commit."""
        for name, value in (("commit_delay", round(milliseconds * 1000)), ("commit_siblings", 0 if milliseconds else 5)):
            self._superuser.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        self._superuser.execute("SELECT pg_reload_conf()")

    def flush_ms(self) -> tuple[float, float, float]:
        """Returns the time in which the disk makes 8 KiB durable: median, least and most of 200."""
        content, taken = os.urandom(8192), []
        with tempfile.TemporaryFile(dir=self.place) as file:
            file.write(content * 200)
            file.flush()
            os.fsync(file.fileno())
            for number in range(200):
                started = time.perf_counter()
                os.pwrite(file.fileno(), content, number * 8192)
                os.fdatasync(file.fileno())
                taken.append((time.perf_counter() - started) * 1000)
        return statistics.median(taken), min(taken), max(taken)

    @property
    def _superuser(self) -> psycopg.Connection:
        if self._session is None:
            raise RuntimeError("the server has not been started")
        return self._session

    def _value(self, query: str, *parameters: str) -> Any:
        return one_value(self._superuser.execute(query, parameters))


def round_trip_ms(address: Address) -> float:
    """Returns the median time of 200 trivial queries."""
    taken = []
    with psycopg.connect(address.url, autocommit=True) as session:
        for _ in range(200):
            started = time.perf_counter()
            session.pgconn.exec_(b"")
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)
