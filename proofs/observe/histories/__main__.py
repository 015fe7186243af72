"""Measures how far the report agrees with a PostgreSQL, on the real histories that CORPORA names.

    CORPORA=directory python -m proofs.observe.histories                   with 60 and with 1,000 rows a table
    CORPORA=directory python -m proofs.observe.histories --rows 60 --only umami
    CORPORA=directory python -m proofs.observe.histories --rows 60 1000 40000 --write     and writes the page

The page shows each number of rows that was measured with this analysis, by this command or by an earlier one.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from proofs.harness import histories, install
from proofs.observe.histories import compare, kept, page, reporter, shown
from proofs.observe.histories.agreement import Agreement
from proofs.observe.histories.measured import Measured, measure
from proofs.observe.histories.server import Server
from scripts.signals import end_when_told

#: Up to this number of rows, each migration is also tried out of its turn.
_FEW = 100

_TOOLS = {histories.PRISMA: "Prisma", histories.SQLX: "sqlx"}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m proofs.observe.histories", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[60, 1000], help="how many rows each table is given")
    parser.add_argument("--only", default="", help="the histories with this in their names")
    parser.add_argument("--major", type=int, choices=install.MAJORS, default=install.NEW, help="of PostgreSQL")
    parser.add_argument("--write", action="store_true", help="write crates/analysis/docs/agreement.md")
    arguments = parser.parse_args()
    end_when_told()
    found = [
        history
        for tool in _TOOLS
        for history in histories.real(tool, only_short=False)
        if arguments.only in history.name
    ]
    if not found:
        print("skipped: CORPORA names no directory of real histories")
        return 0
    program = reporter.build()
    about = f"{arguments.major} {[(history.tool, history.migrations) for history in found]}"
    for rows in arguments.rows:
        started = time.monotonic()
        with Server(arguments.major) as server:
            # These results do not depend on the number of rows, so they are measured once.
            measured = [_measured(history, server, program, rows, trials=rows <= _FEW) for history in found]
        agreement = compare.of(measured)
        kept.keep(agreement, rows, program, about)
        _show(rows, agreement, measured)
        print(f"{rows} rows: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        if arguments.write:
            many = {tool: sum(it.tool == name for it in found) for name, tool in _TOOLS.items()}
            page.write(kept.all_of(program, about), many, arguments.major)
    return 0


def _measured(history: histories.History, server: Server, program: Path, rows: int, trials: bool) -> Measured:
    print(f"{history.tool}/{history.name}: {len(history.migrations)} migrations, {rows} rows a table", file=sys.stderr)
    return measure(history, server, program, rows, trials)


def _show(rows: int, found: Agreement, measured: list[Measured]) -> None:
    of = {rows: found}
    print(f"With {rows:,} rows a table", "", *shown.table(of), "", *shown.kinds(of), "", *shown.counts(of), "", sep="\n")
    print(*shown.times(found), *shown.every(found, measured), "", sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
