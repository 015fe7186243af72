"""Which faults are tried where: every boundary of some histories, a sample by seed of the rest."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from proofs.chaos.cases import Case
from proofs.chaos.faults import FAULTS
from proofs.chaos.histories import OPERATIONS
from proofs.harness.proxy import CLIENT, SERVER

#: What is tried at every message of the cases that are swept whole.
AT_EVERY_MESSAGE = ("cut-server", "cut-client", "lose-answer")

#: What is tried on the sampled cases, and how often by comparison.
SAMPLED = {
    "cut-server": 10, "cut-client": 4, "lose-answer": 10, "cut-twice": 4, "terminate": 6, "kill-server": 5,
    "kill-client": 5, "kill-report": 1, "reader": 3, "together": 1, "together-cut": 1, "together-kill": 1,
}

#: What stops the server or all others: fewer, and one at a time.
SAMPLED_ALONE = {"crash-server": 6, "crash-client": 4, "full": 2, "read-only": 3, "fail-over": 2, "crash-server-async": 3}

#: What takes ten seconds or more each.
SLOW = ("vanish-server", "vanish-client", "vanish-after")

BETWEEN_COMMIT_AND_REPORT = ("cut-server", "vanish-server", "kill-server", "crash-server", "full", "fail-over", "crash-server-async")

USERS = (2, 3, 5, 8)


@dataclass(frozen=True, order=True)
class Point:
    """One fault at one place of one case."""

    case: str
    fault: str
    index: int = 0

    def __str__(self) -> str:
        return f"{self.case}:{self.fault}@{self.index}"

    @classmethod
    def parse(cls, text: str) -> Point:
        """The point that `str` wrote."""
        case, _, rest = text.partition(":")
        fault, _, index = rest.partition("@")
        if fault not in FAULTS or not index.isdigit():
            raise ValueError(f"{text!r} is no point: give CASE:FAULT@NUMBER, with one of {', '.join(FAULTS)}")
        return cls(case, fault, int(index))

    @property
    def is_exclusive(self) -> bool:
        return FAULTS[self.fault].exclusive


def everywhere(case: Case) -> Iterator[Point]:
    """Every message of a case."""
    for fault in AT_EVERY_MESSAGE:
        side = FAULTS[fault].side
        if side is None:
            raise ValueError(f"{fault} is at no message of a side")
        yield from (Point(case.name, fault, index) for index in range(case.count(side)))


def sampled(case: Case, seed: int, count: int, weights: dict[str, int] = SAMPLED) -> Iterator[Point]:
    """So many points of a case, chosen by seed, where a script or its COMMIT is under way rather than at the start."""
    random_ = random.Random(f"{seed}/points/{case.name}/{len(weights)}")
    for _ in range(count):
        fault = random_.choices(list(weights), list(weights.values()))[0]
        yield Point(case.name, fault, _index(case, fault, random_))


def between_commit_and_report(case: Case) -> Iterator[Point]:
    """From the answer to the last write on."""
    last = case.recorded()[-1]
    for fault in BETWEEN_COMMIT_AND_REPORT:
        yield Point(case.name, fault, last)
    for fault in ("cut-server", "kill-server"):
        yield from (Point(case.name, fault, index) for index in range(last + 1, case.count(SERVER)))
    yield Point(case.name, "lose-answer", case.scripts()[-1])
    for fault in ("kill-report", "crash-report", "crash-report-async"):
        yield Point(case.name, fault)


def held(variants: int) -> Iterator[Point]:
    """Every fault while an operation waits, in so many ways of making it wait and letting it go."""
    for operation in OPERATIONS:
        for fault in FAULTS:
            if fault.startswith("held-"):
                few = 1 if fault == "held-vanish" else variants
                yield from (Point(f"held-{operation}", fault, variant) for variant in range(few))


def slow(case: Case, seed: int, count: int) -> Iterator[Point]:
    """So many silences."""
    random_ = random.Random(f"{seed}/slow/{case.name}")
    for number in range(count):
        fault = SLOW[number % len(SLOW)]
        yield Point(case.name, fault, _index(case, fault, random_))


def _index(case: Case, fault: str, random_: random.Random) -> int:
    side = FAULTS[fault].side
    if side is None:
        return random_.choice(USERS) if fault.startswith("together") else 0
    # Half of them at what matters most.
    if random_.random() < 0.5:
        special = case.scripts() if side == CLIENT else case.recorded()
        return random_.choice(special)
    return random_.randrange(case.count(side))


def shuffle(chosen: list[Point], seed: int) -> None:
    """Into an order that the seed decides."""
    random.Random(f"{seed}/order").shuffle(chosen)
