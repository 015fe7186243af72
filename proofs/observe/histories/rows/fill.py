"""Fills every table with a given number of rows.

It fills a table that is new, was emptied, or was touched and has too few rows. With many rows it fills only the tables that
a migration names, and those that they refer to. The rows satisfy every constraint by construction, so triggers and foreign
keys are switched off: keys are taken from the parent tables, and unique columns have another value in each row. More rows
are generated than needed, and those that satisfy the CHECKs are taken. A tenth of the nullable values is null.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg

from proofs.harness.rows import one_value
from proofs.observe.histories.rows import tables
from proofs.observe.histories.rows.tables import Column, Table
from proofs.observe.histories.rows.values import WIDE, NoValues, expression, literals

#: From this number of rows on, only the needed tables are filled.
_MANY = 10_000

#: The ways to make rows, tried one after the other while there are too few: with the constants of the checks or
#: without, and with nulls in some, none or all nullable columns.
_TRIES = [(True, "some"), (True, "none"), (True, "all"), (False, "some"), (False, "none"), (False, "all")]

#: The number of generated rows for each needed row. The rows that the checks allow are taken from them.
_TO_CHOOSE_FROM = 6


@dataclass
class Filled:
    """The state of a database's tables."""

    #: The number of rows of each inspected table.
    rows: dict[str, int] = field(default_factory=dict)
    #: Why a table has fewer rows than it should.
    short: dict[str, str] = field(default_factory=dict)


class Filler:
    """Fills the tables of one database."""

    def __init__(self, session: psycopg.Connection, rows: int) -> None:
        self.filled = Filled()
        self._session = session
        self._rows = rows
        self._known: set[int] = set()
        self._next = 1
        session.execute("SET session_replication_role = replica")
        session.execute("SET client_min_messages = error")
        # There are no statistics yet of the rows that are joined here.
        session.execute("SET enable_nestloop = off")

    def fill(self, touched: set[int]) -> None:
        """Fills new tables, and `touched` tables with too few rows."""
        if self._rows >= _MANY:
            self._known -= touched
            self.analyze(sorted(touched))
            return
        names = tables.names(self._session)
        self._forget(set(names.values()))
        self._fill_all(tables.read(self._session, [oid for oid in names if oid not in self._known or oid in touched]), touched)
        self._known = set(names)

    def need(self, named: set[int]) -> bool:
        """Fills the tables that are about to be needed, unless all tables are filled anyway. Returns whether that has
        changed anything."""
        if self._rows < _MANY:
            return False
        self._forget(set(tables.names(self._session).values()))
        facts: dict[int, Table] = {}
        following = tables.with_partitions(self._session, named)
        while following := following - facts.keys() - self._known:
            found = tables.read(self._session, list(following))
            facts |= found
            parents = {reference.parent for table in found.values() for reference in table.references}
            following = tables.with_partitions(self._session, parents)
        self._fill_all(facts, set())
        self._known |= facts.keys()
        return bool(facts)

    def _fill_all(self, facts: dict[int, Table], touched: set[int]) -> None:
        ordered = _parents_first(facts)
        changed = {table.oid for table in ordered if self._fill(table)}
        # If two tables refer to each other, the first one could only be filled after the second.
        changed |= {table.oid for table in ordered if table.name in self.filled.short and self._fill(table)}
        if changed:
            for (view,) in self._session.execute("SELECT format('%I.%I', schemaname, matviewname) FROM pg_matviews").fetchall():
                self._try(f"REFRESH MATERIALIZED VIEW {view}")
        self.analyze(sorted(touched | changed))

    def analyze(self, wanted: list[int]) -> None:
        """Has the server update the statistics of these tables, as autovacuum does in time."""
        present = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.oid = ANY (%s) AND c.relkind IN ('r', 'm', 'p')"
        names = [name for (name,) in self._session.execute(present, (wanted,))]
        if names:
            self._session.execute(f"ANALYZE {', '.join(names)}")

    def empty(self, wanted: list[int]) -> None:
        """Deletes all rows of these tables, and of the tables that refer to them."""
        names = [name for oid, name in tables.names(self._session).items() if oid in wanted]
        if names:
            self._session.execute(f"TRUNCATE {', '.join(names)} CASCADE")
            self.analyze(wanted)
            # The tables that refer to them are empty now too.
            self._known.clear()

    def _forget(self, names: set[str]) -> None:
        for gone in self.filled.rows.keys() - names:
            del self.filled.rows[gone]
            self.filled.short.pop(gone, None)

    def _fill(self, table: Table) -> bool:
        """Fills a table. Returns whether it has more rows than before."""
        began = present = self._count(table.name)
        reason = ""
        for with_constants, nulls in _TRIES:
            if present >= self._rows:
                break
            try:
                statement = self._insert(table, self._rows - present, with_constants, nulls)
            except NoValues as missing:
                reason = reason or f"no values of {missing}"
                continue
            reason = self._try(statement) or reason
            present = self._count(table.name)
        self.filled.rows[table.name] = present
        self.filled.short.pop(table.name, None)
        if present < self._rows:
            self.filled.short[table.name] = reason or "its constraints allow no more of such rows"
        return present > began

    def _insert(self, table: Table, wanted: int, with_constants: bool, nulls: str) -> str:
        distinct = _distinct(table)
        expressions: dict[int, str] = {}
        parents, joins = [], []
        references = [reference for reference in table.references if reference.parent != table.oid]
        counts = [self._count(reference.parent_name) for reference in references]
        keys = [at for at, reference in enumerate(references) if set(reference.columns) & distinct]
        # Each of these keys has to be unique by itself. The others are unique together with the first one.
        alone = [at for at in keys if any(set(key) <= set(references[at].columns) for key in table.unique)]
        for at, reference in enumerate(references):
            ours = [number for number in reference.columns if number not in expressions]
            if not ours:
                continue
            names = ", ".join(f"{name} AS k{key}" for key, name in enumerate(map(_quoted, reference.parent_columns)))
            numbered = f"SELECT row_number() OVER (ORDER BY {_quoted(reference.parent_columns[0])}) - 1 AS number, {names}"
            parents.append(f"parent{at} AS MATERIALIZED ({numbered} FROM {reference.parent_name})")
            joins.append(f"LEFT JOIN parent{at} ON parent{at}.number = {_row_of_parent(at, alone, keys, counts)}")
            for number in ours:
                expressions[number] = f"parent{at}.k{reference.columns.index(number)}"
        filtered = bool(table.checks)
        made = []
        for column in (column for column in table.columns if not column.own):
            value = self._value(table, column, expressions, distinct, with_constants, nulls)
            made.append((column, value))
        first, self._next = self._next, self._next + wanted * (_TO_CHOOSE_FROM if filtered else 1)
        columns = ", ".join(_quoted(column.name) for column, _ in made)
        values = ", ".join(f"{value} AS {_quoted(column.name)}" for column, value in made)
        rows = f"SELECT {values} FROM generate_series({first}::bigint, {self._next - 1}) AS g {' '.join(joins)}"
        conditions = " AND ".join(f"({check}) IS NOT FALSE" for check in table.checks) or "true"
        begin = f"WITH {', '.join(parents)} " if parents else ""
        if not made:
            return f"INSERT INTO {table.name} SELECT FROM generate_series(1, {wanted})"
        return (
            f"{begin}INSERT INTO {table.name} ({columns}) SELECT {columns} FROM ({rows}) AS made WHERE {conditions} "
            f"LIMIT {wanted} ON CONFLICT DO NOTHING"
        )

    def _value(
        self, table: Table, column: Column, keys: dict[int, str], distinct: set[int], with_constants: bool, nulls: str
    ) -> str:
        key = keys.get(column.number)
        of_itself = any(column.number in it.columns and it.parent == table.oid for it in table.references)
        if not column.not_null and (nulls == "all" or (of_itself and key is None)):
            return f"NULL::{column.of_type}"
        pool = literals(column, table.checks) if with_constants else []
        value = key or expression(column, table.name, column.number in distinct, pool)
        if column.not_null or nulls == "none":
            return value
        return f"CASE WHEN (hashint8extended(g, {column.number}) & 2147483647) % 10 = 7 THEN NULL ELSE {value} END"

    def _count(self, name: str) -> int:
        return one_value(self._session.execute(f"SELECT count(*) FROM {name}"))

    def _try(self, statement: str) -> str:
        """Runs a statement. Returns the error, or an empty text."""
        try:
            self._session.execute(statement)
        except psycopg.Error as failure:
            return f"SQLSTATE {failure.sqlstate}: {str(failure).splitlines()[0]}"
        return ""


def _parents_first(facts: dict[int, Table]) -> list[Table]:
    ordered: dict[int, Table] = {}
    on_the_way: set[int] = set()

    def visit(oid: int) -> None:
        if oid in ordered or oid in on_the_way or oid not in facts:
            return
        on_the_way.add(oid)
        for reference in facts[oid].references:
            visit(reference.parent)
        ordered[oid] = facts[oid]

    for oid in facts:
        visit(oid)
    return list(ordered.values())


def _distinct(table: Table) -> set[int]:
    """Returns the columns that get another value in each row, so that each unique key differs."""
    columns = {column.number: column for column in table.columns}
    referring = {number for reference in table.references for number in reference.columns}
    chosen: set[int] = set()
    for key in table.unique:
        if chosen & set(key) or any(columns[number].own for number in key if number in columns):
            continue
        able = [n for n in key if n in columns and n not in referring and columns[n].base in WIDE and not columns[n].element]
        chosen |= {able[0]} if able else set(key)
    return chosen


def _row_of_parent(at: int, alone: list[int], distinct: list[int], counts: list[int]) -> str:
    """Returns an expression for the parent's row that a row refers to. If keys have to be unique, the rows of two
    parents are combined so that each pair differs."""
    count = max(counts[at], 1)
    if at not in distinct:
        return f"(hashint8extended(g, {at}) & 2147483647) % {count}"
    if at in alone or at == distinct[0]:
        return f"g % {count}"
    first = max(counts[distinct[0]], 1)
    return f"(g / {first} + g % {first}) % {count}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
