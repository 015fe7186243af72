"""A statement's work whose duration grows with the number of rows.

- *rewrite*: the table has another file, which is not empty. (An emptied table's file is empty.) It includes the others.
- *index build*: the server reported that it builds an index on the table.
- *scan*: the server counted more scans of the table than its index builds explain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from proofs.observe.relations import Files, Relation

_BUILDING = re.compile(r'building index "(.+)" on table "(.+)" ')
_REWRITING = re.compile(r'rewriting table "(.+)"')
_VERIFYING = re.compile(r'verifying table "(.+)"')


@dataclass
class Traces:
    """The traces of a statement: the server's messages at DEBUG1, the files and the scans of tables."""

    messages: list[str]
    before: dict[int, Files]
    after: dict[int, Files]
    scans: dict[int, int]
    #: The number of times that an index build reads the table.
    reads_for_index: int = 1


def of(relation: Relation, traces: Traces) -> list[str]:
    """Returns the work on one relation that existed before."""
    after = traces.after.get(relation.oid)
    if after is None:
        return []
    built = sum(table == relation.own_name for _, table in _found(_BUILDING, traces.messages))
    done = []
    if after.size > 0 and after.node != traces.before[relation.oid].node:
        # A rewrite reads every row and builds every index.
        done = ["rewrite"]
    else:
        if traces.scans.get(relation.oid, 0) > built * traces.reads_for_index:
            done.append("scan")
        if built and after.size > 0:
            done.append("index build")
    _agree(relation.own_name, done, traces.messages)
    return done


def _found(pattern: re.Pattern[str], messages: list[str]) -> list[tuple[str, ...]]:
    return [found.groups() for message in messages if (found := pattern.match(message))]


def _agree(name: str, done: list[str], messages: list[str]) -> None:
    """Checks the server's messages as a second witness."""
    said = {"rewrite": (name,) in _found(_REWRITING, messages), "scan": (name,) in _found(_VERIFYING, messages)}
    for what, is_said in said.items():
        if is_said and what not in done:
            raise AssertionError(f"The server says {what} of {name}, but its files and counts do not: {done}, {messages}")
