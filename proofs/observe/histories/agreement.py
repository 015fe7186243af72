"""The number of comparisons, the number of agreements, and every disagreement."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

#: The longest time of each of the report's words, in seconds.
MAGNITUDES = {"moment": 1.0, "seconds": 10.0, "minutes": 3600.0, "hours": float("inf")}


@dataclass(frozen=True)
class Disagreement:
    """A difference between the report and the observation."""

    kind: str
    where: str
    text: str


@dataclass
class Agreement:
    """The results of all comparisons with one number of rows."""

    #: The number of comparisons, by subject.
    compared: Counter[str] = field(default_factory=Counter)
    equal: Counter[str] = field(default_factory=Counter)
    #: The reported and the observed magnitudes of time.
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Results that are counted and not compared.
    counted: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    def kinds(self) -> Counter[str]:
        """Returns the number of disagreements of each kind."""
        return Counter(one.kind for one in self.disagreements)
