"""The points at which faults are tried: every boundary of some histories, and a sample by seed of the rest."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from proofs.chaos.cases import Case
from proofs.chaos.faults import FAULTS
from proofs.chaos.histories import OPERATIONS
from proofs.harness.proxy import CLIENT, SERVER

#: The faults at every message of the cases that are swept completely.
AT_EVERY_MESSAGE = ("cut-server", "cut-client", "lose-answer")

#: The faults on the sampled cases, with their weights.
SAMPLED = {
    "cut-server": 10, "cut-client": 4, "lose-answer": 10, "cut-twice": 4, "terminate": 6, "kill-server": 5,
    "kill-client": 5, "kill-report": 1, "reader": 3, "together": 1, "together-cut": 1, "together-kill": 1,
}

#: The faults that stop the server or all other sessions. They are fewer, and tried one at a time.
SAMPLED_ALONE = {"crash-server": 6, "crash-client": 4, "full": 2, "read-only": 3, "fail-over": 2, "crash-server-async": 3}

#: The faults that take ten seconds or more each.
SLOW = ("vanish-server", "vanish-client", "vanish-after")

BETWEEN_COMMIT_AND_REPORT = ("cut-server", "vanish-server", "kill-server", "crash-server", "full", "fail-over", "crash-server-async")

USERS = (2, 3, 5, 8)


@dataclass(frozen=True, order=True)
class Point:
    """One fault at one message of one case."""

    case: str
    fault: str
    index: int = 0

    def __str__(self) -> str:
        return f"{self.case}:{self.fault}@{self.index}"

    @classmethod
    def parse(cls, text: str) -> Point:
        """Parses what `str` wrote."""
        case, _, rest = text.partition(":")
        fault, _, index = rest.partition("@")
        if fault not in FAULTS or not index.isdigit():
            raise ValueError(f"{text!r} is no point: give CASE:FAULT@NUMBER, with one of {', '.join(FAULTS)}")
        return cls(case, fault, int(index))

    @property
    def is_exclusive(self) -> bool:
        return FAULTS[self.fault].exclusive


def everywhere(case: Case) -> Iterator[Point]:
    """Yields a point at every message of a case."""
    for fault in AT_EVERY_MESSAGE:
        side = FAULTS[fault].side
        if side is None:
            raise ValueError(f"{fault} is at no message of a side")
        yield from (Point(case.name, fault, index) for index in range(case.count(side)))


def sampled(case: Case, seed: int, count: int, weights: dict[str, int] = SAMPLED) -> Iterator[Point]:
    """Yields `count` points of a case, chosen by seed, more often during a script or its COMMIT than at the start."""
    random_ = random.Random(f"{seed}/points/{case.name}/{len(weights)}")
    for _ in range(count):
        fault = random_.choices(list(weights), list(weights.values()))[0]
        yield Point(case.name, fault, _index(case, fault, random_))


def between_commit_and_report(case: Case) -> Iterator[Point]:
    """Yields the points from the answer to the last write on."""
    last = case.recorded()[-1]
    for fault in BETWEEN_COMMIT_AND_REPORT:
        yield Point(case.name, fault, last)
    for fault in ("cut-server", "kill-server"):
        yield from (Point(case.name, fault, index) for index in range(last + 1, case.count(SERVER)))
    yield Point(case.name, "lose-answer", case.scripts()[-1])
    for fault in ("kill-report", "crash-report", "crash-report-async"):
        yield Point(case.name, fault)


def held(variants: int) -> Iterator[Point]:
    """Yields every fault while an operation waits, in `variants` ways of making it wait and releasing it."""
    for operation in OPERATIONS:
        for fault in FAULTS:
            if fault.startswith("held-"):
                few = 1 if fault == "held-vanish" else variants
                yield from (Point(f"held-{operation}", fault, variant) for variant in range(few))


def slow(case: Case, seed: int, count: int) -> Iterator[Point]:
    """Yields `count` faults of silence."""
    random_ = random.Random(f"{seed}/slow/{case.name}")
    for number in range(count):
        fault = SLOW[number % len(SLOW)]
        yield Point(case.name, fault, _index(case, fault, random_))


def _index(case: Case, fault: str, random_: random.Random) -> int:
    side = FAULTS[fault].side
    if side is None:
        return random_.choice(USERS) if fault.startswith("together") else 0
    # Half of them at the most important messages.
    if random_.random() < 0.5:
        special = case.scripts() if side == CLIENT else case.recorded()
        return random_.choice(special)
    return random_.randrange(case.count(side))


def shuffle(chosen: list[Point], seed: int) -> None:
    """Puts the points into an order that the seed decides."""
    random.Random(f"{seed}/order").shuffle(chosen)
