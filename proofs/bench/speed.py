"""Measures every contender on every history: all pending, nothing pending, one more. At each round trip, one after the
other."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from proofs.bench.contenders import CASES, FRESH, ONE, Contender, ContenderFailed, Spread, Taken
from proofs.bench.histories import History, Layouts
from proofs.bench.relay import Relay
from proofs.bench.server import Server, round_trip_ms

#: The number of migrations above which a history gets fewer repetitions.
LONG = 300


@dataclass(frozen=True)
class Surroundings:
    """The added distance to the server and the added time of a flush."""

    rtt_ms: float
    flush_ms: float

    @property
    def label(self) -> str:
        flush = f", flush +{self.flush_ms:g} ms" if self.flush_ms else ""
        return f"round trip +{self.rtt_ms:g} ms{flush}"


@dataclass
class Cell:
    """The result of one contender on one history in one case in some surroundings."""

    history: str
    size: int
    case: str
    surroundings: str
    contender: str
    taken: list[Taken] = field(default_factory=list)
    #: Why there is no result.
    failed: str = ""


@dataclass
class Counted:
    """The counters of one go. They do not depend on time."""

    history: str
    case: str
    contender: str
    connections: int
    round_trips: int
    sent: int
    commits: int
    flushes: int


@dataclass
class Results:
    """All results."""

    cells: list[Cell] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    #: The measured time of a trivial query in each of the surroundings.
    round_trips: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Returns the results for the page: the median, the least and the most of each cell's goes."""
        return asdict(self) | {"cells": [asdict(cell) | {"taken": spreads(cell.taken)} for cell in self.cells]}


def spreads(taken: list[Taken]) -> dict[str, Any] | None:
    """Returns the spreads of some goes; None if there was no go."""
    if not taken:
        return None
    numbers = {name: [getattr(go, name) for go in taken] for name in ("wall_ms", "cpu_ms", "peak_kb")}
    parts = {part: [go.parts[part] for go in taken] for part in taken[0].parts}
    return {name: Spread.of(values) for name, values in numbers.items()} | {
        "parts": {part: Spread.of(values) for part, values in parts.items()}
    }


@dataclass(frozen=True)
class Repetitions:
    """The number of repetitions, for short and for long histories."""

    short: int
    long: int

    def of(self, history: History) -> int:
        return self.long if len(history.scripts) > LONG else self.short


class Speed:
    """Measures everything. A contender that fails on a history is left out there, and the reason is kept."""

    def __init__(
        self, server: Server, relay: Path, contenders: list[Contender], repetitions: Repetitions, seed: int,
        say: Callable[[str], None],
    ) -> None:
        self._server = server
        self._relay = relay
        self._contenders = contenders
        self._repetitions = repetitions
        self._random = random.Random(seed)
        self._say = say
        self.results = Results()

    def measure(self, histories: list[History], everywhere: list[Surroundings]) -> None:
        """Fills `results`, which at any time contain only complete measurements."""
        for history in histories:
            place = self._server.place / "history"
            layouts = Layouts(history, place)
            try:
                able = self._count(layouts)
                for surroundings in everywhere:
                    self._say(f"{history.name}, {surroundings.label}")
                    self._time(layouts, able, surroundings)
            finally:
                shutil.rmtree(place)

    def look_at_round_trips(self, everywhere: list[Surroundings]) -> None:
        """Measures the real round trips, including everything on the way."""
        self._server.create("ping")
        for surroundings in everywhere:
            with self._way(surroundings) as port:
                taken = round_trip_ms(self._server.address("ping", port))
            self.results.round_trips[surroundings.label] = taken
        self._server.drop("ping")

    # ------------------------------------------------------------ first go: counting and warming up

    def _count(self, layouts: Layouts) -> list[Contender]:
        """Counts what every contender needs. Returns the contenders that succeed and make the same tables as the first
        one."""
        able, tables = list(self._contenders), 0
        with Relay(self._relay, self._server.port, 0) as relay:
            for case in CASES:
                pending = _pending(case, layouts)
                for contender in [contender for contender in able if case in contender.cases]:
                    try:
                        self._count_one(contender, layouts, relay, case, pending)
                        found = self._server.tables(contender.database)
                        if contender is able[0]:
                            tables = found
                        if found != tables:
                            raise ContenderFailed(f"{contender.label}: {found} tables, not {tables}")
                    except ContenderFailed as failure:
                        self._say(f"left out: {failure}")
                        cell = Cell(layouts.history.name, len(layouts.history.scripts), case, "", contender.key)
                        self.results.cells.append(replace(cell, failed=str(failure)))
                        able.remove(contender)
        self._clean(layouts)
        return able

    def _count_one(self, contender: Contender, layouts: Layouts, relay: Relay, case: str, pending: int) -> None:
        if case == FRESH:
            self._server.create(contender.database)
        address = self._server.address(contender.database, relay.port)
        contender.prepare(layouts, address, pending)
        relay.report()
        before = self._server.counts(contender.database)
        contender.go(layouts, address, pending)
        counted, passed = self._server.counts(contender.database) - before, relay.report()
        self.results.counted.append(Counted(
            layouts.history.name, case, contender.key, passed["connections"], passed["round_trips"], passed["sent"],
            counted.commits, counted.flushes,
        ))

    # ------------------------------------------------------------ timed goes

    def _time(self, layouts: Layouts, contenders: list[Contender], surroundings: Surroundings) -> None:
        """Runs every contender once, in a random order, before any contender runs again: a disturbance then affects
        them all."""
        history = layouts.history
        cells = {
            (contender.key, case): Cell(history.name, len(history.scripts), case, surroundings.label, contender.key)
            for contender in contenders for case in contender.cases
        }
        with self._way(surroundings) as port:
            for case in CASES:
                taking_part = [contender for contender in contenders if case in contender.cases]
                for number in range(self._repetitions.of(history)):
                    pending = _pending(case, layouts)
                    for contender in self._random.sample(taking_part, len(taking_part)):
                        if contender.slow and number and case == FRESH and len(history.scripts) > LONG:
                            continue
                        if case == FRESH:
                            self._server.drop(contender.database)
                            self._server.create(contender.database)
                        address = self._server.address(contender.database, port)
                        contender.prepare(layouts, address, pending)
                        cells[contender.key, case].taken.append(contender.go(layouts, address, pending))
        self._clean(layouts)
        self.results.cells += cells.values()

    def _clean(self, layouts: Layouts) -> None:
        layouts.take_back()
        for contender in self._contenders:
            self._server.drop(contender.database)

    @contextmanager
    def _way(self, surroundings: Surroundings) -> Iterator[int]:
        """Yields the port to connect to. Without an added round trip it is the server's own, because a relay would add
        time."""
        self._server.slow_down_flushes(surroundings.flush_ms)
        try:
            if not surroundings.rtt_ms:
                yield self._server.port
                return
            with Relay(self._relay, self._server.port, surroundings.rtt_ms) as relay:
                yield relay.port
        finally:
            self._server.slow_down_flushes(0)


def _pending(case: str, layouts: Layouts) -> int:
    """Prepares the case and returns its number of pending migrations."""
    if case == ONE:
        layouts.add()
        return 1
    return len(layouts.history.scripts) if case == FRESH else 0
