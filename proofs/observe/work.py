"""What a statement did that takes longer the more rows there are.

- *rewrite*: the table has another file, with something in it. (An emptied table's file is empty.) The rest goes with it.
- *index build*: the server said that it builds an index on the table.
- *scan*: the server counted more scans of the table than building its indexes explains.
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
    """What a statement leaves behind: messages of the server's at DEBUG1, the files and the scans of tables."""

    messages: list[str]
    before: dict[int, Files]
    after: dict[int, Files]
    scans: dict[int, int]
    #: How often building an index reads the table.
    reads_for_index: int = 1


def of(relation: Relation, traces: Traces) -> list[str]:
    """What was done to one relation that was there before."""
    after = traces.after.get(relation.oid)
    if after is None:
        return []
    built = sum(table == relation.own_name for _, table in _found(_BUILDING, traces.messages))
    done = []
    if after.size > 0 and after.node != traces.before[relation.oid].node:
        # That reads every row and builds every index.
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
    """The server's own words for it are a second witness."""
    said = {"rewrite": (name,) in _found(_REWRITING, messages), "scan": (name,) in _found(_VERIFYING, messages)}
    for what, is_said in said.items():
        if is_said and what not in done:
            raise AssertionError(f"The server says {what} of {name}, but its files and counts do not: {done}, {messages}")
