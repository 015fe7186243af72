"""The observation of one migration."""

from __future__ import annotations

from dataclasses import dataclass, field

from proofs.observe.relations import Relation


@dataclass
class Part:
    """The observation of one statement."""

    #: Its place in the file; None for a statement of the engine between two statements.
    start: int | None
    seconds: float = 0.0
    #: The relations that the report names for the statement: by name, their oid when the statement began; None if there
    #: was none.
    named: dict[str, int | None] = field(default_factory=dict)
    #: The strongest lock on each relation that the transaction holds after the statement.
    locks: dict[int, str] = field(default_factory=dict)
    #: The work on each relation whose duration grows with the number of rows.
    work: dict[int, list[str]] = field(default_factory=dict)


@dataclass
class Seen:
    """The observation of a migration."""

    #: The relations that existed before it.
    before: dict[int, Relation]
    parts: list[Part] = field(default_factory=list)
    #: The error, empty if it ran. The SQLSTATE says more than the message.
    sqlstate: str = ""
    message: str = ""
    #: Whether it ran outside of a transaction, where it releases locks early and some may be missed.
    standalone: bool = False

    @property
    def locks(self) -> dict[int, str]:
        """The strongest lock on each relation, at the end."""
        return self.parts[-1].locks if self.parts else {}

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return sum(part.seconds for part in self.parts)
