"""The report on one migration, beside the observation of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from proofs.observe.histories.agreement import Agreement, Disagreement
from proofs.observe.histories.said import Said
from proofs.observe.histories.seen import Seen


@dataclass
class Beside:
    """One migration, and the agreement that collects its results."""

    said: Said
    seen: Seen
    where: str
    agreement: Agreement
    #: The number of rows of the named tables, by the table's oid.
    rows: dict[int, int] = field(default_factory=dict)

    def part(self, at: int) -> str:
        """Returns a description of the executed statement with this index."""
        if at < 0:
            return "before any statement"
        statement = self.said.at(self.seen.parts[at].start)
        return f"statement {statement.number}, {statement.what}" if statement else f"part {at + 1}"

    def agree(self, what: str, agrees: bool, kind: str, text: str) -> None:
        """Notes a comparison, and a disagreement of this kind if the two differ."""
        self.agreement.compared[what] += 1
        self.agreement.equal[what] += agrees
        if not agrees:
            self.disagree(kind, text)

    def disagree(self, kind: str, text: str) -> None:
        """Notes a disagreement."""
        self.agreement.disagreements.append(Disagreement(kind, self.where, text))

    def count(self, what: str) -> None:
        """Counts a result that is neither right nor wrong."""
        self.agreement.counted[what] += 1
