"""The state machine's retries after a function's failure, from its definition."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from local import paths

DEFINITION = paths.ROOT / "statemachine" / "migrate.asl.json"

#: One second of the definition lasts so many seconds here. The waits stay the same relative to one another.
SCALE = 0.02


@dataclass(frozen=True)
class Retrier:
    """One entry of a state's Retry."""

    errors: frozenset[str]
    interval: float
    rate: float
    most: int
    longest: float

    def wait(self, retry: int) -> float:
        """Returns the seconds before the retry of this number, from 0, without jitter."""
        return min(self.interval * self.rate**retry, self.longest)


def of_state(name: str) -> list[Retrier]:
    """Returns the retriers of a state, in order."""
    state = json.loads(DEFINITION.read_text())["States"][name]
    return [
        Retrier(
            frozenset(entry["ErrorEquals"]), entry["IntervalSeconds"], entry["BackoffRate"], entry["MaxAttempts"],
            entry["MaxDelaySeconds"],
        )
        for entry in state["Retry"]
    ]


class Retries:
    """The retries of one visit of a state. Each retrier counts its own."""

    def __init__(self, retriers: list[Retrier], random_: random.Random, scale: float = SCALE) -> None:
        self._left = [(retrier, [0]) for retrier in retriers]
        self._random = random_
        self._scale = scale

    def wait(self, error: str) -> float | None:
        """Returns the seconds to wait before the retry after `error`; None if the state fails with it."""
        for retrier, used in self._left:
            if error in retrier.errors:
                if used[0] >= retrier.most:
                    return None
                used[0] += 1
                return self._random.random() * retrier.wait(used[0] - 1) * self._scale
        return None
