"""Reads one row from a query that must return one."""

from __future__ import annotations

from typing import Any

import psycopg


class NoRow(LookupError):
    """A query returned no row."""


def one_row(cursor: psycopg.Cursor) -> tuple[Any, ...]:
    """Returns the next row. Raises `NoRow` if there is none."""
    found = cursor.fetchone()
    if found is None:
        raise NoRow("the query gave no row")
    return found


def one_value(cursor: psycopg.Cursor) -> Any:
    """Returns the first value of the next row. Raises `NoRow` if there is none."""
    return one_row(cursor)[0]
