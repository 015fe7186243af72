"""What a report says of one migration, in the terms of what can be observed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from proofs.observe.relations import MODES, stronger

#: By the report's name of a lock, as `pg_locks` calls it.
LOCKS = {mode[0].lower() + mode.removesuffix("Lock")[1:]: mode for mode in MODES}

WORK = {"scan": "scan", "indexBuild": "index build", "rewrite": "rewrite"}

#: How a finding of ours says that the run fails, whichever rule it is of.
_CERTAIN = re.compile(r"run fails(?! if)")

#: The rules that also say that it fails where something is so that the analysis does not know.
_PERHAPS = ("refused", "required-column", "replica-identity")


@dataclass(frozen=True)
class Effect:
    """What a statement is said to do to a relation."""

    relation: str
    mode: str
    work: tuple[str, ...]
    is_new: bool


@dataclass
class Statement:
    """What is said of a statement."""

    number: int
    start: int
    what: str
    effects: list[Effect]
    opaque: bool
    #: Why the run fails there, and why perhaps.
    fails: list[str] = field(default_factory=list)
    may_fail: list[str] = field(default_factory=list)


@dataclass
class Said:
    """What is said of a migration."""

    verdict: str
    why: str
    statements: list[Statement]
    #: Whether readers wait, and writers; and for how long, in the report's words.
    readers: bool
    writers: bool
    how_long: str
    #: What belongs to no statement, but is said to make the run fail.
    fails: list[str]

    @property
    def opaque(self) -> bool:
        """Whether a part of what it does is said to be unknown."""
        return any(statement.opaque for statement in self.statements)

    @property
    def foretold(self) -> list[str]:
        """Why the run is said to fail, for certain."""
        return self.fails + [text for statement in self.statements for text in statement.fails]

    @property
    def perhaps(self) -> list[str]:
        """Why the run is said to fail where something is so that nobody knows."""
        return [text for statement in self.statements for text in statement.may_fail]

    def at(self, start: int | None) -> Statement | None:
        """The statement at that place of the file."""
        return next((statement for statement in self.statements if statement.start == start), None)

    def names(self) -> list[str]:
        """Every relation that is named."""
        return sorted({effect.relation for statement in self.statements for effect in statement.effects})


def read(report: dict[str, Any], at: int = 0) -> Said:
    """What `report` says of the migration at that place."""
    migration = report["migrations"][at]
    blocking = migration["blocking"] or {"readers": False, "writers": False, "howLong": ""}
    return Said(
        verdict=migration["verdict"],
        why=migration["why"],
        statements=[_statement(statement) for statement in migration["statements"]],
        readers=blocking["readers"],
        writers=blocking["writers"],
        how_long=blocking["howLong"] if blocking["readers"] or blocking["writers"] else "",
        fails=[f"the role may not {missing}" for missing in report["server"]["missingPrivileges"]],
    )


def _statement(told: dict[str, Any]) -> Statement:
    statement = Statement(
        told["number"], told["start"], told["what"], [_effect(effect) for effect in told["effects"]], told["opaque"]
    )
    for finding in told["findings"]:
        if finding["source"] != "lockstep":
            continue
        if _CERTAIN.search(finding["text"]):
            statement.fails.append(finding["text"])
        elif finding["rule"] in _PERHAPS:
            statement.may_fail.append(finding["text"])
    return statement


def _effect(told: dict[str, Any]) -> Effect:
    work = tuple(WORK[work] for work in told["work"])
    return Effect(told["relation"], LOCKS[told["lock"]], work, told["isNew"])


def strongest(claims: list[tuple[int, str]]) -> dict[int, str]:
    """The strongest lock that is said of each relation."""
    found: dict[int, str] = {}
    for oid, mode in claims:
        found[oid] = stronger(found.get(oid), mode)
    return found
