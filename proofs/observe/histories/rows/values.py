"""Values of a column, as an SQL expression of the row's number `g`: the same in every run."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from proofs.observe.histories.rows.tables import Column

#: The types that have at least as many values as there are rows.
WIDE = {
    "int4", "int8", "text", "varchar", "bpchar", "citext", "uuid", "timestamptz", "timestamp", "numeric", "bytea", "float4",
    "float8", "inet", "oid", "json", "jsonb", "tsvector", "name",
}

_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w'.])-?\d+(?:\.\d+)?(?![\w'.])")
_NUMBERS = ("int2", "int4", "int8", "numeric", "float4", "float8")


class NoValues(Exception):
    """No value of that type is known here."""


def expression(column: Column, table: str, unique: bool, pool: list[str]) -> str:
    """Returns an expression with a value for each row: with `unique` another one for each row, else one of some. Most
    values come from the `pool` if it is not empty."""
    seed = zlib.crc32(f"{table}.{column.name}".encode())
    made = _cast(_of_base(column, seed, unique), column)
    if pool:
        values = ", ".join(_cast(_literal(value), column) for value in pool)
        chosen = f"(ARRAY[{values}])[1 + ({_hash(seed + 1)} % {len(pool)})::int]"
        rare = 5 if unique else 9
        return f"CASE WHEN {_hash(seed + 2)} % 10 < {rare} THEN {chosen} ELSE {made} END"
    return made


def literals(column: Column, checks: list[str]) -> list[str]:
    """Returns the constants in a column's checks, which may be the required values."""
    found: dict[str, None] = {}
    for check in checks:
        if not re.search(rf'(?<!\w)"?{re.escape(column.name)}"?(?!\w)', check):
            continue
        if column.base in _NUMBERS:
            found |= dict.fromkeys(_NUMBER.findall(check))
        elif column.base != "bool":
            found |= dict.fromkeys(quoted.replace("''", "'") for quoted in _QUOTED.findall(check))
    return list(found)


def _of_base(column: Column, seed: int, unique: bool) -> str:
    if column.kind == "e":
        return f"({_array(column)})[1 + ({_hash(seed)} % {max(len(column.labels), 1)})::int]"
    if column.element:
        if column.element_kind == "e":
            return f"ARRAY[({_array(column)})[1 + ({_hash(seed)} % {max(len(column.labels), 1)})::int]]"
        made = _MAKERS.get(column.element)
        return f"ARRAY[{made(seed, False, -1)}]" if made else "'{}'"
    if column.kind == "m":
        return "'{}'"
    if column.kind == "r":
        return "'empty'"
    maker = _MAKERS.get(column.base)
    if maker is None:
        raise NoValues(column.of_type)
    return maker(seed, unique, column.modifier)


def _array(column: Column) -> str:
    return f"ARRAY[{', '.join(_literal(label) for label in column.labels)}]::text[]"


def _cast(made: str, column: Column) -> str:
    # A cast through text exists for every type.
    return f"({made})::text::{column.of_type}" if column.kind == "e" else f"({made})::{column.of_type}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _hash(seed: int) -> str:
    return f"(hashint8extended(g, {seed}) & 2147483647)"


def _text(seed: int, unique: bool, modifier: int) -> str:
    made = f"md5(g::text || '{seed}')" if unique else f"'word ' || {_hash(seed)} % 500"
    return f"left({made}, {modifier - 4})" if modifier > 4 else made


def _whole(most: int) -> Callable[[int, bool, int], str]:
    return lambda seed, unique, _: f"g % {most}" if unique else f"{_hash(seed)} % {min(most, 100_000)}"


def _numeric(seed: int, unique: bool, modifier: int) -> str:
    digits = 9
    if modifier >= 4:
        precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
        digits = max(0, min(9, precision - scale))
    return f"{'g' if unique else _hash(seed)} % {10 ** digits}"


def _moment(seed: int, unique: bool, _: int) -> str:
    since = "timestamptz '2025-01-01 00:00:00+00'"
    return f"{since} + {'g' if unique else f'{_hash(seed)} % 31536000'} * interval '1 second'"


def _bits(seed: int, _: bool, modifier: int) -> str:
    return f"({_hash(seed)})::bit({modifier if modifier > 0 else 8})"


def _always(value: str) -> Callable[[int, bool, int], str]:
    return lambda *_: value


_MAKERS: dict[str, Callable[[int, bool, int], str]] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "citext", "name"), _text),
    "int2": _whole(32_000),
    "int4": _whole(2_000_000_000),
    "int8": _whole(2_000_000_000),
    "oid": _whole(2_000_000_000),
    "float4": _whole(10_000_000),
    "float8": _whole(2_000_000_000),
    "money": lambda seed, *_: f"({_hash(seed)} % 1000)::int",
    "numeric": _numeric,
    "bool": lambda seed, *_: f"{_hash(seed)} % 2 = 0",
    "uuid": lambda seed, *_: f"md5(g::text || '{seed}')",
    "timestamptz": _moment,
    "timestamp": _moment,
    "date": lambda seed, *_: f"date '2025-01-01' + ({_hash(seed)} % 3650)::int",
    "time": lambda seed, *_: f"time '00:00' + {_hash(seed)} % 86400 * interval '1 second'",
    "timetz": lambda seed, *_: f"time '00:00' + {_hash(seed)} % 86400 * interval '1 second'",
    "interval": lambda seed, *_: f"{_hash(seed)} % 1000 * interval '1 minute'",
    "json": lambda seed, *_: f"jsonb_build_object('n', g, 'of', {_hash(seed)} % 100)",
    "jsonb": lambda seed, *_: f"jsonb_build_object('n', g, 'of', {_hash(seed)} % 100)",
    "bytea": lambda seed, *_: f"decode(md5(g::text || '{seed}'), 'hex')",
    "bit": _bits,
    "varbit": _bits,
    "inet": lambda *_: "inet '10.0.0.0' + g",
    "cidr": lambda *_: "inet '10.0.0.0' + g",
    "macaddr": _always("'08:00:2b:01:02:03'"),
    "tsvector": lambda seed, *_: f"to_tsvector('simple', 'word' || {_hash(seed)} % 500)",
    "tsquery": _always("'word'"),
    "xml": _always("'<a/>'"),
    "hstore": _always("''"),
    "ltree": _always("'a.b'"),
    "point": lambda seed, *_: f"point(g, {_hash(seed)} % 100)",
    "char": _always("'a'"),
}
