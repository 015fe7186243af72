"""Runs a migration that cannot run inside a transaction, and observes it while it runs.

The statement releases locks while it runs. So another session has read and written every table, and keeps its
transaction open. A statement that waits for such sessions waits for this one, and then the locks that it holds and
wants are read. Then the other session ends, and the statement's locks are read repeatedly until it ends. A lock that is
taken and released between two readings is missed: fewer locks may be seen than were taken, but never more.
"""

from __future__ import annotations

import threading
import time

import psycopg
from psycopg import sql

from proofs.observe import relations, work
from proofs.observe.histories.reporter import Script
from proofs.observe.histories.said import Said
from proofs.observe.histories.seen import Part, Seen
from proofs.observe.histories.transaction import meaning
from proofs.observe.relations import Relation
from proofs.observe.work import Traces

_SCANS = """
SELECT c.oid, pg_stat_get_numscans(c.oid) + pg_stat_get_vacuum_count(c.oid) FROM pg_class c WHERE c.relkind IN ('r', 'm')
"""

#: A session reports its counts when it is idle for a while, or immediately by this statement.
_FLUSH = "SELECT pg_stat_force_next_flush()"

_UNFINISHED = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


def run(session: psycopg.Connection, observer: psycopg.Connection, holder: psycopg.Connection, script: Script, said: Said) -> Seen:
    """Returns the observed effect of the statement. An index that it leaves unfinished is dropped, as the engine does."""
    messages: list[str] = []
    session.add_notice_handler(lambda notice: messages.append(notice.message_primary or ""))
    observer.execute(_FLUSH)
    seen = Seen(relations.relations(observer), standalone=True)
    files = relations.files(observer, seen.before)
    counted: dict[int, int] = dict(observer.execute(_SCANS).fetchall())
    (part,) = script.parts
    observed = Part(part.start)
    statement = said.at(part.start)
    observed.named = meaning(session, [effect.relation for effect in statement.effects] if statement else [])
    seen.parts.append(observed)
    _use_all(holder, seen.before)
    running = _Running(session, part.sql)
    stopped = _look_on(observer, holder, running, observed)
    holder.execute("ROLLBACK")
    running.join()
    observed.seconds = running.seconds
    if running.failure:
        seen.sqlstate, seen.message = running.failure.sqlstate or "none", str(running.failure).splitlines()[0]
        for (index,) in observer.execute(_UNFINISHED).fetchall():
            observer.execute(f"DROP INDEX {index}")
        return seen
    session.execute(_FLUSH)
    after = relations.relations(observer)
    for oid in observed.locks.keys() - after.keys():
        # A relation that is dropped is locked with ACCESS EXCLUSIVE at the end, when no other session uses it any more.
        if oid in stopped:
            observed.locks[oid] = stopped[oid]
        else:
            del observed.locks[oid]
    scans = {oid: count - counted.get(oid, 0) for oid, count in observer.execute(_SCANS)}
    twice = 2 if "CONCURRENTLY" in part.sql.upper() else 1
    traces = Traces(messages, files, relations.files(observer, after), scans, reads_for_index=twice)
    tables = [seen.before[oid] for oid, now in traces.after.items() if oid in files and now.size]
    observed.work = {relation.oid: done for relation in tables if (done := work.of(relation, traces))}
    return seen


class _Running(threading.Thread):
    """A thread that runs a statement."""

    def __init__(self, session: psycopg.Connection, statement: str) -> None:
        super().__init__()
        self.pid = session.info.backend_pid
        self.failure: psycopg.Error | None = None
        #: The duration, without the time during which it waited for the other session.
        self.seconds = 0.0
        self.since = time.perf_counter()
        self._session = session
        self._statement = statement
        self.start()

    def run(self) -> None:
        try:
            self._session.execute(self._statement)
        except psycopg.Error as failure:
            self.failure = failure
        self.seconds = time.perf_counter() - self.since


def _use_all(holder: psycopg.Connection, known: dict[int, Relation]) -> None:
    """Leaves a transaction open that has read and written every table. A reader also locks a table's indexes."""
    holder.execute("BEGIN")
    tables = [relation for relation in known.values() if relation.kind == "r"]
    if tables:
        holder.execute(f"LOCK TABLE {', '.join(f'ONLY {table.name}' for table in tables)} IN ROW EXCLUSIVE MODE")
    for table in tables:
        holder.execute(sql.SQL("SELECT FROM ONLY {} LIMIT 0").format(sql.SQL(table.name)))


def _look_on(
    observer: psycopg.Connection, holder: psycopg.Connection, running: _Running, observed: Part
) -> dict[int, str]:
    """Notes the strongest of all observed locks. Returns the locks at the moment at which the statement waited for the
    holder."""
    waits = "SELECT %s = ANY (pg_blocking_pids(%s))"
    stopped: dict[int, str] | None = None
    while running.is_alive():
        # The wait is checked first: a statement that waits here still waits when its locks are read.
        is_stopped = stopped is None and observer.execute(waits, (holder.info.backend_pid, running.pid)).fetchone() == (True,)
        locks = relations.locks(observer, running.pid)
        for oid, mode in locks.items():
            observed.locks[oid] = relations.stronger(observed.locks.get(oid), mode)
        if is_stopped:
            stopped = locks
            running.since = time.perf_counter()
            holder.execute("ROLLBACK")
    return stopped or {}
