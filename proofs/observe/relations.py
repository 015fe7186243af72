"""The relations of a database without those of the system, and the locks on them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

#: From weakest to strongest: the names in `pg_locks` and in the manual.
MODES = {
    "AccessShareLock": "ACCESS SHARE",
    "RowShareLock": "ROW SHARE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}
STRENGTH = {mode: strength for strength, mode in enumerate(MODES)}

#: Tables, including partitioned and foreign ones, and views. Other sessions do not read or write a composite type.
TABLES = ("r", "p", "m", "v", "f")

_RELATIONS = """
SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relname::text, c.relkind::text, coalesce(i.indrelid, 0)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
"""

_LOCKS = """
SELECT relation, mode FROM pg_locks
WHERE locktype = 'relation' AND pid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

#: The size distinguishes a rewritten table from an emptied one.
_FILES = "SELECT pg_relation_filenode(c.oid), pg_relation_size(c.oid) FROM pg_class c WHERE c.oid = %s"


@dataclass(frozen=True)
class Relation:
    """A relation with its qualified name and its own name, and for an index its table."""

    oid: int
    name: str
    own_name: str
    kind: str
    of_table: int


@dataclass(frozen=True)
class Files:
    """The files of a table's rows."""

    node: int
    size: int


def relations(session: psycopg.Connection) -> dict[int, Relation]:
    """Returns every relation, by its oid."""
    return {row[0]: Relation(*row) for row in session.execute(_RELATIONS)}


def locks(session: psycopg.Connection, pid: int) -> dict[int, str]:
    """Returns the strongest lock on each relation that a session holds or waits for."""
    strongest: dict[int, str] = {}
    for oid, mode in session.execute(_LOCKS, (pid,)):
        strongest[oid] = stronger(strongest.get(oid), mode)
    return strongest


def stronger(one: str | None, other: str) -> str:
    """Returns the stronger of two locks."""
    return other if one is None or STRENGTH[other] > STRENGTH[one] else one


def files(session: psycopg.Connection, known: dict[int, Relation]) -> dict[int, Files]:
    """Returns the files of the given tables and materialized views that exist."""
    found = {}
    for relation in known.values():
        if relation.kind in ("r", "m"):
            row = session.execute(_FILES, (relation.oid,)).fetchone()
            if row:
                found[relation.oid] = Files(*row)
    return found
