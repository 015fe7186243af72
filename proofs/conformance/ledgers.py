"""The ledgers, column by column."""

from __future__ import annotations

import psycopg

from proofs.conformance import prisma, schemas, sqlx

#: Columns that differ between two runs, each replaced by an expression that must be equal.
_COLUMNS = {
    prisma.LEDGER: {
        "id": "id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'",
        "finished_at": "finished_at >= started_at",
        "started_at": "started_at <= clock_timestamp()",
        "rolled_back_at": "rolled_back_at >= started_at",
    },
    sqlx.LEDGER: {
        "installed_on": "installed_on <= clock_timestamp()",
        "execution_time": "execution_time >= 0",
    },
}

#: Prisma's ledger can have several rows of a migration; sqlx's has one row for each version.
_ORDER = {prisma.LEDGER: "started_at, migration_name", sqlx.LEDGER: "version"}

Row = dict[str, object]


def read(session: psycopg.Connection, ledger: str, name: str | None = None) -> list[Row]:
    """Returns the rows. Ids and times are replaced by whether they are sound. `name` is the table's name, if it is not
    the default."""
    known = _COLUMNS[ledger]
    columns = [column for column, in session.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum", (f"public.{name or ledger}",),
    )]
    if not columns:
        return []
    shown = ", ".join(f"({known[column]}) AS {column}" if column in known else column for column in columns)
    rows = session.execute(f"SELECT {shown} FROM public.{name or ledger} t ORDER BY {_order(ledger)}").fetchall()
    return [dict(zip(columns, map(_readable, row), strict=True)) for row in rows]


def differences(expected: list[Row], found: list[Row], aside: tuple[str, ...] = ()) -> list[str]:
    """Returns every value that differs from the expected one, by row and column. The columns `aside` do not count."""
    result = []
    for number, (wanted, there) in enumerate(zip(expected, found, strict=False), 1):
        for column in [*wanted, *(there.keys() - wanted.keys())]:
            if column not in aside and wanted.get(column) != there.get(column):
                result.append(
                    f"ledger row {number} ({_name(wanted)}): {column} is {there.get(column)!r}"
                    f" instead of {wanted.get(column)!r}"
                )
    result += [f"the ledger lacks {_name(row)}" for row in expected[len(found):]]
    return result + [f"the ledger has {_name(row)} too many" for row in found[len(expected):]]


def compare(
    expected: psycopg.Connection, found: psycopg.Connection, ledger: str, aside: tuple[str, ...] = (),
) -> list[str]:
    """Returns how our ledger differs from the tool's: in its rows, without the columns `aside`, and in the table itself."""
    result = differences(read(expected, ledger), read(found, ledger), aside)
    wanted, there = (schemas.of_ledger(session, ledger) for session in (expected, found))
    for kind, name in sorted(wanted.keys() | there.keys()):
        if wanted.get((kind, name)) != there.get((kind, name)):
            result.append(f"{kind} {name} is {there.get((kind, name))!r} instead of {wanted.get((kind, name))!r}")
    return result


def _readable(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _order(ledger: str) -> str:
    # Sorted by the table's own columns, not by the selected expressions.
    return ", ".join(f"t.{column}" for column in _ORDER[ledger].split(", "))


def _name(row: Row) -> object:
    return row.get("migration_name", row.get("version"))
