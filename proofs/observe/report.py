"""The observation of a statement, as sorted lines."""

from __future__ import annotations

from proofs.observe import work
from proofs.observe.relations import MODES, STRENGTH, TABLES, Relation
from proofs.observe.work import Traces

_STRONG = STRENGTH["ShareUpdateExclusiveLock"]


def lines(before: dict[int, Relation], after: dict[int, Relation], locks: dict[int, str], traces: Traces) -> list[str]:
    """Returns the lines. Each locked table or view has one. An index has one if it is locked more strongly than its
    table. A sequence has one if other sessions may wait for it. A new table is named without its lock, because no
    other session waits for it."""
    found = []
    for oid, mode in locks.items():
        relation = before.get(oid)
        if relation is None:
            made = after.get(oid)
            if made and made.kind in TABLES:
                found.append(f"{_name(made)} new")
        elif relation.kind in TABLES:
            done = work.of(relation, traces)
            found.append(" ".join([relation.name, MODES[mode], ", ".join(done)]).rstrip())
        elif relation.kind in ("i", "I"):
            table = locks.get(relation.of_table)
            if STRENGTH[mode] >= _STRONG and (table is None or STRENGTH[mode] > STRENGTH[table]):
                found.append(f"index {relation.name} {MODES[mode]}")
        elif relation.kind == "S" and STRENGTH[mode] >= _STRONG:
            found.append(f"sequence {relation.name} {MODES[mode]}")
    return sorted(found) or ["nothing"]


def _name(relation: Relation) -> str:
    schema, name = relation.name.split(".", 1)
    return f"pg_temp.{name}" if schema.startswith("pg_temp") else relation.name
