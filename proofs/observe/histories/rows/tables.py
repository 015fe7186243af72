"""The requirements of a table on its rows, from the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg

#: Without the tables of extensions, which fill them themselves.
_TABLES = """
SELECT c.oid, format('%I.%I', n.nspname, c.relname),
    CASE WHEN c.relispartition THEN pg_get_partition_constraintdef(c.oid) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
"""

#: A domain is replaced by its base type.
_COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull OR coalesce(t.typnotnull, false),
    a.attgenerated <> '' OR a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%', false),
    b.typname::text, b.typtype::text, coalesce(e.typname::text, ''), coalesce(e.typtype::text, ''),
    ARRAY(SELECT l.enumlabel::text FROM pg_enum l WHERE l.enumtypid IN (b.oid, e.oid) ORDER BY l.enumsortorder),
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
"""

#: For an expression, the columns that it depends on are included.
_UNIQUE = """
SELECT i.indrelid, ARRAY(SELECT DISTINCT number FROM (
    SELECT key.number::int FROM unnest(i.indkey::int[]) WITH ORDINALITY AS key (number, at)
        WHERE key.number > 0 AND key.at <= i.indnkeyatts
    UNION SELECT d.refobjsubid FROM pg_depend d WHERE 0 = ANY (i.indkey::int[]) AND d.objid = i.indexrelid
        AND d.classid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0
) AS columns ORDER BY number)
FROM pg_index i WHERE i.indisunique AND i.indrelid = ANY (%s)
"""

_CONSTRAINTS = """
SELECT conrelid, contype::text, conkey::int[], confrelid, quote_ident(n.nspname) || '.' || quote_ident(p.relname),
    array(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS key (number, at)
        JOIN pg_attribute ON attrelid = confrelid AND attnum = number ORDER BY at),
    pg_get_expr(conbin, conrelid)
FROM pg_constraint LEFT JOIN pg_class p ON p.oid = confrelid LEFT JOIN pg_namespace n ON n.oid = p.relnamespace
WHERE contype IN ('f', 'c') AND conrelid = ANY (%s) ORDER BY conrelid, cardinality(conkey) DESC, conname
"""


@dataclass(frozen=True)
class Column:
    """A column, and the requirements on its values."""

    number: int
    name: str
    of_type: str
    not_null: bool
    #: Whether the server generates its values.
    own: bool
    base: str
    kind: str
    element: str
    element_kind: str
    labels: list[str]
    modifier: int


@dataclass(frozen=True)
class Reference:
    """A foreign key."""

    columns: list[int]
    parent: int
    parent_name: str
    parent_columns: list[str]


@dataclass
class Table:
    """A table that can have rows of its own."""

    oid: int
    name: str
    #: The conditions that a row has to satisfy: CHECKs, and the bounds of a partition.
    checks: list[str]
    columns: list[Column] = field(default_factory=list)
    #: The columns of unique keys, including those of their expressions and conditions.
    unique: list[list[int]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


def names(session: psycopg.Connection) -> dict[int, str]:
    """Returns every table that can have rows of its own."""
    return {oid: name for oid, name, _ in session.execute(_TABLES)}


def with_partitions(session: psycopg.Connection, wanted: set[int]) -> set[int]:
    """Returns the relations that can have rows. A partitioned table is replaced by its partitions."""
    query = "SELECT coalesce(t.relid, w.oid)::oid FROM unnest(%s::oid[]) AS w (oid) LEFT JOIN pg_partition_tree(w.oid) AS t ON t.isleaf"
    return {oid for (oid,) in session.execute(query, (list(wanted),))} & names(session).keys()


def read(session: psycopg.Connection, wanted: list[int]) -> dict[int, Table]:
    """Returns these tables, by their oid."""
    bounds = {oid: (name, bound) for oid, name, bound in session.execute(_TABLES) if oid in wanted}
    tables = {oid: Table(oid, name, [bound] if bound else []) for oid, (name, bound) in bounds.items()}
    for oid, *facts in session.execute(_COLUMNS, (wanted,)):
        if oid in tables:
            tables[oid].columns.append(Column(*facts))
    for oid, key in session.execute(_UNIQUE, (wanted,)):
        if oid in tables:
            tables[oid].unique.append(key)
    for oid, kind, columns, parent, parent_name, parent_columns, check in session.execute(_CONSTRAINTS, (wanted,)):
        if oid not in tables:
            continue
        if kind == "f":
            tables[oid].references.append(Reference(columns, parent, parent_name, parent_columns))
        elif check:
            tables[oid].checks.append(check)
    return tables
