"""Tries all points: those that concern one database side by side, those that stop the server one at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from proofs.chaos import points
from proofs.chaos.cases import Case, Cases, Result
from proofs.chaos.faults import FAULTS, attempt
from proofs.chaos.histories import OPERATIONS, corpora, real_names
from proofs.chaos.points import Point
from proofs.chaos.runs import Bench
from proofs.chaos.server import Server


@dataclass
class Scope:
    """The part of everything that a sweep tries."""

    generated: int
    #: The number of generated histories that are swept at every message.
    whole: int
    per_generated: int
    per_window: int
    alone_per_case: int
    held_variants: int
    slow: int
    #: The largest number of points; None for all.
    most: int | None = None
    only_own: bool = False


FULL = Scope(
    generated=30, whole=6, per_generated=30, per_window=6, alone_per_case=5, held_variants=6, slow=12,
)
SAMPLE = Scope(
    generated=3, whole=0, per_generated=40, per_window=0, alone_per_case=6, held_variants=2, slow=0, most=500, only_own=True,
)


#: Some points only wait for a timeout, so that two cores have work for more than two benches.
BENCHES = 3


@dataclass
class Sweep:
    """The tried points and their results."""

    seed: int
    histories: list[str] = field(default_factory=list)
    migrations: int = 0
    results: list[tuple[Point, Result]] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    skipped: str = ""


class Runner:
    """A server, its benches, and the cases on it."""

    def __init__(self, server: Server, seed: int, binaries: Path, /, **settings: str) -> None:
        self._server = server
        self._seed = seed
        self._cases = Cases(server, seed, server.place / "histories")
        self._benches = [Bench(server, f"bench-{number}", binaries, **settings) for number in range(BENCHES)]
        self._numbers = iter(range(10**9))
        self._lock = threading.Lock()
        self.sweep = Sweep(seed)

    def close(self) -> None:
        for bench in self._benches:
            bench.close()

    def case(self, name: str) -> Case:
        """Returns a case, which the first bench makes."""
        case = self._cases.get(name, self._benches[0])
        if name not in self.sweep.cases:
            self.sweep.cases[name] = case
            self.sweep.migrations += case.migrations
        return case

    def choose(self, scope: Scope) -> list[Point]:
        """Returns all points of a scope, in an order that the seed decides."""
        generated = [f"gen-{number:02}" for number in range(scope.generated)]
        windows = [] if scope.only_own else self._real()
        held = [f"{kind}-{operation}" for kind in ("held", "last") for operation in OPERATIONS]
        self.sweep.histories = ["own", "again", *generated, *([] if scope.only_own else real_names()), *held]
        chosen: list[Point] = []
        for name in ("own", "again", *generated[: scope.whole]):
            chosen += points.everywhere(self.case(name))
        for name in ("own", "again", *generated):
            chosen += points.sampled(self.case(name), self._seed, scope.per_generated)
            chosen += points.sampled(self.case(name), self._seed, scope.alone_per_case, points.SAMPLED_ALONE)
        for name in windows:
            chosen += points.sampled(self.case(name), self._seed, scope.per_window)
        for operation in OPERATIONS:
            chosen += points.between_commit_and_report(self.case(f"last-{operation}"))
            self.case(f"held-{operation}")
        for name in ("own", "again"):
            chosen += points.between_commit_and_report(self.case(name))
        chosen += points.held(scope.held_variants)
        for name in ("own", *generated)[:3]:
            chosen += points.slow(self.case(name), self._seed, scope.slow // 3)
        chosen = sorted(set(chosen))
        if not scope.slow:
            chosen = [point for point in chosen if "vanish" not in point.fault]
        points.shuffle(chosen, self._seed)
        return chosen[: scope.most]

    def _real(self) -> list[str]:
        if corpora() is None:
            self.sweep.skipped = "CORPORA names no directory of real histories: skipped"
            return []
        names = []
        for real in real_names():
            names += self._cases.windows_of(real, self._benches[0])
        return names

    def run(self, chosen: Iterable[Point], tell: Callable[[Point, Result], None]) -> Sweep:
        """Tries every point."""
        chosen = list(chosen)
        waiting: queue.SimpleQueue[Point] = queue.SimpleQueue()
        for point in chosen:
            self.case(point.case)
            if not point.is_exclusive:
                waiting.put(point)

        failed: list[BaseException] = []

        def work(bench: Bench) -> None:
            while not failed:
                try:
                    point = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    self._try(point, bench, tell)
                except BaseException as failure:  # noqa: BLE001 - raised again in the main thread
                    failure.add_note(f"at {point}")
                    failed.append(failure)

        workers = [threading.Thread(target=work, args=(bench,), daemon=True) for bench in self._benches]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if failed:
            raise failed[0]
        for point in chosen:
            if point.is_exclusive:
                self._try(point, self._benches[0], tell)
        return self.sweep

    def _try(self, point: Point, bench: Bench, tell: Callable[[Point, Result], None]) -> None:
        with self._lock:
            database = f"point_{next(self._numbers)}"
        case, seed = self.case(point.case), f"{self._seed}/{point}"
        result = attempt(self._server, bench, case, FAULTS[point.fault], point.index, seed, database)
        with self._lock:
            self.sweep.results.append((point, result))
            tell(point, result)
