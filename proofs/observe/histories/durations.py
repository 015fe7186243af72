"""Work whose duration grows with the number of rows, and how long other sessions wait."""

from __future__ import annotations

from proofs.observe.histories import locks
from proofs.observe.histories.agreement import MAGNITUDES
from proofs.observe.histories.beside import Beside

#: The plural for the page, by the name of the work on one table.
WORK = {"scan": "scans", "index build": "index builds", "rewrite": "rewrites"}


def work(beside: Beside) -> None:
    """Compares the work on each table, statement by statement."""
    for at, part in enumerate(beside.seen.parts):
        statement = beside.said.at(part.start)
        said: dict[int, set[str]] = {}
        for effect in statement.effects if statement else []:
            oid = part.named.get(effect.relation)
            relation = None if oid is None else beside.seen.before.get(oid)
            if oid is not None and relation and relation.kind in ("r", "m") and not effect.is_new:
                said[oid] = {"rewrite"} if "rewrite" in effect.work else set(effect.work)
        is_unknown = statement is None or statement.opaque
        for oid in sorted(said.keys() | part.work.keys()):
            _work_on(beside, oid, said.get(oid, set()), set(part.work.get(oid, [])), at, is_unknown)


def _work_on(beside: Beside, oid: int, said: set[str], seen: set[str], at: int, is_unknown: bool) -> None:
    for one in [one for one in WORK if one in said | seen]:
        if one not in said and is_unknown:
            beside.count("work that is said to be unknown")
        elif one not in seen and not beside.rows.get(oid):
            beside.count("work on tables without rows")
        else:
            kind = f"{one} not said" if one in seen else f"{one} said, not done"
            text = f"{beside.part(at)}: {beside.seen.before[oid].name}: said {_list(said)}, seen {_list(seen)}"
            beside.agree(WORK[one], one in said & seen, kind, text)


def time(beside: Beside) -> None:
    """Compares how long a lock blocks other sessions with the report."""
    said, parts = beside.said.how_long, beside.seen.parts
    waits = [locks.who_waits(beside.seen, part.locks)[1] for part in parts]
    if not said or True not in waits:
        return
    seconds = sum(part.seconds for part in parts[waits.index(True) :])
    order = list(MAGNITUDES)
    seen = next(name for name, most in MAGNITUDES.items() if seconds < most)
    beside.agreement.times[said, seen] += 1
    if said in MAGNITUDES:
        kind = "took longer than said" if order.index(seen) > order.index(said) else "took less long than said"
        beside.agree("how long others wait", said == seen, kind, f"said {said}, took {seconds:.3f} s")


def _list(some: set[str]) -> str:
    return ", ".join(sorted(some)) or "nothing"
