"""Compares the reports on histories with the observations."""

from __future__ import annotations

from proofs.observe.histories import durations, failures, locks
from proofs.observe.histories.agreement import Agreement, Disagreement
from proofs.observe.histories.beside import Beside
from proofs.observe.histories.measured import Measured

#: The comparison that is made before anything runs.
ON_EMPTY = "safe on an empty database"


def of(histories: list[Measured]) -> Agreement:
    """Returns the results of all comparisons with one number of rows."""
    agreement = Agreement()
    for measured in histories:
        agreement.counted["histories"] += 1
        agreement.counted["histories that stopped"] += bool(measured.stopped)
        agreement.counted["migrations"] += measured.scripts
        agreement.counted["migrations that were not run"] += measured.scripts - measured.ran
        agreement.counted["migrations that a plan refuses"] += len(measured.refused)
        agreement.counted["tables at the end"] += measured.tables
        agreement.counted["tables with too few rows"] += len(measured.short)
        _on_empty(measured, agreement)
        for migration in measured.migrations:
            emptied = ", with its tables emptied" if migration.again else ""
            where = f"{migration.history} {migration.name}{emptied}"
            _migration(Beside(migration.said, migration.seen, where, agreement, migration.rows))
        for trial in measured.trials:
            where = f"{trial.history} {trial.name}, {trial.when}"
            failures.compare(Beside(trial.said, trial.seen, where, agreement), f"{trial.when}: ")
    return agreement


def _on_empty(measured: Measured, agreement: Agreement) -> None:
    planned = measured.scripts - len(measured.refused)
    agreement.compared[ON_EMPTY] += planned
    agreement.equal[ON_EMPTY] += planned - len(measured.on_empty)
    for name, verdict, why in measured.on_empty:
        agreement.disagreements.append(Disagreement(f"{verdict} on an empty database", f"{measured.name} {name}", why))


def _migration(beside: Beside) -> None:
    beside.count("runs")
    failures.compare(beside)
    if beside.seen.sqlstate:
        return
    if beside.seen.standalone:
        beside.count("runs outside of a transaction")
    if beside.said.opaque:
        beside.count("runs of which a part is said to be unknown")
    locks.compare(beside)
    locks.waiting(beside)
    durations.work(beside)
    durations.time(beside)
