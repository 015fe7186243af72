"""The cases on which a fault is tried: migrations, the database before them, and the result of a run without faults."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from proofs.chaos import histories
from proofs.chaos.histories import History
from proofs.chaos.runs import Bench, Ending
from proofs.chaos.server import EMPTY, Server
from proofs.harness import compare
from proofs.harness.proxy import CLIENT, Message

IN_DOUBT = "Migration.InDoubt"


class CleanRunFailed(RuntimeError):
    """A run without faults did not succeed, so there is no result to compare with."""


@dataclass
class Case:
    """Migrations `first` up to `end` of a history, on databases made from `template`."""

    name: str
    history: History
    first: int
    end: int
    template: str
    expected: compare.Contents
    ignored: set[tuple[str, str]]
    #: The messages on apply's connection in a run without faults.
    messages: list[Message] = field(repr=False)

    @property
    def up_to(self) -> str:
        return self.history.migrations[self.end - 1]

    @property
    def migrations(self) -> int:
        return self.end - self.first

    def count(self, side: str) -> int:
        """Returns the number of messages of a side."""
        return sum(message.side == side for message in self.messages)

    def script(self) -> str:
        """Returns the first migration's script, unchanged from its file."""
        return self.history.script(self.history.migrations[self.first])

    def scripts(self) -> list[int]:
        """Returns the indexes of the client's messages that carry a script."""
        return [message.index for message in self.messages if message.side == CLIENT and _is_script(message)]

    def recorded(self) -> list[int]:
        """Returns the indexes of the server's messages that confirm that a migration is done and recorded."""
        found: dict[int, int] = {}
        query: Message | None = None
        for message in self.messages:
            if message.side == CLIENT:
                query = message
            elif query and message.text == ("COMMIT" if _is_script(query) else "UPDATE 1"):
                # The last match counts: the engine commits a query of its own before the script's transaction begins.
                found[query.index] = message.index
        return list(found.values())

    def during(self, side: str, index: int) -> str:
        """Returns the query that is under way at a message, shortened, for people."""
        query = ""
        for message in self.messages:
            if message.side == CLIENT and message.kind == "Q":
                query = message.text
            if (message.side, message.index) == (side, index):
                break
        words = " ".join(query.split())
        return words[:70] + ("..." if len(words) > 70 else "")


class Cases:
    """Makes cases by name, each once."""

    def __init__(self, server: Server, seed: int, place: Path) -> None:
        self._server = server
        self._seed = seed
        self._place = place
        self._made: dict[str, Case] = {}
        self._lock = threading.Lock()

    def get(self, name: str, bench: Bench) -> Case:
        """Returns the case of that name: `own`, `again`, `gen-NN`, `held-OPERATION`, `last-OPERATION`, or a real
        history. The place of a window's first migration may follow a real history's name."""
        with self._lock:
            if name not in self._made:
                self._make(name, bench)
            return self._made[name]

    def windows_of(self, name: str, bench: Bench) -> list[str]:
        """Returns the names of the windows of a real history, after making them all."""
        history = histories.real(name)
        with self._lock:
            self._windows(history, bench)
        return [part for part, _, _ in history.windows()]

    def _make(self, name: str, bench: Bench) -> None:
        if name == "own":
            self._windows(histories.own(), bench)
        elif name == "again":
            history = histories.again(self._place)
            self._windows(history, bench, windows=[("again/before", 0, 1), ("again", 1, len(history.migrations))])
        elif name.startswith("gen-"):
            self._windows(histories.generated(self._seed, int(name[4:]), self._place), bench)
        elif name.startswith(("held-", "last-")):
            history = histories.held(name[5:], self._place, ends_with_it=name.startswith("last-"))
            operation, end = history.migrations.index("20260101000002_operation"), len(history.migrations)
            self._windows(history, bench, windows=[(f"{name}/before", 0, operation), (name, operation, end)])
        else:
            real = next((real for real in histories.real_names() if name == real or name.startswith(f"{real}-")), None)
            if real is None:
                raise ValueError(f"There is no case {name}: is CORPORA set?")
            self._windows(histories.real(real), bench, until=name)

    def _windows(
        self, history: History, bench: Bench, windows: list[tuple[str, int, int]] | None = None, until: str = "",
    ) -> None:
        template = EMPTY
        for name, first, end in windows or history.windows():
            if name in self._made:
                template = f"after_{name}"
                continue
            template = self._window(history, name, first, end, template, bench)
            if name == until:
                return

    def _window(self, history: History, name: str, first: int, end: int, template: str, bench: Bench) -> str:
        """Makes a case by running it twice without faults. Returns the name of the database after it."""
        after, again = f"after_{name}", f"again_{name}"
        up_to = history.migrations[end - 1]
        runs = []
        for database in (after, again):
            self._server.create(database, template)
            bench.aim(database, history.directory, up_to)
            ending = bench.migrate(name, traps=[], records=True)
            if ending.error or ending.failures:
                raise CleanRunFailed(f"{name}: {ending.error or ending.failures}: {ending.message}")
            messages = [message for ordinal, message in bench.proxy.recorded if ordinal == 0]
            with self._server.connect(database) as session:
                runs.append((compare.read(session), messages))
        self._server.drop(again)
        expected, messages = runs[0]
        ignored = compare.volatile(expected, runs[1][0])
        self._made[name] = Case(name, history, first, end, template, expected, ignored, messages)
        return after


@dataclass
class Result:
    """The result at one point."""

    differences: list[compare.Difference]
    endings: list[Ending]
    #: Whether the fault happened.
    reached: bool = True
    #: The time from the fault to the end of the last run.
    seconds: float = 0.0

    @property
    def in_doubt(self) -> bool:
        return any(ending.error == IN_DOUBT for ending in self.endings)


def judge(case: Case, server: Server, database: str, endings: list[Ending]) -> list[compare.Difference]:
    """Returns what is wrong with a database after runs under a fault."""
    with server.connect(database) as session:
        found = compare.leftovers(session)
        contents = compare.read(session)
    # An honest failure and a run in doubt may leave migrations undone, but none applied twice or out of order.
    found += [
        compare.Difference(compare.OTHER, f"{ending.error} after {ending.runs} run(s): {ending.message[:400]}")
        for ending in endings if ending.error and ending.error != IN_DOUBT
    ]
    if not all(ending.error for ending in endings):
        return found + compare.differences(case.expected, contents, case.ignored)
    done = [row[0] for row in contents.ledger if row[2]]
    if done != [row[0] for row in case.expected.ledger][: len(done)]:
        found.append(compare.Difference(compare.OTHER, f"stopped, and the ledger is {done}"))
    return found + compare.repeated(case.expected, contents)


def _is_script(message: Message) -> bool:
    text = message.text
    if "; SET lockstep.transaction = '" in text:
        return True
    # A standalone script is sent unchanged. The engine's own queries begin with other keywords.
    words = " ".join(line for line in text.splitlines() if not line.startswith("--")).upper().split()
    return "CONCURRENTLY" in words[:6] or "CONCURRENTLY;" in words or words[:1] == ["VACUUM"]


