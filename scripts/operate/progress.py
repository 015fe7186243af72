"""`migration n of m`, as the apply function logs it.

The history shows nothing while one invocation applies many migrations, so the function's log is read as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from scripts.operate.history import parsed
from scripts.operate.logs import Tail
from scripts.operate.terminal import milliseconds
from scripts.wire.log import ApplyLine

#: The last message that the function logs, in success and in failure.
_ENDS = ("step done", "step failed")


@dataclass(frozen=True)
class Progress:
    """One log line of the apply function about one migration."""

    at: datetime
    migration: str
    number: int
    total: int
    duration_ms: int | None  # None while it is being applied

    def __str__(self) -> str:
        text = f"migration {self.number} of {self.total}: {self.migration}"
        return text if self.duration_ms is None else f"{text} ({milliseconds(self.duration_ms)})"


class ApplyLog:
    """The log lines about one execution's migrations since a time, without those already returned."""

    def __init__(self, client: Any, log_group: str, since_ms: int, execution: str) -> None:
        self._tail = Tail(client, log_group, since_ms)
        self._execution = execution
        self.refused = ""
        #: The number of attempts whose last line has arrived.
        self.ended = 0

    def new_lines(self) -> list[Progress]:
        """Returns the lines logged since the last call. Without permission to read logs it returns none, and `refused`
        is set."""
        if self.refused:
            return []
        try:
            events = self._tail.new_events()
        except ClientError as failure:
            if failure.response["Error"]["Code"] != "ResourceNotFoundException":
                self.refused = failure.response["Error"]["Code"]
            return []
        entries = [(event["timestamp"], _entry(event["message"], self._execution)) for event in events]
        self.ended += sum(entry.get("message") in _ENDS for _, entry in entries)
        lines = (_progress(entry, timestamp) for timestamp, entry in entries)
        return [line for line in lines if line is not None]


def _entry(line: str, execution: str) -> ApplyLine:
    """Returns a log line's fields if it is about this execution: all runs of a stack share the function's log."""
    entry: ApplyLine = parsed(line)
    return entry if entry.get("execution") == execution else {}


def parse(line: str, timestamp_ms: int, execution: str) -> Progress | None:
    """Returns the progress in a log line of this execution; None if the line has none."""
    return _progress(_entry(line, execution), timestamp_ms)


def _progress(entry: ApplyLine, timestamp_ms: int) -> Progress | None:
    if entry.get("message") not in ("applying migration", "applied migration"):
        return None
    at = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    try:
        number, total = int(entry["number"]), int(entry["total"])
        return Progress(at, str(entry["migration"]), number, total, entry.get("duration_ms"))
    except (KeyError, TypeError, ValueError):
        return None
