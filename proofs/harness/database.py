"""Reads a test's database, and interferes with the sessions of a run."""

from __future__ import annotations

from typing import Any

from local.postgres import Connection
from proofs.harness.rows import one_value
from proofs.harness.waiting import until

#: SQL for a migration that waits here until `open_gate`. It polls and takes no lock, so that no lock timeout ends it.
GATE = """
DO $$
BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'gate_open') LOOP
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$$;
"""

_OURS = "datname = current_database() AND application_name LIKE 'lockstep %'"


def ledger(connection: Connection) -> list[tuple[str, str]]:
    """Returns the ledger's rows as (migration, state), oldest first; an empty list if there is no ledger."""
    with connection.connect() as session:
        if one_value(session.execute("SELECT to_regclass('public._prisma_migrations')")) is None:
            return []
        return session.execute(
            "SELECT migration_name, CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled back' "
            "WHEN finished_at IS NULL THEN 'open' ELSE 'applied' END "
            "FROM public._prisma_migrations ORDER BY started_at, migration_name"
        ).fetchall()


def sqlx_ledger(connection: Connection) -> list[tuple[int, str, bool]]:
    """Returns the rows of sqlx's ledger as (version, description, success), oldest first."""
    with connection.connect() as session:
        return session.execute(
            "SELECT version, description, success FROM public._sqlx_migrations ORDER BY installed_on"
        ).fetchall()


def applied(*names: str) -> list[tuple[str, str]]:
    """Returns the ledger in which each of these migrations was applied, once."""
    return [(name, "applied") for name in names]


def tables(connection: Connection) -> list[str]:
    """Returns the tables of the schema, without the ledger."""
    with connection.connect() as session:
        found = session.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('_prisma_migrations', '_sqlx_migrations') ORDER BY 1"
        )
        return [name for (name,) in found]


def everything_written(connection: Connection) -> list[tuple[Any, ...]]:
    """Returns what any write would change: each row of the catalog and of the ledger, with the transaction that wrote it."""
    catalogs = ("pg_class", "pg_namespace", "pg_type", "pg_proc", "pg_constraint", "pg_extension", "pg_trigger")
    queries = [f"SELECT '{name}', oid::text, xmin::text FROM {name}" for name in catalogs]
    queries.append("SELECT 'settings', setdatabase::text, setconfig::text FROM pg_db_role_setting")
    with connection.connect() as session:
        written = session.execute(" UNION ALL ".join(queries) + " ORDER BY 1, 2").fetchall()
        if one_value(session.execute("SELECT to_regclass('public._prisma_migrations')")) is not None:
            written += session.execute("SELECT id, xmin::text, migration_name FROM _prisma_migrations ORDER BY 1").fetchall()
        return written


def make_out_to_have(superuser: Connection, connection: Connection, table: str, rows: int) -> None:
    """Sets a table's statistics to this number of rows. The planner and the report believe them."""
    with superuser.connect(connection.database) as session:
        counted = "UPDATE pg_class SET reltuples = %s, relpages = %s WHERE oid = %s::regclass"
        session.execute(counted, [rows, 1, f"public.{table}"])


def wait_for_gate(connection: Connection) -> int:
    """Waits until a migration has come to its GATE. Returns the process id of the run's session."""
    return until(lambda: _sessions(connection, "wait_event = 'PgSleep'"), "a migration comes to its gate")[0]


def open_gate(connection: Connection) -> None:
    """Lets every migration pass its GATE from now on."""
    with connection.connect() as session:
        session.execute("CREATE SCHEMA gate_open")


def client_port(connection: Connection, pid: int) -> int:
    """Returns the client's port of a session."""
    with connection.connect() as session:
        return one_value(session.execute("SELECT client_port FROM pg_stat_activity WHERE pid = %s", [pid]))


def terminate(connection: Connection, pid: int) -> None:
    """Ends a session from the server's side, like a failover or an administrator."""
    with connection.connect() as session:
        assert one_value(session.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]))


def end_sessions(connection: Connection) -> None:
    """Ends all remaining sessions of runs in this database."""
    for pid in _sessions(connection, "true"):
        with connection.connect() as session:
            session.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def _sessions(connection: Connection, which: str) -> list[int]:
    with connection.connect() as session:
        found = session.execute(f"SELECT pid FROM pg_stat_activity WHERE {_OURS} AND {which}").fetchall()
        return [pid for (pid,) in found]
