"""The contents of a database, and how they differ from the expected contents.

Compared are the catalog, every row, and the ledger without its ids and times. Sessions and locks of the functions,
invalid indexes and unfinished rows must not be left.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from proofs.harness.rows import one_value

LOST, DOUBLED, OTHER = "lost", "doubled", "other"

#: The ledgers, and the columns that are read: name, checksum, finished, rolled back, logs, steps.
_LEDGER_ROWS = {
    "_prisma_migrations": "SELECT migration_name, checksum, finished_at IS NOT NULL, rolled_back_at IS NOT NULL, logs,"
                          " applied_steps_count FROM public._prisma_migrations ORDER BY started_at, id",
    "_sqlx_migrations": "SELECT version || '_' || replace(description, ' ', '_'), encode(checksum, 'hex'), success, false,"
                        " execution_time >= 0, 1 FROM public._sqlx_migrations ORDER BY installed_on, version",
}

#: The names as a list for SQL's IN.
LEDGERS = f"""({", ".join(f"'{name}'" for name in _LEDGER_ROWS)})"""

_OURS = """
    n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

#: Kind of object -> a query for its name and for everything that distinguishes it.
_CATALOG = {
    "schema": f"SELECT n.nspname, concat_ws(' ', n.nspowner::regrole, n.nspacl) FROM pg_namespace n WHERE {_OURS}",
    "relation": f"""
        SELECT c.oid::regclass::text, concat_ws(' ', c.relkind, c.relpersistence, c.relowner::regrole, c.relacl,
            c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relreplident, pg_get_partkeydef(c.oid),
            pg_get_expr(c.relpartbound, c.oid), CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}""",
    "column": f"""
        SELECT c.oid::regclass || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attidentity, a.attgenerated, nullif(a.attcollation, 0)::regcollation, pg_get_expr(d.adbin, d.adrelid),
            a.attacl)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE {_OURS} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')""",
    "constraint": f"""
        SELECT coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text) || '.' || conname,
            concat_ws(' ', pg_get_constraintdef(k.oid), convalidated, condeferrable, condeferred)
        FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE {_OURS}""",
    "index": f"""
        SELECT indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(indexrelid),
            CASE WHEN NOT indisvalid THEN 'invalid' END, indisready, indislive, indisreplident, indisclustered)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_OURS}""",
    "partition": """
        SELECT inhrelid::regclass || ' of ' || inhparent::regclass, concat_ws(' ', inhseqno, inhdetachpending)
        FROM pg_inherits""",
    "type": f"""
        SELECT t.oid::regtype::text, concat_ws(' ', typtype, typowner::regrole, typnotnull, typdefault,
            (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE {_OURS} AND t.typtype IN ('e', 'd', 'r', 'm')""",
    "function": f"""
        SELECT p.oid::regprocedure::text, concat_ws(' ', p.proowner::regrole, p.proacl, pg_get_functiondef(p.oid))
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS} AND p.prokind IN ('f', 'p')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "trigger": "SELECT tgrelid::regclass || '.' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(oid))"
               " FROM pg_trigger WHERE NOT tgisinternal",
    "policy": "SELECT polrelid::regclass || '.' || polname, concat_ws(' ', polcmd, polroles::regrole[],"
              " pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy",
    "extension": "SELECT extname::text, extversion FROM pg_extension",
    "comment": "SELECT pg_describe_object(classoid, objoid, objsubid), description FROM pg_description"
               " WHERE objoid >= 16384 AND NOT EXISTS"
               " (SELECT FROM pg_depend d WHERE d.objid = objoid AND d.deptype = 'e')",
    "setting": "SELECT setrole::text, setconfig::text FROM pg_db_role_setting"
               " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
    # The statistics that VACUUM (ANALYZE) leaves.
    "statistics": f"SELECT DISTINCT starelid::regclass::text, 'are there' FROM pg_statistic s"
                  f" JOIN pg_class c ON c.oid = s.starelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}",
    "sequence": "SELECT seqrelid::regclass::text, concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax,"
                " seqcache, seqcycle) FROM pg_sequence",
    "aggregate": "SELECT p.oid::regprocedure::text, concat_ws(' ', aggkind, aggtransfn, aggfinalfn, aggtranstype::regtype,"
                 " agginitval) FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid WHERE p.oid >= 16384",
    "rule": "SELECT ev_class::regclass || '.' || rulename, pg_get_ruledef(oid) FROM pg_rewrite"
            " WHERE oid >= 16384 AND rulename <> '_RETURN'",
    "statistics object": "SELECT stxrelid::regclass || '.' || stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext",
    "default privileges": "SELECT concat_ws(' ', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype),"
                          " defaclacl::text FROM pg_default_acl",
    "event trigger": "SELECT evtname, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled) FROM pg_event_trigger",
    "populated": "SELECT oid::regclass::text, relispopulated::text FROM pg_class WHERE relkind = 'm'",
}

#: Tables and indexes by age. An index that was rebuilt concurrently is younger than the objects that followed its first
#: build.
_BY_AGE = f"""
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_OURS} AND c.relkind IN ('r', 'p', 'i', 'I') ORDER BY c.oid"""

_TABLES = f"""
    SELECT n.nspname, c.relname, array(SELECT a.attname::text FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%'))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_OURS} AND c.relkind = 'r' AND c.relname NOT IN {LEDGERS}
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"""


#: The values of a row by their columns' names.
Row = dict[str, Any]


@dataclass
class Contents:
    """The contents of a database."""

    catalog: dict[tuple[str, str], str] = field(default_factory=dict)
    by_age: list[str] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    #: In the order in which the migrations started.
    ledger: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class Difference:
    """One difference from the expected contents."""

    kind: str
    what: str


def read(session: psycopg.Connection) -> Contents:
    """Returns the contents of a database."""
    session.execute("SET search_path = ''")
    parts = [
        f"SELECT '{kind}', object.name::text, object.what FROM ({query}) object (name, what)"
        for kind, query in _CATALOG.items()
    ]
    contents = Contents()
    contents.catalog = {(kind, name): what for kind, name, what in session.execute(" UNION ALL ".join(parts))}
    contents.by_age = [name for name, in session.execute(_BY_AGE)]
    tables = {
        (schema, table): generated for schema, table, generated in session.execute(_TABLES)
    }
    for (schema, table), generated in _with_rows(session, tables):
        rows = session.execute(sql.SQL("SELECT to_jsonb(t) FROM {} t").format(sql.Identifier(schema, table)))
        # A rolled back transaction uses up sequence numbers too.
        contents.rows[f"{schema}.{table}"] = [
            {name: value for name, value in row.items() if name not in generated} for row, in rows
        ]
    for ledger, query in _LEDGER_ROWS.items():
        if one_value(session.execute("SELECT to_regclass(%s)", [f"public.{ledger}"])):
            contents.ledger += session.execute(query).fetchall()
    return contents


def _with_rows(
    session: psycopg.Connection, tables: dict[tuple[str, str], list[str]]
) -> list[tuple[tuple[str, str], list[str]]]:
    if not tables:
        return []
    asked = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, EXISTS (SELECT FROM {})").format(sql.Literal(number), sql.Identifier(*name))
        for number, name in enumerate(tables)
    )
    items = list(tables.items())
    return [items[number] for number, there in session.execute(asked) if there]


def volatile(one: Contents, other: Contents) -> set[tuple[str, str]]:
    """Returns the columns that two runs without faults fill differently: clocks and random numbers."""
    found = set()
    for table, rows in one.rows.items():
        others = other.rows.get(table, [])
        for name in rows[0]:
            if _values(rows, name) != _values(others, name):
                found.add((table, name))
    return found


def differences(
    expected: Contents, found: Contents, ignored: AbstractSet[tuple[str, str]] = frozenset()
) -> list[Difference]:
    """Returns every difference between `expected` and `found`, without the ignored columns."""
    result = []
    for (kind, name), what in expected.catalog.items():
        if (kind, name) not in found.catalog:
            result.append(Difference(LOST, f"{kind} {name} is missing"))
        elif found.catalog[kind, name] != what:
            result.append(Difference(OTHER, f"{kind} {name} is {found.catalog[kind, name]!r} instead of {what!r}"))
    for kind, name in found.catalog.keys() - expected.catalog.keys():
        invalid = "invalid" in found.catalog[kind, name].split() and kind == "index"
        result.append(Difference(OTHER if invalid else DOUBLED, f"{kind} {name} is too many{' (invalid)' * invalid}"))
    if not result and found.by_age != expected.by_age:
        result.append(Difference(LOST, "the tables and indexes are of another age: one was not rebuilt, or later"))
    for table in sorted(expected.rows.keys() | found.rows.keys()):
        result += _rows(table, expected.rows.get(table, []), found.rows.get(table, []), ignored)
    return result + _ledger(expected.ledger, found.ledger)


def repeated(expected: Contents, found: Contents) -> list[Difference]:
    """Returns what was done more often in `found` than in `expected`. It does not matter whether all was done."""
    table = "public.trace"
    extra = _counted(found.rows.get(table, []), set()) - _counted(expected.rows.get(table, []), set())
    recorded = [difference for difference in _ledger(expected.ledger, found.ledger) if difference.kind == DOUBLED]
    return recorded + [Difference(DOUBLED, f"{table} has {row} too often") for row in extra.elements()]


def _rows(table: str, expected: list[Row], found: list[Row], ignored: AbstractSet[tuple[str, str]]) -> list[Difference]:
    left_out = {name for of, name in ignored if of == table}
    wanted, there = _counted(expected, left_out), _counted(found, left_out)
    missing, extra = wanted - there, there - wanted
    if missing and extra:
        return [Difference(OTHER, f"{table} has {_few(extra)} instead of {_few(missing)}")]
    return [Difference(LOST, f"{table} lacks {row}") for row in missing.elements()] + [
        Difference(DOUBLED, f"{table} has {row} too often") for row in extra.elements()
    ]


def _counted(rows: list[Row], left_out: set[str]) -> Counter[str]:
    return Counter(
        json.dumps({name: value for name, value in row.items() if name not in left_out}, sort_keys=True) for row in rows
    )


def _ledger(expected: list[tuple[Any, ...]], found: list[tuple[Any, ...]]) -> list[Difference]:
    names, found_names = Counter(row[0] for row in expected), Counter(row[0] for row in found if row[2] and not row[3])
    result = [Difference(LOST, f"{name} is not recorded") for name in (names - found_names)]
    result += [Difference(DOUBLED, f"{name} is recorded too often") for name in (found_names - names)]
    result += [Difference(OTHER, f"{row[0]} is unfinished in the ledger") for row in found if not row[2] and not row[3]]
    if not result and found != expected:
        result.append(Difference(OTHER, f"the ledger is {found} instead of {expected}"))
    return result


def leftovers(session: psycopg.Connection, patience: float = 15) -> list[Difference]:
    """Returns the sessions and locks of the functions that do not end in time."""
    asked = (
        "SELECT 'session of ' || application_name FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'lockstep%'"
        " UNION ALL SELECT 'lock of pid ' || pid FROM pg_locks WHERE locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    deadline = time.monotonic() + patience
    while found := session.execute(asked).fetchall():
        if time.monotonic() > deadline:
            return [Difference(OTHER, f"left behind: {what}") for what, in found]
        time.sleep(0.02)
    return []


def _values(rows: list[dict[str, Any]], name: str) -> list[str]:
    return sorted(json.dumps(row.get(name), sort_keys=True) for row in rows)


def _few(rows: Counter[str]) -> str:
    shown = list(rows)[:3]
    return ", ".join(shown) + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")
