"""What was said of one migration, beside what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from proofs.observe.histories.agreement import Agreement, Disagreement
from proofs.observe.histories.said import Said
from proofs.observe.histories.seen import Seen


@dataclass
class Beside:
    """One migration, and where to note how it agrees."""

    said: Said
    seen: Seen
    where: str
    agreement: Agreement
    #: How many rows the tables have that are named, by their number.
    rows: dict[int, int] = field(default_factory=dict)

    def part(self, at: int) -> str:
        """The statement at that place of what ran, in words."""
        if at < 0:
            return "before any statement"
        statement = self.said.at(self.seen.parts[at].start)
        return f"statement {statement.number}, {statement.what}" if statement else f"part {at + 1}"

    def agree(self, what: str, agrees: bool, kind: str, text: str) -> None:
        """Notes that something was compared, and where it does not agree, of which kind that is."""
        self.agreement.compared[what] += 1
        self.agreement.equal[what] += agrees
        if not agrees:
            self.disagree(kind, text)

    def disagree(self, kind: str, text: str) -> None:
        """Notes a disagreement."""
        self.agreement.disagreements.append(Disagreement(kind, self.where, text))

    def count(self, what: str) -> None:
        """Notes what is neither right nor wrong."""
        self.agreement.counted[what] += 1
