"""Observes a statement that cannot run inside a transaction.

The statement releases locks while it runs, so it is stopped on its way: another session holds a lock on one table, in one
mode. When the statement waits for that lock, the locks that it holds and wants are read. This is repeated for each table and
for several modes, from the strongest, which stops every statement, to the weakest, which conflicts only with the strongest.
"""

from __future__ import annotations

import threading
import time

import psycopg

from proofs.harness.rows import one_value
from proofs.observe import relations, report
from proofs.observe.databases import Databases
from proofs.observe.forms import Form
from proofs.observe.relations import Relation
from proofs.observe.work import Traces

#: A reader also locks a table's indexes.
_HOLDING = (
    "LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE",
    "LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE",
    "SELECT FROM ONLY {}",
)

_SCANS = """
SELECT c.oid, pg_stat_get_numscans(c.oid) + pg_stat_get_vacuum_count(c.oid) FROM pg_class c WHERE c.relkind IN ('r', 'm')
"""


def observe(form: Form, databases: Databases) -> list[str]:
    """Returns the effect of the form, a line for each relation."""
    before, after, traces = _run(form, databases)
    locks: dict[int, str] = {}
    for table in [relation for relation in before.values() if relation.kind in ("r", "p")]:
        for hold in _HOLDING:
            seen = _stopped(form, databases, hold.format(table.name))
            if not seen and hold == _HOLDING[0]:
                break
            for relation in before.values():
                if relation.name in seen:
                    locks[relation.oid] = relations.stronger(locks.get(relation.oid), seen[relation.name])
    return report.lines(before, after, locks, traces)


def _run(form: Form, databases: Databases) -> tuple[dict[int, Relation], dict[int, Relation], Traces]:
    """Runs the statement without an obstacle. Returns the relations before and after it, and its traces."""
    with databases.prepared(form.setup + form.plan) as name, databases.look(name) as observer:
        # A session reports its counts at its end.
        _until_alone(observer)
        before = relations.relations(observer)
        files = relations.files(observer, before)
        counted: dict[int, int] = dict(observer.execute(_SCANS).fetchall())
        messages: list[str] = []
        with databases.session(name) as session:
            session.add_notice_handler(lambda notice: messages.append(notice.message_primary or ""))
            session.execute(form.statement)
        _until_alone(observer)
        after = relations.relations(observer)
        scans = {oid: count - counted.get(oid, 0) for oid, count in observer.execute(_SCANS)}
        twice = 2 if "CONCURRENTLY" in form.statement else 1
        return before, after, Traces(messages, files, relations.files(observer, after), scans, reads_for_index=twice)


def _stopped(form: Form, databases: Databases, hold: str) -> dict[str, str]:
    """Returns the locks that the statement holds or waits for when it meets the other session's lock; empty if it does
    not."""
    with (
        databases.prepared(form.setup + form.plan) as name,
        databases.look(name) as observer,
        databases.session(name) as holder,
        databases.session(name) as session,
    ):
        before = relations.relations(observer)
        holder.execute("BEGIN")
        holder.execute(hold)
        runner = threading.Thread(target=_finish, args=(session, form.statement))
        runner.start()
        try:
            pid = session.info.backend_pid
            stopped = _until_stopped(observer, pid, holder.info.backend_pid, runner)
            locks = relations.locks(observer, pid) if stopped else {}
        finally:
            holder.execute("ROLLBACK")
            runner.join()
        return {before[oid].name: mode for oid, mode in locks.items() if oid in before}


def _finish(session: psycopg.Connection, statement: str) -> None:
    session.execute(statement)


def _until_stopped(observer: psycopg.Connection, pid: int, holder: int, runner: threading.Thread) -> bool:
    """Waits until the statement waits for the holder, or ends. Returns whether it waits. The server does not notify, so
    this polls.

    For a moment the statement may also wait for the polling session.
    """
    while runner.is_alive():
        if one_value(observer.execute("SELECT %s = ANY (pg_blocking_pids(%s))", (holder, pid))):
            return True
        time.sleep(0.005)
    return False


def _until_alone(observer: psycopg.Connection) -> None:
    """Waits until all other sessions have left the database."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while observer.execute(others).fetchone() != (0,):
        time.sleep(0.005)
