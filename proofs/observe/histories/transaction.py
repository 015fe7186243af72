"""Runs a migration as the engine does, in one transaction, and observes it after each statement."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import psycopg

from proofs.harness.rows import one_value
from proofs.observe import relations, work
from proofs.observe.histories.reporter import Script
from proofs.observe.histories.said import Said
from proofs.observe.histories.seen import Part, Seen
from proofs.observe.relations import Files, Relation
from proofs.observe.work import Traces

#: Tables and materialized views with their files, and the number of reads by this transaction.
_TABLES = """
SELECT oid, relname::text, relfilenode, pg_catalog.pg_stat_get_xact_numscans(oid) FROM pg_catalog.pg_class
WHERE relkind IN ('r', 'm') AND oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace
"""

#: The relations that the session finds by these names.
MEANING = "SELECT name, pg_catalog.to_regclass(name)::oid FROM pg_catalog.unnest(%s::text[]) AS name"

_SIZE = "SELECT pg_catalog.pg_relation_size(%s)"


@dataclass(frozen=True)
class _Table:
    """What shows whether a statement worked on a table's rows."""

    name: str
    node: int
    scans: int


def run(session: psycopg.Connection, script: Script, said: Said) -> Seen:
    """Runs a script in a transaction. The transaction is committed, or rolled back after a failure. Returns the
    observation."""
    messages: list[str] = []
    session.add_notice_handler(lambda notice: messages.append(notice.message_primary or ""))
    seen = Seen(relations.relations(session))
    try:
        session.execute(f"BEGIN {script.modes}")
        tables = _tables(session)
        for part in script.parts:
            observed = Part(part.start, locks=dict(seen.locks))
            statement = said.at(part.start)
            names = [effect.relation for effect in statement.effects] if statement else []
            observed.named = meaning(session, names)
            messages.clear()
            started = time.perf_counter()
            seen.parts.append(observed)
            session.execute(part.sql)
            observed.seconds = time.perf_counter() - started
            spoken = list(messages)
            observed.locks = relations.locks(session, session.info.backend_pid)
            behind = _tables(session)
            observed.work = _work(session, seen.before, tables, behind, spoken)
            tables = behind
        started = time.perf_counter()
        session.execute("COMMIT")
        if seen.parts:
            seen.parts[-1].seconds += time.perf_counter() - started
    except psycopg.Error as failure:
        if session.closed:
            raise
        seen.sqlstate, seen.message = _of(failure)
        session.execute("ROLLBACK")
    return seen


def attempt(session: psycopg.Connection, script: Script) -> Seen:
    """Tries a script in a transaction, which is always rolled back. Returns the observation."""
    seen = Seen({})
    try:
        session.execute(f"BEGIN {script.modes}")
        for part in script.parts:
            seen.parts.append(Part(part.start))
            session.execute(part.sql)
        # A commit would check the constraints.
        session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as failure:
        if session.closed:
            raise
        seen.sqlstate, seen.message = _of(failure)
    session.execute("ROLLBACK")
    return seen


def _of(failure: psycopg.Error) -> tuple[str, str]:
    return failure.sqlstate or "none", str(failure).splitlines()[0]


def meaning(session: psycopg.Connection, names: list[str]) -> dict[str, int | None]:
    """Returns the relation that each name stands for now."""
    return dict(session.execute(MEANING, (sorted(set(names)),)).fetchall()) if names else {}


def _tables(session: psycopg.Connection) -> dict[int, _Table]:
    return {oid: _Table(name, node, scans or 0) for oid, name, node, scans in session.execute(_TABLES)}


def _work(
    session: psycopg.Connection, known: dict[int, Relation], before: dict[int, _Table], after: dict[int, _Table],
    spoken: list[str],
) -> dict[int, list[str]]:
    """Returns the work on relations that existed before the migration. A file's size is read only if something was
    done, because reading it takes time."""
    done: dict[int, list[str]] = {}
    for oid in known.keys() & before.keys() & after.keys():
        old, new = before[oid], after[oid]
        is_named = any(f'"{new.name}"' in message for message in spoken)
        if old == new and not is_named:
            continue
        size = one_value(session.execute(_SIZE, (oid,)))
        if not size:
            # A relation without rows causes no long work.
            continue
        traces = Traces(spoken, {oid: Files(old.node, 0)}, {oid: Files(new.node, size)}, {oid: new.scans - old.scans})
        # The server's messages use the relation's current name.
        found = work.of(replace(known[oid], own_name=new.name), traces)
        if found:
            done[oid] = found
    return done
