"""Observes a statement inside a transaction that is rolled back: its locks are kept until then."""

from __future__ import annotations

from proofs.observe import relations, report
from proofs.observe.databases import Databases
from proofs.observe.forms import Form
from proofs.observe.work import Traces

_SCANS = "SELECT c.oid, pg_stat_get_xact_numscans(c.oid) FROM pg_class c WHERE c.relkind IN ('r', 'm')"


def observe(form: Form, databases: Databases) -> list[str]:
    """Returns the effect of the form, a line for each relation."""
    with databases.prepared(form.setup + form.plan) as name, databases.session(name) as session:
        messages: list[str] = []
        session.add_notice_handler(lambda notice: messages.append(notice.message_primary or ""))
        before = relations.relations(session)
        files = relations.files(session, before)
        session.execute("BEGIN")
        messages.clear()
        session.execute(form.statement)
        said = list(messages)
        # This comes first, because reading a file's size takes a lock too.
        locks = relations.locks(session, session.info.backend_pid)
        after = relations.relations(session)
        scans: dict[int, int] = dict(session.execute(_SCANS).fetchall())
        traces = Traces(said, files, relations.files(session, after), scans)
        session.execute("ROLLBACK")
    return report.lines(before, after, locks, traces)
