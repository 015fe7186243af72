"""The error of the report's estimates, with this machine's own speeds in place of the report's assumptions.

The speeds are measured on tables of one size. The same formulas then estimate other sizes, and statements from which no
speed was derived. The page shows these estimates beside PostgreSQL's real times.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from proofs.bench.server import Server
from proofs.harness.rows import one_row

SIZES = (10_000, 100_000, 1_000_000)

#: The number of rows of the tables on which the speeds are measured.
BASE = 1_000_000

#: An estimate within this factor is good enough to tell seconds from minutes.
GOOD = 3

#: The report calls any shorter time a moment.
MOMENT = 1.0

#: The number of deleted rows, in a statement that scans the table for each row.
SCANS = 20

SETUP = """
    CREATE TABLE customers (id int PRIMARY KEY, name text);
    INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, {customers}) n;
    CREATE TABLE orders (
        id int PRIMARY KEY, customer int NOT NULL, total int, state text, note text, made_at timestamptz
    );
    INSERT INTO orders SELECT n, 1 + n % {customers}, (n * 7919::bigint) % 1000003, 'open',
           md5(n::text) || md5((n + 1)::text), now() FROM generate_series(1, {rows}) n;
    CREATE TABLE lines (id int PRIMARY KEY, no_order int, order_id int, sku text);
    INSERT INTO lines SELECT n, NULL, n, 'sku ' || n FROM generate_series(1, {rows}) n;
"""


@dataclass(frozen=True)
class Sizes:
    """The sizes of a database's tables, as the catalog has them."""

    rows: int
    orders: int
    customers: int
    lines: int


#: A statement's amount for each speed, by the speed's name: bytes for `read` and `written`, rows or entries for the others.
Needs = dict[str, float]


@dataclass(frozen=True)
class Kind:
    """One kind of statement."""

    label: str
    statement: str
    #: The same formula as in `crates/analysis/src/estimate/part.rs`.
    needs: Callable[[Sizes], Needs]
    #: The speed that is derived from this kind.
    gives: str = ""
    #: The SQL that has to run before, and whose time does not count.
    before: str = ""
    #: Whether the table must not have dead rows.
    fresh: bool = False


KINDS = (
    Kind("ADD CHECK", "ALTER TABLE orders ADD CHECK (total >= 0)", lambda it: {"read": it.orders}, gives="read"),
    Kind("SET NOT NULL", "ALTER TABLE orders ALTER total SET NOT NULL", lambda it: {"read": it.orders}),
    Kind(
        "CREATE INDEX on an integer", "CREATE INDEX ON orders (total)",
        lambda it: {"read": it.orders, "narrow": it.rows}, gives="narrow",
    ),
    Kind(
        "ADD UNIQUE on integers", "ALTER TABLE orders ADD UNIQUE (customer, id)",
        lambda it: {"read": it.orders, "narrow": it.rows},
    ),
    Kind(
        "CREATE INDEX on a text", "CREATE INDEX ON orders (note)",
        lambda it: {"read": it.orders, "wide": it.rows}, gives="wide",
    ),
    Kind(
        "CREATE INDEX on an expression", "CREATE INDEX ON orders (upper(note))",
        lambda it: {"read": it.orders, "wide": it.rows},
    ),
    Kind(
        "ADD FOREIGN KEY", "ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers",
        lambda it: {"read": it.orders + it.customers, "joined": it.rows}, gives="joined",
    ),
    Kind(
        "ALTER TYPE integer to bigint", "ALTER TABLE orders ALTER total TYPE bigint",
        lambda it: {"written": it.orders, "narrow": it.rows}, gives="written",
    ),
    Kind(
        "the same with three indexes", "ALTER TABLE orders ALTER total TYPE bigint",
        lambda it: {"written": it.orders, "narrow": 2 * it.rows, "wide": it.rows},
        before="CREATE INDEX ON orders (total); CREATE INDEX ON orders (note)",
    ),
    Kind(
        "UPDATE of all rows", "UPDATE orders SET total = total + 1",
        lambda it: {"read": it.orders, "entries": 2 * it.rows}, gives="entries", fresh=True,
    ),
    Kind(
        "the same with three indexes", "UPDATE orders SET total = total + 1",
        lambda it: {"read": it.orders, "entries": 4 * it.rows},
        before="CREATE INDEX ON orders (total); CREATE INDEX ON orders (customer)", fresh=True,
    ),
    Kind(
        "DELETE of all rows", "DELETE FROM orders",
        lambda it: {"read": it.orders, "deleted": it.rows}, gives="deleted", fresh=True,
    ),
    Kind(
        "the same, looked up by an index", "DELETE FROM orders",
        lambda it: {"read": it.orders, "deleted": it.rows, "looked_up": it.rows}, gives="looked_up",
        before="CREATE INDEX ON lines (no_order); ALTER TABLE lines ADD FOREIGN KEY (no_order) REFERENCES orders NOT VALID",
    ),
    Kind(
        "the same, ON DELETE CASCADE", "DELETE FROM orders",
        lambda it: {"read": it.orders, "deleted": 2 * it.rows, "looked_up": it.rows},
        before="CREATE INDEX ON lines (order_id); "
        "ALTER TABLE lines ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE NOT VALID",
    ),
    Kind(
        f"DELETE of {SCANS} rows, looked up without an index", f"DELETE FROM orders WHERE id <= {SCANS}",
        lambda it: {"read": SCANS * it.lines},
        before="ALTER TABLE lines ADD FOREIGN KEY (no_order) REFERENCES orders NOT VALID",
    ),
)

#: The report's assumption for each speed, by the speed's name in the sources.
ASSUMED = {
    "read": "READ", "written": "WRITTEN", "narrow": "NARROW", "wide": "WIDE", "entries": "ENTRIES", "deleted": "DELETED",
    "joined": "JOINED", "looked_up": "LOOKED_UP",
}
IN_BYTES = ("read", "written")

SOURCE = Path(__file__).parents[2] / "crates/analysis/src/estimate/part.rs"


def measure(sizes: Iterable[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Returns the measured speeds, a row for each kind and size, and the time of the smallest statement."""
    sizes = sorted({*sizes, BASE})
    with Server() as server:
        tables = [_Tables(server, rows, say) for rows in sizes]
        observed: dict[tuple[int, int], float] = {}
        for table in tables:
            observed |= table.observe()
        base = next(table for table in tables if table.sizes.rows == BASE)
        least = base.least
        speeds = speeds_of(base.sizes, [observed[BASE, number] for number in range(len(KINDS))], least)
    rows = [
        {
            "kind": kind.label, "rows": table.sizes.rows, "observed_s": observed[table.sizes.rows, number],
            "estimated_s": least + seconds(kind.needs(table.sizes), speeds),
            "reported_s": seconds(kind.needs(table.sizes), assumed()),
            "gives": kind.gives if table.sizes.rows == BASE else "",
        }
        for number, kind in enumerate(KINDS) for table in tables
    ]
    return {"speeds": speeds, "assumed": assumed(), "least_s": least, "rows": rows}


def seconds(needs: Needs, speeds: dict[str, float]) -> float:
    """Returns the estimated seconds for these amounts."""
    return sum(amount / speeds[name] for name, amount in needs.items())


def speeds_of(sizes: Sizes, observed: list[float], least: float) -> dict[str, float]:
    """Returns each speed, derived from the kind that gives it. The other speeds in that kind's time are known by then."""
    speeds: dict[str, float] = {}
    for kind, taken in zip(KINDS, observed, strict=True):
        if kind.gives:
            needs = kind.needs(sizes)
            amount = needs.pop(kind.gives)
            # On a noisy machine the difference could be zero or less, so a tenth of the time is the least.
            speeds[kind.gives] = amount / max(taken - least - seconds(needs, speeds), taken / 10)
    return speeds


def assumed() -> dict[str, float]:
    """Returns the report's own speeds from its sources."""
    source = SOURCE.read_text()
    found = {}
    for name, constant in ASSUMED.items():
        speed = re.search(rf"const {constant}_PER_SECOND: u64 = ([0-9_]+)( \* MIB)?;", source)
        if speed is None:
            raise ValueError(f"{SOURCE} has no {constant}_PER_SECOND")
        found[name] = float(speed[1]) * (2**20 if speed[2] else 1)
    return found


@dataclass
class _Tables:
    """Tables of one size in a database of their own."""

    server: Server
    rows: int
    say: Callable[[str], None]
    sizes: Sizes = field(init=False)
    #: The time of a statement that changes only the catalog.
    least: float = field(init=False)

    def observe(self) -> dict[tuple[int, int], float]:
        """Returns the median time of each kind in seconds."""
        name, found = f"estimates_{self.rows}", {}
        self.server.create(name)
        with psycopg.connect(self.server.address(name, self.server.port).url, autocommit=True) as session:
            self._session = session
            session.execute(SETUP.format(rows=self.rows, customers=max(self.rows // 10, 1)))
            session.execute("VACUUM ANALYZE")
            sizes = session.execute("SELECT pg_table_size('orders'), pg_table_size('customers'), pg_table_size('lines')")
            self.sizes = Sizes(self.rows, *one_row(sizes))
            self.least = statistics.median(self._once("", "ALTER TABLE orders ADD COLUMN more int") for _ in range(5))
            for number, kind in enumerate(KINDS):
                found[self.rows, number] = self._median(kind)
                self.say(f"{self.rows:>10,} rows, {kind.label}: {found[self.rows, number]:.3f} s")
        self.server.drop(name)
        return found

    def _median(self, kind: Kind) -> float:
        taken = []
        for _ in range(1 if self.rows > BASE else 3):
            if kind.fresh:
                self._session.execute("VACUUM FULL orders")
            self.server.execute("CHECKPOINT")
            taken.append(self._once(kind.before, kind.statement))
        return statistics.median(taken)

    def _once(self, before: str, statement: str) -> float:
        self._session.execute("BEGIN")
        if before:
            self._session.execute(before)
        started = time.perf_counter()
        self._session.execute(statement)
        taken = time.perf_counter() - started
        self._session.execute("ROLLBACK")
        return taken


# ------------------------------------------------------------ the output


def show(content: dict[str, Any]) -> list[str]:
    """Returns the tables and a summary of the errors."""
    lines = ["| a second | measured here | assumed by the report |", "| --- | ---: | ---: |"]
    for name, speed in content["speeds"].items():
        lines.append(f"| {_NAMES[name]} | {_speed(name, speed)} | {_speed(name, content['assumed'][name])} |")
    sizes = sorted({row["rows"] for row in content["rows"]})
    lines += ["", "| | " + " | ".join(f"{size:,} rows" for size in sizes) + " |", "| --- |" + " ---: |" * len(sizes)]
    cells = [_cell(row) for row in content["rows"]]
    for number, kind in enumerate(KINDS):
        own = cells[number * len(sizes):(number + 1) * len(sizes)]
        lines.append(f"| {kind.label} | " + " | ".join(own) + " |")
    return [*lines, "", *errors(content["rows"])]


_NAMES = {
    "read": "bytes read", "written": "bytes of a table written anew", "narrow": "rows sorted into an index of numbers",
    "wide": "rows sorted into an index of texts", "entries": "rows and entries of indexes written one by one",
    "deleted": "rows deleted", "joined": "rows checked against what they refer to", "looked_up": "look-ups by an index",
}


def errors(rows: list[dict[str, Any]]) -> list[str]:
    """Returns a summary of the errors, without the kinds from which a speed was derived."""
    judged = [row for row in rows if not row["gives"]]
    lines = []
    for what, chosen in (
        ("All", judged),
        (f"Those that take {MOMENT:g} s or more", [row for row in judged if row["observed_s"] >= MOMENT]),
    ):
        factors = sorted(max(ratio(row), 1 / ratio(row)) for row in chosen)
        if factors:
            good = sum(factor <= GOOD for factor in factors)
            lines.append(
                f"- {what}: {good} of {len(factors)} estimates are within a factor of {GOOD}; the median is off by "
                f"{statistics.median(factors):.2f}, the worst by {factors[-1]:.2f}."
            )
    slower = [row["reported_s"] / row["observed_s"] for row in rows if row["observed_s"] >= MOMENT]
    if slower:
        lines.append(
            f"- With the speeds that it assumes, the report says {min(slower):.1f} to {max(slower):.1f} times what those take "
            f"here, {statistics.median(slower):.1f} in the median."
        )
    return lines


def ratio(row: dict[str, Any]) -> float:
    """Returns the estimate divided by the real time."""
    return row["estimated_s"] / row["observed_s"]


def _cell(row: dict[str, Any]) -> str:
    shown = f"{row['observed_s']:.3f} s, estimated {row['estimated_s']:.3f} s"
    return f"{row['observed_s']:.3f} s" if row["gives"] else f"{shown} **[{ratio(row):.2f}]**"


def _speed(name: str, speed: float) -> str:
    return f"{speed / 2**20:,.0f} MiB" if name in IN_BYTES else f"{speed:,.0f}"
