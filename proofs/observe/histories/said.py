"""The report on one migration, in terms that can be observed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from proofs.observe.relations import MODES, stronger

#: The names in `pg_locks`, by the report's names of the locks.
LOCKS = {mode[0].lower() + mode.removesuffix("Lock")[1:]: mode for mode in MODES}

WORK = {"scan": "scan", "indexBuild": "index build", "rewrite": "rewrite"}

#: The words of a finding that the run fails, whichever rule it is from.
_CERTAIN = re.compile(r"run fails(?! if)")

#: The rules that also report a failure under a condition that the analysis does not know.
_PERHAPS = ("refused", "required-column", "replica-identity")


@dataclass(frozen=True)
class Effect:
    """The reported effect of a statement on a relation."""

    relation: str
    mode: str
    work: tuple[str, ...]
    is_new: bool


@dataclass
class Statement:
    """The report on a statement."""

    number: int
    start: int
    what: str
    effects: list[Effect]
    opaque: bool
    #: The reasons why the run fails there for certain, and why it may fail.
    fails: list[str] = field(default_factory=list)
    may_fail: list[str] = field(default_factory=list)


@dataclass
class Said:
    """The report on a migration."""

    verdict: str
    why: str
    statements: list[Statement]
    #: Whether readers wait, whether writers wait, and for how long, in the report's words.
    readers: bool
    writers: bool
    how_long: str
    #: The reported reasons for a failure that belong to no statement.
    fails: list[str]

    @property
    def opaque(self) -> bool:
        """Whether a part of the effect is reported as unknown."""
        return any(statement.opaque for statement in self.statements)

    @property
    def foretold(self) -> list[str]:
        """The reasons why the run fails for certain, according to the report."""
        return self.fails + [text for statement in self.statements for text in statement.fails]

    @property
    def perhaps(self) -> list[str]:
        """The reasons why the run may fail, under conditions that are unknown."""
        return [text for statement in self.statements for text in statement.may_fail]

    def at(self, start: int | None) -> Statement | None:
        """Returns the statement at that place of the file."""
        return next((statement for statement in self.statements if statement.start == start), None)

    def names(self) -> list[str]:
        """Returns every relation that the report names."""
        return sorted({effect.relation for statement in self.statements for effect in statement.effects})


def read(report: dict[str, Any], at: int = 0) -> Said:
    """Returns what `report` says of the migration with that index."""
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
    """Returns the strongest reported lock on each relation."""
    found: dict[int, str] = {}
    for oid, mode in claims:
        found[oid] = stronger(found.get(oid), mode)
    return found
