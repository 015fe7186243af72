"""Runs a history, migration by migration, each on the database that the earlier ones left, filled with rows."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from proofs.harness.histories import History
from proofs.harness.rows import one_row, one_value
from proofs.observe.histories import alone, said, transaction
from proofs.observe.histories.reporter import Reporter, Script
from proofs.observe.histories.rows.fill import Filler
from proofs.observe.histories.said import Said
from proofs.observe.histories.seen import Seen
from proofs.observe.histories.server import Server
from proofs.observe.relations import STRENGTH

_WRITES = STRENGTH["RowExclusiveLock"]


@dataclass
class Migration:
    """The report on a migration, and the observation of it."""

    history: str
    name: str
    said: Said
    seen: Seen
    #: The number of rows of the named tables, by the table's oid.
    rows: dict[int, int]
    #: Whether its first run failed on rows, after which its tables were emptied.
    again: bool = False
    #: The original report.
    report: dict[str, Any] = field(default_factory=dict)


@dataclass
class Trial:
    """The report and the observation of a migration out of its turn. It is rolled back. Its failures come from the
    catalog."""

    history: str
    name: str
    when: str
    said: Said
    seen: Seen


@dataclass
class Measured:
    """The measurement of a history."""

    name: str
    scripts: int = 0
    #: The number of migrations that were run, or that a plan refuses.
    ran: int = 0
    migrations: list[Migration] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    #: The migrations that a plan refuses, with the reason.
    refused: list[str] = field(default_factory=list)
    #: With all migrations pending on an empty database: those whose verdict is not safe, with the verdict and the reason.
    on_empty: list[tuple[str, str, str]] = field(default_factory=list)
    #: The reason if the history was not run to its end.
    stopped: str = ""
    #: The number of tables at the end, and why some tables have too few rows.
    tables: int = 0
    short: dict[str, str] = field(default_factory=dict)


def measure(history: History, server: Server, program: Path, rows: int, trials: bool = False) -> Measured:
    """Measures the whole history, with so many rows in each table. With `trials`, each migration is also tried before
    its turn and after it."""
    measured = Measured(f"{history.tool}/{history.name}", len(history.migrations))
    # Read as bytes, because line ends are part of a script.
    texts = [path.read_bytes().decode() for path in history.scripts()]
    with (
        server.database() as database,
        Reporter(program, server, database, history.tool) as reporter,
        server.superuser(database) as observer,
        server.superuser(database) as filling,
    ):
        run = _Run(measured, server, database, reporter, observer, Filler(filling, rows))
        name = "all at once"
        try:
            _all_at_once(measured, history, texts, reporter)
            for number, (name, text) in enumerate(zip(history.migrations, texts, strict=True), 1):
                if number % 50 == 0:
                    print(f"{measured.name}: {number} of {len(texts)} with {rows} rows", file=sys.stderr, flush=True)
                if trials and number < len(texts):
                    run.attempt(history.migrations[number], texts[number], "too early")
                if not run.one(name, text):
                    break
                measured.ran += 1
                if trials:
                    run.attempt(name, text, "a second time")
        except (psycopg.Error, AssertionError, RuntimeError) as failure:
            # An error in one history must not keep the others from being measured.
            measured.stopped = f"{name}: {failure}"
        measured.tables, measured.short = len(run.filler.filled.rows), run.filler.filled.short
    return measured


def _all_at_once(measured: Measured, history: History, texts: list[str], reporter: Reporter) -> None:
    scripts, report = reporter.of(texts)
    planned = [name for name, script in zip(history.migrations, scripts, strict=True) if not script.refused]
    for name, migration in zip(planned, report["migrations"], strict=True):
        if migration["verdict"] != "safe":
            measured.on_empty.append((name, migration["verdict"], migration["why"]))


class _Run:
    """The run of a history on its database."""

    def __init__(
        self, measured: Measured, server: Server, database: str, reporter: Reporter, observer: psycopg.Connection,
        filler: Filler,
    ) -> None:
        self.filler = filler
        self._measured = measured
        self._server = server
        self._database = database
        self._reporter = reporter
        self._observer = observer

    def one(self, name: str, text: str) -> bool:
        """Runs a migration. Returns whether the history can go on."""
        first = self._once(name, text, again=False)
        if first is None or not first.seen.sqlstate:
            return True
        for emptied in (list(first.rows), list(first.seen.before)):
            self.filler.empty(emptied)
            second = self._once(name, text, again=True)
            if second is None or not second.seen.sqlstate:
                return True
            self._measured.migrations.pop()
            failed = second.seen
        self._measured.stopped = f"{name} fails on empty tables too, with {failed.sqlstate}: {failed.message}"
        return False

    def attempt(self, name: str, text: str, when: str) -> None:
        """Tries a migration out of its turn. Scripts that cannot be rolled back are left out."""
        (script,), report = self._reporter.of([text])
        if script.refused or script.standalone:
            return
        with self._server.migrating(self._database) as session:
            seen = transaction.attempt(session, script)
        self._measured.trials.append(Trial(self._measured.name, name, when, said.read(report), seen))

    def _once(self, name: str, text: str, again: bool) -> Migration | None:
        (script,), report = self._reporter.of([text])
        if script.refused:
            self._measured.refused.append(f"{name}: {script.refused}")
            self._as_its_tool(text)
            return None
        told = said.read(report)
        if not again and self.filler.need(self._named(told)):
            report = self._reporter.of([text])[1]
            told = said.read(report)
        rows = self._rows(told)
        seen = self._run(script, told)
        migration = Migration(self._measured.name, name, told, seen, rows, again, report)
        self._measured.migrations.append(migration)
        if not seen.sqlstate:
            touched = {oid for oid, mode in seen.locks.items() if STRENGTH[mode] >= _WRITES}
            self.filler.fill(touched)
        return migration

    def _run(self, script: Script, told: Said) -> Seen:
        with self._server.migrating(self._database) as session:
            if not script.standalone:
                return transaction.run(session, script, told)
            with self._server.superuser(self._database) as holder:
                return alone.run(session, self._observer, holder, script, told)

    def _rows(self, told: Said) -> dict[int, int]:
        """Returns the number of rows of the named relations. A partitioned table has the rows of its partitions."""
        counts = {}
        for oid in self._named(told):
            kind = self._observer.execute("SELECT relkind::text, oid::regclass::text FROM pg_class WHERE oid = %s", (oid,))
            relkind, name = one_row(kind)
            if relkind in ("r", "p", "m"):
                counts[oid] = one_value(self._observer.execute(f"SELECT count(*) FROM {name}"))
        return counts

    def _named(self, told: Said) -> set[int]:
        return {oid for oid in transaction.meaning(self._observer, told.names()).values() if oid}

    def _as_its_tool(self, text: str) -> None:
        """Runs a script that a plan refuses as the migration tool itself does, so that the history can go on. The
        server may refuse it too."""
        with self._server.migrating(self._database) as session, contextlib.suppress(psycopg.Error):
            session.execute(text)
        self.filler.fill(set())
