"""A reader that is wrong on purpose: what holds if the reader misses transaction control that it has to refuse.

The engine refuses a script that would end the transaction in which it runs. If its reader missed such a statement, the
engine would depend on the server's answers. Even then nothing may be recorded without its work, and nothing that was
committed may be reported as rolled back. So functions whose reader ignores transaction control (the bug `WrongReader` in
`crates/engine/src/planted.rs`) run scripts with transaction control of all kinds, at each place of a history and in both
layouts: some scripts by name, and generated "soups" by seed.

Each script inserts numbers. A rollback removes them, and a second run would double them. After a run, another attempt of it
and a new run, this has to hold:

- A migration that the ledger has as finished has done all of its work, once. A run succeeds only if all are finished.
- A migration that has committed a part and has no finished row ends in doubt, says so, and is not run again.
- A migration that has committed nothing reports only that, and may be run again. It may also end in doubt, in two
  cases: other sessions commit meanwhile, because the server does not say whose commit it was; or the migration
  committed work that it had undone by a savepoint.

One thing is not promised. If the function is killed or its connection is cut after a COMMIT that the reader did not
see, a part is committed and no row says so: the next run begins the script again. `test_wrong_reader.py` shows it.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from psycopg import Connection

from proofs.chaos import histories
from proofs.chaos.cases import IN_DOUBT
from proofs.chaos.histories import History
from proofs.chaos.runs import Bench
from proofs.chaos.server import EMPTY, Server
from proofs.harness import planted_bugs
from proofs.harness.rows import one_value
from proofs.harness.runtime_api import Answer

#: The table for the scripts' numbers. It is in a schema of its own, because Prisma's layout needs an empty `public`.
START = "CREATE SCHEMA work; CREATE TABLE work.marks (n int)"

LEDGERS = ("_prisma_migrations", "_sqlx_migrations")

PLACES = ("first", "middle", "last")

#: The scripts with a name. I inserts a number, E fails.
NAMED = {
    "commit-more": "I COMMIT; I",
    "commit": "I COMMIT;",
    "commit-first": "COMMIT; I",
    "commit-only": "COMMIT;",
    "commit-error": "I COMMIT; E",
    "commit-begin-error": "I COMMIT; BEGIN; I E",
    "commit-begin-more": "I COMMIT; BEGIN; I",
    "commit-begin-commit": "I COMMIT; BEGIN; I COMMIT;",
    "commit-begin-commit-error": "I COMMIT; BEGIN; I COMMIT; BEGIN; E",
    "commit-chain": "I COMMIT AND CHAIN; I",
    "commit-chain-error": "I COMMIT AND CHAIN; I E",
    "commit-chain-commit": "I COMMIT AND CHAIN; I COMMIT;",
    "end": "I END; I",
    "end-error": "I END; E",
    "rollback": "I ROLLBACK;",
    "rollback-more": "I ROLLBACK; I",
    "rollback-error": "I ROLLBACK; I E",
    "abort-more": "I ABORT; I",
    "rollback-chain": "I ROLLBACK AND CHAIN; I",
    "rollback-chain-commit": "I ROLLBACK AND CHAIN; I COMMIT; I",
    "rollback-begin-more": "I ROLLBACK; BEGIN; I",
    "rollback-begin-error": "I ROLLBACK; BEGIN; I E",
    "rollback-begin-commit": "I ROLLBACK; BEGIN; I COMMIT;",
    "rollback-begin-commit-more": "I ROLLBACK; BEGIN; I COMMIT; I",
    "rollback-begin-commit-begin-error": "I ROLLBACK; BEGIN; I COMMIT; BEGIN; E",
    "rollback-commit": "I ROLLBACK; I COMMIT; I",
    "reset-commit-error": "I RESET ALL; COMMIT; E",
    "reset-commit-begin-error": "I RESET ALL; COMMIT; BEGIN; E",
    "commit-reset-begin-error": "I COMMIT; BEGIN; RESET ALL; I COMMIT; BEGIN; E",
    "begin": "BEGIN; I",
    "begin-commit": "BEGIN; I COMMIT;",
    "begin-commit-begin-commit": "BEGIN; I COMMIT; BEGIN; I COMMIT;",
    "begin-rollback": "BEGIN; I ROLLBACK;",
    "savepoint-commit": "SAVEPOINT s; I ROLLBACK TO s; COMMIT; I",
    "read-only-commit-error": "I COMMIT; BEGIN READ ONLY; I",
    "begin-too-late": "I BEGIN ISOLATION LEVEL SERIALIZABLE;",
    "commit-prepared-away": "I DEALLOCATE ALL; COMMIT; I",
}

#: The pieces of a soup, with their weights.
PIECES = {
    "I": 10, "E": 2, "COMMIT;": 4, "END;": 1, "ROLLBACK;": 3, "ABORT;": 1, "BEGIN;": 5, "START TRANSACTION;": 1,
    "COMMIT AND CHAIN;": 1, "ROLLBACK AND CHAIN;": 1, "BEGIN ISOLATION LEVEL SERIALIZABLE;": 1, "RESET ALL;": 1,
    "DEALLOCATE ALL;": 1, "SAVEPOINT s;": 1, "ROLLBACK TO s;": 1, "DO $$ BEGIN COMMIT; END $$;": 1,
    "SELECT count(*) FROM work.marks;": 1, "SET LOCAL statement_timeout = '1min';": 1,
    "DO $$ BEGIN PERFORM 1/0; EXCEPTION WHEN OTHERS THEN NULL; END $$;": 1,
}

#: The number of soups.
SAMPLE, FULL = 200, 1000


@dataclass(frozen=True)
class Script:
    """One script and its place in the history."""

    name: str
    text: str
    place: str
    for_sqlx: bool
    seed: int = 0

    @property
    def numbers(self) -> list[int]:
        """The numbers that it inserts if all of it takes effect."""
        return [int(number) for number in re.findall(r"INSERT INTO work\.marks VALUES \((\d+)\)", self.text)]

    @property
    def id(self) -> str:
        """The script's name in a finding."""
        return f"{self.name}@{self.place}"

    def __str__(self) -> str:
        return f"{self.id} ({'sqlx' if self.for_sqlx else 'Prisma'}): {self.text}"


@dataclass
class State:
    """The state of a database."""

    marks: Counter[int]
    #: The ledger's rows: the last characters of the key, and whether the migration is finished.
    rows: dict[str, bool]


@dataclass
class Tally:
    """The results of all scripts."""

    scripts: int = 0
    succeeded: int = 0
    in_doubt: int = 0
    rolled_back: int = 0
    #: In doubt, although all of it is applied and recorded, because more ran than its text shows.
    recorded: int = 0
    findings: list[str] = field(default_factory=list)


def named(name: str, place: str, for_sqlx: bool = False, seed: int = 0) -> Script:
    """Returns the script with a name, at a place."""
    return Script(name, _text(re.findall(r"[IE]\b|\S[^;]*;", NAMED[name])), place, for_sqlx, seed)


def scripts(seed: int, soups: int) -> list[Script]:
    """Returns the scripts of a seed: every named script at every place, in alternating layouts, and `soups` soups."""
    found = [
        named(name, place, (seed + number) % 2 == 1, seed)
        for number, (name, place) in enumerate(itertools.product(NAMED, PLACES))
    ]
    return found + [soup(seed, number) for number in range(soups)]


def pick(seed: int, id_: str) -> Script:
    """Returns the script with this name in a finding."""
    number = re.match(r"soup-(\d+)@", id_)
    known = [soup(seed, int(number[1]))] if number else scripts(seed, 0)
    for script in known:
        if script.id == id_:
            return script
    raise ValueError(f"{id_!r} is no script: give NAME@PLACE as a finding does")


def soup(seed: int, number: int) -> Script:
    """Returns one of a seed's soups."""
    random_ = random.Random(f"{seed}/soup/{number}")
    pieces = random_.choices(list(PIECES), list(PIECES.values()), k=random_.randint(2, 10))
    return Script(f"soup-{number}", _text(pieces), random_.choice(PLACES), random_.random() < 0.5, seed)


def _text(pieces: list[str]) -> str:
    number, out = 0, []
    for piece in pieces:
        number += piece == "I"
        out.append({"I": f"INSERT INTO work.marks VALUES ({number});", "E": "SELECT 1 / 0;"}.get(piece, piece))
    return " ".join(out)


def write(script: Script, place: Path) -> History:
    """Writes the script as one of three migrations. The other two insert a number each."""
    all_ = [(f"other{number}", f"INSERT INTO work.marks VALUES ({1000 + number});") for number in range(2)]
    all_.insert(PLACES.index(script.place), ("script", script.text))
    return histories.write(f"{script.name}-{script.place}", all_, place, script.for_sqlx)


class NotWrong(RuntimeError):
    """The reader refuses a script, so the test would prove nothing about the code after the reader."""


class Trial:
    """One script on one database."""

    def __init__(self, script: Script, history: History, bench: Bench, looking: Connection, is_busy: bool) -> None:
        self._script = script
        self._bench = bench
        self._looking = looking
        self._is_busy = is_busy
        self._work = {
            name.split("_")[0]: script.numbers if name.endswith("script") else [1000 + int(name[-1])]
            for name in history.migrations
        }
        self._key = next(name.split("_")[0] for name in history.migrations if name.endswith("script"))
        self.findings: list[str] = []
        self.first = Answer()
        self._state: State | None = None
        self.is_recorded = False

    def run(self) -> None:
        """Runs the script, attempts it once more, starts a new run, and checks the database after each."""
        for what in ("a run", "a new run"):
            plan = self._bench.plan(random.Random(0))
            if plan.error == "Migration.Refused":
                raise NotWrong(f"the reader sees it all the same: {self._script}: {plan.message}")
            if plan.error or not plan.output["pending"]:
                self._check(what, plan)
                continue
            attempts = self._bench.attempts(plan.output)
            self._check(what, next(attempts))
            if what == "a run" and self.first.error:
                self._check("another attempt", next(attempts))

    def _check(self, what: str, answer: Answer) -> None:
        state = read(self._looking, self._script.for_sqlx)
        before, self._state = self._state, state

        def find(wrong: str) -> None:
            self.findings.append(f"after {what}: {wrong}; {state.rows}, {sorted(state.marks.elements())}, {answer}")

        done = {key for key, finished in state.rows.items() if finished}
        if any(count > 1 for count in state.marks.values()):
            find("doubled")
        for key, numbers in self._work.items():
            if key in done and any(number not in state.marks for number in numbers):
                find(f"{key} is recorded without all of its work")
            if key not in done and key != self._key and any(number in state.marks for number in numbers):
                find(f"{key} has its work without a row")
        if not answer.error and done != set(self._work):
            find("a success though not all is finished")
        if before is None:
            self.first, self.is_recorded = answer, self._key in done
        if self._key in done:
            if answer.error and (answer.error != IN_DOUBT or "applied and recorded" not in answer.message):
                find("recorded, and told otherwise")
        elif any(number in state.marks for number in self._script.numbers):
            if answer.error != IN_DOUBT or "in doubt" not in answer.message:
                find("a part is committed, and it is not told")
            if before is None and not ("is committed" in answer.message and "stays" in answer.message):
                find("a part is committed, and the text does not say so")
            if before is not None and before.marks != state.marks:
                find("run again though a part was committed")
            if state.rows.get(self._key) is not False:
                find("a part is committed, and no open row says so")
        elif answer.error == IN_DOUBT and (self._is_busy or "ROLLBACK TO" in self._script.text):
            pass  # Something was committed: by another session, or by a transaction whose work was undone before.
        elif answer.error == IN_DOUBT or not answer.error or self._key in state.rows:
            find("nothing is committed, and it is told otherwise")


def read(looking: Connection, for_sqlx: bool) -> State:
    """Reads the numbers and the ledger."""
    marks = Counter(number for (number,) in looking.execute("SELECT n FROM work.marks"))
    name = LEDGERS[for_sqlx]
    if one_value(looking.execute("SELECT to_regclass(%s) IS NULL", (name,))):
        return State(marks, {})
    row = "version::text, success" if for_sqlx else "split_part(migration_name, '_', 1), finished_at IS NOT NULL"
    return State(marks, dict(looking.execute(f"SELECT {row} FROM {name}").fetchall()))


def tried(
    server: Server, binaries: Path, chosen: list[Script], tell: Callable[[str], None] = print, is_busy: bool = False,
) -> Tally:
    """Tries scripts with a wrong reader, one after the other, and returns the results. No other session commits
    anything meanwhile, unless the server `is_busy`."""
    tally, name = Tally(), f"wrong-reader{'-busy' if is_busy else ''}"
    bench = Bench(server, name, binaries, **planted_bugs.switched_on(planted_bugs.WRONG_READER))
    server.create(name, EMPTY)
    try:
        with server.connect(name, as_owner=True) as looking, _others(server, is_busy):
            looking.execute(START)
            for number, script in enumerate(chosen):
                looking.execute(f"TRUNCATE work.marks; DROP TABLE IF EXISTS {', '.join(LEDGERS)}")
                history = write(script, server.place / name / str(number))
                bench.aim(name, history.directory)
                trial = Trial(script, history, bench, looking, is_busy)
                trial.run()
                _count(tally, script, trial, tell)
    finally:
        bench.close()
    server.drop(name)
    return tally


@contextlib.contextmanager
def _others(server: Server, is_busy: bool) -> Iterator[None]:
    """Runs another session, which commits all the time, in another database."""
    over = threading.Event()

    def commit() -> None:
        with server.connect() as session:
            while not over.is_set():
                session.execute("SELECT pg_current_xact_id()")

    thread = threading.Thread(target=commit, daemon=True)
    if is_busy:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if is_busy:
            thread.join()


def _count(tally: Tally, script: Script, trial: Trial, tell: Callable[[str], None]) -> None:
    tally.scripts += 1
    tally.succeeded += not trial.first.error
    tally.recorded += trial.first.error == IN_DOUBT and trial.is_recorded
    tally.in_doubt += trial.first.error == IN_DOUBT and not trial.is_recorded
    tally.rolled_back += trial.first.error not in ("", IN_DOUBT)
    if not trial.findings:
        return
    again = f"again: .venv/bin/python -m proofs.chaos --seed {script.seed} --wrong-reader {script.id}"
    tally.findings.append("\n  ".join([str(script), *trial.findings, again]))
    tell(f"finding: {tally.findings[-1]}")


def render(tally: Tally, seed: int) -> str:
    """Returns the report on the results."""
    out = [(
        f"A reader that sees no transaction control, seed {seed}: {tally.scripts} scripts; {tally.succeeded} succeeded, "
        f"{tally.recorded} were recorded and told as more than was planned, {tally.in_doubt} ended in doubt, "
        f"{tally.rolled_back} rolled back"
    )]
    out.append(f"{len(tally.findings)} finding(s):" if tally.findings else "All told as it was.")
    return "\n".join(out + tally.findings)
