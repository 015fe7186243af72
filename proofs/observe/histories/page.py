"""Writes `crates/analysis/docs/agreement.md`: only figures, and nothing from the histories."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from proofs.observe.forms import ANALYSIS
from proofs.observe.histories import shown
from proofs.observe.histories.agreement import Agreement
from proofs.observe.histories.compare import ON_EMPTY
from proofs.observe.histories.failures import CATALOG, FAILURES, IN_TURN, OUT_OF_TURN, RUNS, STATISTICS

PATH = ANALYSIS / "docs" / "agreement.md"

#: The first paragraph in one line, because its length is known only later.
_WHAT = (
    "{histories} were run on PostgreSQL {major}, migration by migration, each on the database that the ones before it had "
    "left, with {rows} rows in each table. Before each, the report was made as the plan function makes it; then the migration "
    "was run as the engine runs it, and what the server did was set beside what the report had said."
)

_HOW = """\
`CORPORA=<directory> .venv/bin/python -m proofs.observe.histories --rows {arguments} --write`, after `make setup`,
measures again, prints each disagreement with its place and writes this page. `<directory>` holds `prisma/<history>` and `sqlx/<history>`; the histories
are not part of this repository. With 60 and 1,000 rows it takes some ten minutes on two cores, with 40,000 half an hour.
"""

_METHOD = """\
## How it is measured

- **Locks**: behind each statement, before the commit, `pg_locks` tells what the transaction holds. Compared is the strongest
  lock on each relation that was there before the migration: tables and views; indexes where they are locked more than their
  table; sequences where the report names them. Where the report says that a part of a migration cannot be known, a lock that
  it does not name is counted apart.
- **Outside of a transaction** locks are let go of on the way. There another session has read and written every table, the
  statement is looked at when it waits for that, and then again and again until it ends. A lock that the report names and
  that was not seen is counted apart: it may have come between two looks. One that was seen and not named counts.
- **Who waits**: readers wait for ACCESS EXCLUSIVE, writers from SHARE on, on any table that was there before. Compared with
  what the report says of the migration as a whole.
- **Rewrites, index builds, scans**: a new file that is not empty; the server's own messages; its count of scans. Compared
  for each statement and table. Where a table has no rows nothing is to be seen, and that is counted apart. On small tables
  the server may read a whole table where it would use an index of a large one.
- **How long others wait**: from the first lock that another session waits for to the end of the commit, beside the report's word
  for it. A moment is less than 1 s, seconds are less than 10 s, minutes less than 3,600 s. The disk is not made to flush.
- **Failures**: a migration that fails is rolled back and counted; its tables are emptied, and it is reported and run again.
  Foretold is what a finding says to fail for certain. Who can tell, the catalog or statistics, follows from the SQLSTATE, as
  the list below says; all others depend on the values of rows.
- **Too early, a second time**: with few rows each migration that runs in a transaction is also tried before the one that
  stands before it, and once more after it has run, and rolled back: most of these fail, for what is not there yet or is there
  already.
- **On an empty database**: all migrations pending at once, none run.
- **Rows** are made from what the catalog tells of types, keys, foreign keys and CHECKs, the same in each run; a tenth of what
  may be null is null. They fill tables when these are new, emptied or touched, and statistics are brought up to date behind
  each migration. Where a table has many rows, only those are filled that a migration names, and those that they refer to. A
  table for which no rows could be made is counted.
"""


def write(by_rows: dict[int, Agreement], histories: dict[str, int], major: int) -> None:
    """Writes the page. `histories` is the number of histories of each tool."""
    PATH.write_text(render(by_rows, histories, major))


def render(by_rows: dict[int, Agreement], histories: dict[str, int], major: int) -> str:
    """Returns the page's text."""
    rows = [f"{rows:,}" for rows in by_rows]
    what = _WHAT.format(
        histories=_sentence(" and ".join(f"{_number(many)} histories of {tool}" for tool, many in histories.items())),
        major=major,
        rows=" and with ".join(rows) if len(rows) < 3 else f"{', with '.join(rows[:-1])} and with {rows[-1]}",
    )
    times = [line for count, one in by_rows.items() for line in (f"With {count:,} rows:", "", *shown.times(one), "")]
    return "\n".join([
        "# How far the report agrees with what a server does", "", _wrapped(what), "",
        _HOW.format(arguments=" ".join(map(str, by_rows))),
        "## Agreement", "", *shown.table(by_rows), "",
        "## Aims", "", *_aims(by_rows), "",
        "## Disagreements", "", *shown.kinds(by_rows), "",
        "## How long others wait", "", "What was said stands on the left, what was seen above.", "", *times,
        "## What was counted", "", *shown.counts(by_rows), "",
        _METHOD,
        _wrapped(f"What the catalog can tell: {_states(CATALOG)}."), "",
        _wrapped(f"What statistics can tell: {_states(STATISTICS)}."), "",
    ])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _aims(by_rows: dict[int, Agreement]) -> list[str]:
    """Returns the aims, and whether they are reached."""
    tell = [f"{when}{FAILURES.format(reason)}" for when in (IN_TURN, *OUT_OF_TURN) for reason in ("the catalog", "statistics")]
    ran = [f"{when}foretold to fail, ran" for when in (IN_TURN, *OUT_OF_TURN)]
    aims: list[tuple[str, Callable[[Agreement], str]]] = [
        ("Of the locks 99.5 % are equal", lambda one: _share(one, ["locks"], 995)),
        ("No blocking lock is missed", lambda one: _none(one, "locks", ["a blocking lock not said"])),
        ("No rewrite is missed", lambda one: _none(one, "rewrites", ["rewrite not said"])),
        ("Of the failures that catalog or statistics can tell nine in ten are foretold", lambda one: _share(one, tell, 900)),
        ("Nothing is foretold to fail that runs", lambda one: _none(one, RUNS, ran)),
        ("On an empty database nothing is danger", lambda one: _none(one, ON_EMPTY, ["danger on an empty database"])),
    ]
    lines = [f"| | {' | '.join(f'{rows:,} rows' for rows in by_rows)} |", "| --- |" + " --- |" * len(by_rows)]
    return lines + [f"| {aim} | {' | '.join(reached(one) for one in by_rows.values())} |" for aim, reached in aims]


def _share(agreement: Agreement, of: list[str], permille: int) -> str:
    compared, equal = (sum(counts[what] for what in of) for counts in (agreement.compared, agreement.equal))
    if not compared:
        return "–"
    percent = f"{equal * 1000 // compared / 10:g} %"
    return f"reached: {percent}" if equal * 1000 >= compared * permille else f"**missed**: {percent}"


def _none(agreement: Agreement, of: str, kinds: list[str]) -> str:
    many = sum(agreement.kinds()[kind] for kind in kinds)
    if not agreement.compared[of]:
        return "–"
    return f"**missed**: {many}" if many else "reached"


def _states(known: dict[str, str]) -> str:
    return ", ".join(f"{state} ({name})" for state, name in known.items())


def _number(many: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[many] if many < len(words) else str(many)


def _sentence(clause: str) -> str:
    return clause[0].upper() + clause[1:]
