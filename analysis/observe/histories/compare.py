"""Sets what was said of a migration side by side with what was seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from analysis.observe.histories.measured import Measured, Migration
from analysis.observe.histories.said import Said
from analysis.observe.histories.seen import Seen
from analysis.observe.relations import MODES, STRENGTH, TABLES, stronger

#: For these a migration fails because of what the catalog holds.
CATALOG = {
    "0A000": "feature not supported",
    "2BP01": "dependent objects still exist",
    "3F000": "invalid schema name",
    "42501": "insufficient privilege",
    "42601": "syntax error",
    "42611": "invalid column definition",
    "42701": "duplicate column",
    "42703": "undefined column",
    "42704": "undefined object",
    "42710": "duplicate object",
    "42723": "duplicate function",
    "42804": "datatype mismatch",
    "42809": "wrong object type",
    "42830": "invalid foreign key",
    "42846": "cannot coerce",
    "42883": "undefined function",
    "42P01": "undefined table",
    "42P06": "duplicate schema",
    "42P07": "duplicate table",
    "42P10": "invalid column reference",
    "42P16": "invalid table definition",
    "42P17": "invalid object definition",
    "55000": "object not in prerequisite state",
    "55006": "object in use",
    "55P04": "unsafe new enum value usage",
}

#: For these because of what statistics tell of the rows, too.
STATISTICS = {"23502": "not null violation"}

#: What is compared of failures.
FAILURES, RUNS = "failures that {} can tell, foretold", "runs, and nothing else is foretold"

_SHARE_UPDATE, _SHARE, _ALL = (
    STRENGTH["ShareUpdateExclusiveLock"], STRENGTH["ShareLock"], STRENGTH["AccessExclusiveLock"],
)

#: How long each of the report's words may take at most, in seconds.
MAGNITUDES = {"moment": 0.1, "seconds": 10.0, "minutes": 600.0, "hours": float("inf")}


@dataclass(frozen=True)
class Disagreement:
    """Where what was said is not what was seen."""

    kind: str
    where: str
    text: str


@dataclass
class Agreement:
    """What was compared and how often it agreed, and each time that it did not."""

    #: By what was compared.
    compared: Counter[str] = field(default_factory=Counter)
    equal: Counter[str] = field(default_factory=Counter)
    #: What was said, and what was seen: the magnitudes of time.
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: What is only counted.
    counted: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    def kinds(self) -> Counter[str]:
        """How many disagreements there are of each kind."""
        return Counter(one.kind for one in self.disagreements)


def of(histories: list[Measured]) -> Agreement:
    """All that was measured, with one number of rows."""
    agreement = Agreement()
    for measured in histories:
        agreement.counted["histories"] += 1
        agreement.counted["migrations"] += measured.scripts
        agreement.counted["refused by the plan"] += len(measured.refused)
        agreement.counted["tables"] += measured.tables
        agreement.counted["tables with too few rows"] += len(measured.short)
        agreement.counted["histories that stopped"] += bool(measured.stopped)
        _on_empty(measured, agreement)
        for migration in measured.migrations:
            _Comparison(migration, agreement).all()
        for trial in measured.trials:
            _Failure(trial.said, trial.seen, f"{trial.history} {trial.name}, {trial.when}", agreement).compare(f"{trial.when}: ")
    return agreement


def _on_empty(measured: Measured, agreement: Agreement) -> None:
    planned = measured.scripts - len(measured.refused)
    agreement.compared["safe on an empty database"] += planned
    agreement.equal["safe on an empty database"] += planned - len(measured.on_empty)
    for name, verdict, why in measured.on_empty:
        agreement.disagreements.append(Disagreement(f"{verdict} on an empty database", f"{measured.name} {name}", why))


class _Failure:
    """Whether a migration failed, and whether that was foretold."""

    def __init__(self, said: Said, seen: Seen, where: str, agreement: Agreement) -> None:
        self._said = said
        self._seen = seen
        self._where = where
        self._agreement = agreement

    def compare(self, when: str = "") -> None:
        """Compares both; `when` is what the figures are called by."""
        state, foretold = self._seen.sqlstate, self._said.foretold
        if not state:
            self._agree(f"{when}{RUNS}", not foretold, f"{when}foretold to fail, ran", "; ".join(foretold))
            self._agreement.counted["perhaps foretold, ran"] += bool(self._said.perhaps)
            return
        reason = "the catalog" if state in CATALOG else "statistics" if state in STATISTICS else "rows alone"
        perhaps = " (perhaps, it says)" if self._said.perhaps else ""
        text = f"{self._part(len(self._seen.parts) - 1)}: {state} {self._seen.message}{perhaps}"
        what = FAILURES.format(reason)
        self._agree(f"{when}{what}", bool(foretold), f"{when}failed with {state}, not foretold", text)

    def _part(self, at: int) -> str:
        if at < 0:
            return "before any statement"
        statement = self._said.at(self._seen.parts[at].start)
        return f"statement {statement.number}, {statement.what}" if statement else f"part {at + 1}"

    def _agree(self, what: str, agrees: bool, kind: str, text: str) -> None:
        self._agreement.compared[what] += 1
        self._agreement.equal[what] += agrees
        if not agrees:
            self._disagree(kind, text)

    def _disagree(self, kind: str, text: str) -> None:
        self._agreement.disagreements.append(Disagreement(kind, self._where, text))


class _Comparison(_Failure):
    """One migration."""

    def __init__(self, migration: Migration, agreement: Agreement) -> None:
        emptied = ", with its tables emptied" if migration.again else ""
        super().__init__(migration.said, migration.seen, f"{migration.history} {migration.name}{emptied}", agreement)
        self._rows = migration.rows

    def all(self) -> None:
        self._agreement.counted["runs"] += 1
        self.compare()
        if self._seen.sqlstate:
            return
        if self._seen.standalone:
            self._agreement.counted["runs outside of a transaction"] += 1
        if self._said.opaque:
            self._agreement.counted["runs of which a part is said to be unknown"] += 1
        self._locks()
        self._waiting()
        self._work()
        self._time()

    def _locks(self) -> None:
        claimed = self._claimed()
        said, seen = self._counting(claimed[-1] if claimed else {}, True), self._counting(self._seen.locks, False)
        for oid in sorted(said.keys() | seen.keys()):
            relation = self._seen.before[oid]
            if relation.kind == "S" and oid not in said:
                continue
            one, other = said.get(oid), seen.get(oid)
            strength = (STRENGTH[one] if one else -1, STRENGTH[other] if other else -1)
            if strength[0] > strength[1] and self._seen.standalone:
                self._agreement.counted["locks outside of a transaction that were not seen"] += 1
                continue
            if strength[0] < strength[1] and self._said.opaque:
                self._agreement.counted["locks that are said to be unknown"] += 1
                continue
            text = f"{relation.name}: said {_mode(one)}, seen {_mode(other)}"
            self._agree("locks", one == other, _kind_of_lock(*strength), f"{self._first(oid, claimed)}: {text}")

    def _counting(self, locks: dict[int, str], is_said: bool) -> dict[int, str]:
        """Those of the locks that count: on tables and views, on an index where it is locked more than its table, and on a
        sequence where others may wait for it."""
        found = {}
        for oid, mode in locks.items():
            relation = self._seen.before.get(oid)
            if relation is None:
                continue
            table = locks.get(relation.of_table)
            strong = is_said or STRENGTH[mode] >= _SHARE_UPDATE
            more = table is None or STRENGTH[mode] > STRENGTH[table]
            if relation.kind in TABLES or (relation.kind in "iI" and strong and more) or (relation.kind == "S" and strong):
                found[oid] = mode
        return found

    def _claimed(self) -> list[dict[int, str]]:
        """What is said to be held behind each statement, of what was there before the migration."""
        held: list[dict[int, str]] = []
        locks: dict[int, str] = {}
        for part in self._seen.parts:
            statement = self._said.at(part.start)
            for effect in statement.effects if statement else []:
                oid = part.named.get(effect.relation)
                if oid is None and not effect.is_new:
                    self._disagree("a lock on what is not there", f"{statement.number}: {effect.relation} {effect.mode}")
                elif oid in self._seen.before and effect.is_new:
                    self._disagree("said to be new, was there", f"{statement.number}: {effect.relation}")
                elif oid in self._seen.before:
                    locks[oid] = stronger(locks.get(oid), effect.mode)
            held.append(dict(locks))
        return held

    def _waiting(self) -> None:
        """Who waits for any of it: readers for ACCESS EXCLUSIVE, writers from SHARE on. Nobody writes a materialized view."""
        seen = self._blocking(self._seen.locks)
        for who, said, waits in (("readers", self._said.readers, seen[0]), ("writers", self._said.writers, seen[1])):
            if waits and not said and self._said.opaque:
                self._agreement.counted[f"{who} who wait, where that is said to be unknown"] += 1
                continue
            if said and not waits and self._seen.standalone:
                self._agreement.counted[f"{who} who are said to wait, which was not seen outside of a transaction"] += 1
                continue
            kind = f"{who} wait, not said" if waits else f"{who} said to wait, do not"
            self._agree(f"whether {who} wait", said == waits, kind, f"verdict {self._said.verdict}: {self._said.why}")

    def _blocking(self, locks: dict[int, str]) -> tuple[bool, bool]:
        before = self._seen.before
        held = [(before[oid].kind, STRENGTH[mode]) for oid, mode in locks.items() if oid in before]
        readers = any(kind in TABLES and strength >= _ALL for kind, strength in held)
        writers = any(kind in TABLES and strength >= _SHARE and kind != "m" for kind, strength in held)
        return readers, readers or writers

    def _work(self) -> None:
        for at, part in enumerate(self._seen.parts):
            statement = self._said.at(part.start)
            said: dict[int, set[str]] = {}
            for effect in statement.effects if statement else []:
                oid = part.named.get(effect.relation)
                relation = self._seen.before.get(oid)
                if relation and relation.kind in ("r", "m") and not effect.is_new:
                    said[oid] = {"rewrite"} if "rewrite" in effect.work else set(effect.work)
            for oid in sorted(said.keys() | part.work.keys()):
                self._work_on(oid, said.get(oid, set()), set(part.work.get(oid, [])), at, statement)

    def _work_on(self, oid: int, said: set[str], seen: set[str], at: int, statement) -> None:
        name = self._seen.before[oid].name
        for work in ("scan", "index build", "rewrite"):
            if work not in said | seen:
                continue
            if work in seen and work not in said and (statement is None or statement.opaque):
                self._agreement.counted["work that is said to be unknown"] += 1
                continue
            if work in said and work not in seen and not self._rows.get(oid):
                self._agreement.counted["work on tables without rows"] += 1
                continue
            kind = f"{work} not said" if work in seen else f"{work} said, not done"
            text = f"{self._part(at)}: {name}: said {_list(said)}, seen {_list(seen)}"
            self._agree({"scan": "scans", "index build": "index builds", "rewrite": "rewrites"}[work], work in said & seen, kind, text)

    def _time(self) -> None:
        """How long what somebody waits for stays locked, beside what is said of it."""
        said = self._said.how_long
        if not said:
            return
        parts = self._seen.parts
        first = next((at for at, part in enumerate(parts) if self._blocking(part.locks)[1]), None)
        if first is None:
            return
        seconds = sum(part.seconds for part in parts[first:])
        seen = next(name for name, most in MAGNITUDES.items() if seconds < most)
        self._agreement.times[said, seen] += 1
        if said == "unknown":
            return
        order = list(MAGNITUDES)
        kind = "took longer than said" if order.index(seen) > order.index(said) else "took less long than said"
        self._agree("how long others wait", said == seen, kind, f"said {said}, took {seconds:.3f} s")

    def _first(self, oid: int, claimed: list[dict[int, str]]) -> str:
        """The first statement behind which what is said of a relation is not what is seen."""
        for at, (part, said) in enumerate(zip(self._seen.parts, claimed, strict=True)):
            if part.locks.get(oid) != said.get(oid):
                return self._part(at)
        return "at the end"


def _kind_of_lock(said: int, seen: int) -> str:
    if said == seen:
        return ""
    if said < seen:
        blocks = (seen >= _ALL > said) or (seen >= _SHARE > said)
        return "a blocking lock not said" if blocks else "a lock said weaker"
    blocks = (said >= _ALL > seen) or (said >= _SHARE > seen)
    return "a blocking lock said, not taken" if blocks else "a lock said stronger"


def _mode(mode: str | None) -> str:
    return MODES[mode] if mode else "nothing"


def _list(work: set[str]) -> str:
    return ", ".join(sorted(work)) or "nothing"
