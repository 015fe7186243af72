"""A line that the function apply logs about one migration: `crates/engine/src/apply.rs`."""

from __future__ import annotations

from typing import TypedDict


class ApplyLine(TypedDict, total=False):
    """A line about one migration, as far as the scripts read it. Other lines have the message only."""

    message: str
    execution: str
    migration: str
    number: int
    total: int
    #: Only in the line that it was applied.
    duration_ms: int
