"""Prints the comparisons and each disagreement."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from proofs.observe.histories.agreement import MAGNITUDES, Agreement
from proofs.observe.histories.compare import ON_EMPTY
from proofs.observe.histories.durations import WORK
from proofs.observe.histories.failures import FAILURES, IN_TURN, OUT_OF_TURN, RUNS
from proofs.observe.histories.measured import Measured

#: The comparisons, in the order of the table.
ROWS = (
    "locks",
    "whether readers wait",
    "whether writers wait",
    *reversed(WORK.values()),
    "how long others wait",
    *(
        f"{when}{what}"
        for when in (IN_TURN, *OUT_OF_TURN)
        for what in (*(FAILURES.format(reason) for reason in ("the catalog", "statistics", "rows alone")), RUNS)
    ),
    ON_EMPTY,
)


def table(by_rows: dict[int, Agreement]) -> list[str]:
    """Returns the table of agreements, by the number of rows of a table, as Markdown."""
    return _columns(by_rows, ROWS, _share)


def _share(agreement: Agreement, row: str) -> str:
    compared, equal = agreement.compared[row], agreement.equal[row]
    if not compared:
        return "–"
    # Rounded down, so that a hundred percent means all of them.
    percent = equal * 1000 // compared / 10
    return f"{equal:,} of {compared:,} ({percent:g} %)"


def kinds(by_rows: dict[int, Agreement]) -> list[str]:
    """Returns the number of disagreements of each kind, as Markdown."""
    names = sorted({kind for agreement in by_rows.values() for kind in agreement.kinds()})
    return _columns(by_rows, names, _many)


def _many(agreement: Agreement, kind: str) -> str:
    for when in OUT_OF_TURN:
        if kind.startswith(when) and not agreement.compared[f"{when}{RUNS}"]:
            # No migration was tried out of its turn.
            return "–"
    return f"{agreement.kinds()[kind]:,}"


def counts(by_rows: dict[int, Agreement]) -> list[str]:
    """Returns the results that are only counted, as Markdown."""
    names = list(dict.fromkeys(name for agreement in by_rows.values() for name in agreement.counted))
    return _columns(by_rows, names, lambda agreement, name: f"{agreement.counted[name]:,}")


def _columns(
    by_rows: dict[int, Agreement], names: Iterable[str], cell: Callable[[Agreement, str], str]
) -> list[str]:
    head = " | ".join(f"{rows:,} rows" for rows in by_rows)
    lines = [f"| | {head} |", "| --- |" + " ---: |" * len(by_rows)]
    for name in names:
        cells = " | ".join(cell(agreement, name) for agreement in by_rows.values())
        lines.append(f"| {name[0].upper()}{name[1:]} | {cells} |")
    return lines


def times(agreement: Agreement) -> list[str]:
    """Returns the reported and the observed waiting times of other sessions, as Markdown."""
    lines = ["| Said | " + " | ".join(MAGNITUDES) + " |", "| --- |" + " ---: |" * len(MAGNITUDES)]
    for said in (*MAGNITUDES, "unknown"):
        lines.append(f"| {said} | " + " | ".join(str(agreement.times[said, seen]) for seen in MAGNITUDES) + " |")
    return lines


def every(agreement: Agreement, histories: list[Measured]) -> list[str]:
    """Returns every disagreement by kind, and the obstacles to the measurement."""
    lines = []
    for kind, many in sorted(agreement.kinds().items()):
        lines += ["", f"{kind}: {many}"]
        lines += [f"  {one.where}\n      {one.text}" for one in agreement.disagreements if one.kind == kind]
    for measured in histories:
        lines += [f"refused by the plan: {measured.name} {text}" for text in measured.refused]
        lines += [f"too few rows: {measured.name} {name}: {why}" for name, why in measured.short.items()]
        lines += [f"stopped: {measured.name} {measured.stopped}"] if measured.stopped else []
    return lines
