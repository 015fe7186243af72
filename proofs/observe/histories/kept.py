"""Keeps the figures of each number of rows, so that they need not all be measured at once.

They are below `target`, and belong to one analysis: figures of another analysis are not shown beside them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from proofs.observe.histories.agreement import Agreement, Disagreement


def keep(agreement: Agreement, rows: int, program: Path, about: str) -> None:
    """Keeps the results of a measurement with `program`. `about` distinguishes other histories or servers."""
    kept = {
        "compared": agreement.compared,
        "equal": agreement.equal,
        "counted": agreement.counted,
        "times": [[*words, many] for words, many in agreement.times.items()],
        "disagreements": [[one.kind, one.where, one.text] for one in agreement.disagreements],
    }
    directory = _directory(program)
    directory.mkdir(exist_ok=True)
    (directory / f"{_digest(program, about)}-{rows}.json").write_text(json.dumps(kept))


def all_of(program: Path, about: str) -> dict[int, Agreement]:
    """Returns the kept results of this analysis, by the number of rows of a table."""
    found = {}
    for path in _directory(program).glob(f"{_digest(program, about)}-*.json"):
        found[int(path.stem.rpartition("-")[2])] = _agreement(json.loads(path.read_text()))
    return dict(sorted(found.items()))


def _agreement(kept: dict[str, Any]) -> Agreement:
    agreement = Agreement()
    for counter, values in (("compared", agreement.compared), ("equal", agreement.equal), ("counted", agreement.counted)):
        values.update(kept[counter])
    agreement.times.update({(said, seen): many for said, seen, many in kept["times"]})
    agreement.disagreements += [Disagreement(*one) for one in kept["disagreements"]]
    return agreement


def _directory(program: Path) -> Path:
    return program.parent.parent.parent / "agreement"


def _digest(program: Path, about: str) -> str:
    return hashlib.sha256(program.read_bytes() + about.encode()).hexdigest()[:16]
