"""What was observed of one migration."""

from __future__ import annotations

from dataclasses import dataclass, field

from proofs.observe.relations import Relation


@dataclass
class Part:
    """What was observed of one statement."""

    #: Its place in the file; none for what the engine puts between two statements.
    start: int | None
    seconds: float = 0.0
    #: The relations that the report names there: by name, what they were when the statement began; none for what was not there.
    named: dict[str, int | None] = field(default_factory=dict)
    #: The strongest lock on each relation, of all that the transaction holds behind it.
    locks: dict[int, str] = field(default_factory=dict)
    #: What was done to each relation that takes longer the more rows there are.
    work: dict[int, list[str]] = field(default_factory=dict)


@dataclass
class Seen:
    """What was observed of a migration."""

    #: What was there before it.
    before: dict[int, Relation]
    parts: list[Part] = field(default_factory=list)
    #: Why it failed; empty if it ran. The class of an error says more than its text.
    sqlstate: str = ""
    message: str = ""
    #: Whether it ran alone, where locks are let go of on the way and may be missed.
    standalone: bool = False

    @property
    def locks(self) -> dict[int, str]:
        """The strongest lock on each relation, at the end."""
        return self.parts[-1].locks if self.parts else {}

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(part.seconds for part in self.parts)
