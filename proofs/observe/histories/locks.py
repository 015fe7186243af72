"""The locks of a migration, and the sessions that wait for them."""

from __future__ import annotations

from proofs.observe.histories.beside import Beside
from proofs.observe.histories.said import Statement
from proofs.observe.histories.seen import Part, Seen
from proofs.observe.relations import MODES, STRENGTH, TABLES, stronger

_SHARE_UPDATE, _SHARE, _ALL = (
    STRENGTH["ShareUpdateExclusiveLock"], STRENGTH["ShareLock"], STRENGTH["AccessExclusiveLock"],
)


def compare(beside: Beside) -> None:
    """Compares the strongest lock on each relation that existed before the migration."""
    seen, opaque = beside.seen, beside.said.opaque
    claimed = _claimed(beside)
    said_of = _counting(seen, claimed[-1] if claimed else {}, is_said=True)
    seen_of = _counting(seen, seen.locks, is_said=False)
    for oid in sorted(said_of.keys() | seen_of.keys()):
        relation = seen.before[oid]
        if relation.kind == "S" and oid not in said_of:
            # The report does not mention a sequence that is locked with its table.
            continue
        one, other = said_of.get(oid), seen_of.get(oid)
        strength = (STRENGTH[one] if one else -1, STRENGTH[other] if other else -1)
        if strength[0] > strength[1] and seen.standalone:
            beside.count("locks outside of a transaction that were not seen")
            continue
        if strength[0] < strength[1] and opaque:
            beside.count("locks that are said to be unknown")
            continue
        text = f"{relation.name}: said {_mode(one)}, seen {_mode(other)}"
        beside.agree("locks", one == other, _kind(*strength), f"{_first(beside, oid, claimed)}: {text}")


def waiting(beside: Beside) -> None:
    """Compares the waiting of readers and writers with the report on the migration as a whole."""
    said = beside.said
    readers, writers = who_waits(beside.seen, beside.seen.locks)
    for who, told, waits in (("readers", said.readers, readers), ("writers", said.writers, writers)):
        if waits and not told and said.opaque:
            beside.count(f"{who} who wait, where that is said to be unknown")
            continue
        if told and not waits and beside.seen.standalone:
            beside.count(f"{who} who are said to wait, which was not seen outside of a transaction")
            continue
        kind = f"{who} wait, not said" if waits else f"{who} said to wait, do not"
        beside.agree(f"whether {who} wait", told == waits, kind, f"verdict {said.verdict}: {said.why}")


def who_waits(seen: Seen, locks: dict[int, str]) -> tuple[bool, bool]:
    """Returns whether readers and whether writers wait for one of the locks. Readers wait for ACCESS EXCLUSIVE, writers
    for SHARE and stronger. A materialized view has no writers."""
    held = [(seen.before[oid].kind, STRENGTH[mode]) for oid, mode in locks.items() if oid in seen.before]
    readers = any(kind in TABLES and strength >= _ALL for kind, strength in held)
    writers = any(kind in TABLES and strength >= _SHARE and kind != "m" for kind, strength in held)
    return readers, readers or writers


def _claimed(beside: Beside) -> list[dict[int, str]]:
    """Returns the reported locks after each statement, on relations that existed before the migration."""
    held: list[dict[int, str]] = []
    locks: dict[int, str] = {}
    for part in beside.seen.parts:
        statement = beside.said.at(part.start)
        if statement:
            _claim(beside, part, statement, locks)
        held.append(dict(locks))
    return held


def _claim(beside: Beside, part: Part, statement: Statement, locks: dict[int, str]) -> None:
    """Adds the locks that the report has for one statement."""
    for effect in statement.effects:
        oid = part.named.get(effect.relation)
        text = f"statement {statement.number}, {statement.what}: {effect.relation}"
        if oid is None:
            if not effect.is_new:
                beside.disagree("a lock on what is not there", text)
        elif oid in beside.seen.before and effect.is_new:
            beside.disagree("said to be new, was there", text)
        elif oid in beside.seen.before:
            locks[oid] = stronger(locks.get(oid), effect.mode)


def _counting(seen: Seen, locks: dict[int, str], is_said: bool) -> dict[int, str]:
    """Returns the locks that count. These are locks on tables and views, on an index that is locked more strongly than
    its table, and on a sequence for which other sessions may wait."""
    found = {}
    for oid, mode in locks.items():
        relation = seen.before.get(oid)
        if relation is None:
            continue
        table = locks.get(relation.of_table)
        strong = is_said or STRENGTH[mode] >= _SHARE_UPDATE
        more = table is None or STRENGTH[mode] > STRENGTH[table]
        if relation.kind in TABLES or (relation.kind in "iI" and strong and more) or (relation.kind == "S" and strong):
            found[oid] = mode
    return found


def _first(beside: Beside, oid: int, claimed: list[dict[int, str]]) -> str:
    """Returns the first statement after which the reported and the observed lock on a relation differ."""
    for at, (part, said) in enumerate(zip(beside.seen.parts, claimed, strict=True)):
        if part.locks.get(oid) != said.get(oid):
            return beside.part(at)
    return "at the end"


def _kind(said: int, seen: int) -> str:
    def blocks(more: int, less: int) -> bool:
        return more >= _ALL > less or more >= _SHARE > less

    if said < seen:
        return "a blocking lock not said" if blocks(seen, said) else "a lock said weaker"
    return "a blocking lock said, not taken" if blocks(said, seen) else "a lock said stronger"


def _mode(mode: str | None) -> str:
    return MODES[mode] if mode else "nothing"
