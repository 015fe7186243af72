"""What was compared and how often it agreed, and each time that it did not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

#: How long each of the report's words may take at most, in seconds.
MAGNITUDES = {"moment": 1.0, "seconds": 10.0, "minutes": 3600.0, "hours": float("inf")}


@dataclass(frozen=True)
class Disagreement:
    """Where what was said is not what was seen."""

    kind: str
    where: str
    text: str


@dataclass
class Agreement:
    """All that was compared with one number of rows."""

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
