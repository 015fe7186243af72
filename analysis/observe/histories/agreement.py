"""Prints what was compared, and each disagreement."""

from __future__ import annotations

from analysis.observe.histories.compare import FAILURES, MAGNITUDES, RUNS, Agreement
from analysis.observe.histories.measured import Measured

#: What is compared, in the order in which it is shown.
ROWS = (
    "locks",
    "whether readers wait",
    "whether writers wait",
    "rewrites",
    "index builds",
    "scans",
    "how long others wait",
    *(
        f"{when}{what}"
        for when in ("", "too early: ", "a second time: ")
        for what in (*(FAILURES.format(reason) for reason in ("the catalog", "statistics", "rows alone")), RUNS)
    ),
    "safe on an empty database",
)


def table(by_rows: dict[int, Agreement]) -> list[str]:
    """What agreed of how much, by how many rows a table had, as Markdown."""
    head = " | ".join(f"{rows:,} rows" for rows in by_rows)
    lines = [f"| | {head} |", "| --- |" + " ---: |" * len(by_rows)]
    for row in ROWS:
        lines.append(f"| {row[0].upper()}{row[1:]} | " + " | ".join(_share(one, row) for one in by_rows.values()) + " |")
    return lines


def _share(agreement: Agreement, row: str) -> str:
    compared, equal = agreement.compared[row], agreement.equal[row]
    if not compared:
        return "–"
    # A hundred percent is all of them.
    percent = equal * 1000 // compared / 10
    return f"{equal:,} of {compared:,} ({percent:g} %)"


def kinds(by_rows: dict[int, Agreement]) -> list[str]:
    """How often there is each kind of disagreement, as Markdown."""
    names = sorted({kind for agreement in by_rows.values() for kind in agreement.kinds()})
    head = " | ".join(f"{rows:,} rows" for rows in by_rows)
    lines = [f"| | {head} |", "| --- |" + " ---: |" * len(by_rows)]
    for name in names:
        lines.append(f"| {name[0].upper()}{name[1:]} | " + " | ".join(f"{one.kinds()[name]}" for one in by_rows.values()) + " |")
    return lines


def counts(by_rows: dict[int, Agreement]) -> list[str]:
    """What is only counted, as Markdown."""
    names = list(dict.fromkeys(name for agreement in by_rows.values() for name in agreement.counted))
    head = " | ".join(f"{rows:,} rows" for rows in by_rows)
    lines = [f"| | {head} |", "| --- |" + " ---: |" * len(by_rows)]
    for name in names:
        lines.append(f"| {name[0].upper()}{name[1:]} | " + " | ".join(f"{one.counted[name]:,}" for one in by_rows.values()) + " |")
    return lines


def times(agreement: Agreement) -> list[str]:
    """How long others were said to wait, and did, as Markdown."""
    lines = ["| Said | " + " | ".join(MAGNITUDES) + " |", "| --- |" + " ---: |" * len(MAGNITUDES)]
    for said in (*MAGNITUDES, "unknown"):
        lines.append(f"| {said} | " + " | ".join(str(agreement.times[said, seen]) for seen in MAGNITUDES) + " |")
    return lines


def every(agreement: Agreement, histories: list[Measured]) -> list[str]:
    """Every disagreement by kind, and what hindered the measure."""
    lines = []
    for kind, many in sorted(agreement.kinds().items()):
        lines += ["", f"{kind}: {many}"]
        lines += [f"  {one.where}\n      {one.text}" for one in agreement.disagreements if one.kind == kind]
    for measured in histories:
        lines += [f"refused by the plan: {measured.name} {text}" for text in measured.refused]
        lines += [f"too few rows: {measured.name} {name}: {why}" for name, why in measured.short.items()]
        lines += [f"stopped: {measured.name} {measured.stopped}"] if measured.stopped else []
    return lines
