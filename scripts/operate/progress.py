"""`migration n of m`, as the apply function logs it.

The history says nothing while one invocation applies many migrations, so the function's log is read beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from scripts.operate.logs import identity


@dataclass(frozen=True)
class Progress:
    """One line of the apply function about one migration."""

    at: datetime
    migration: str
    number: int
    total: int
    duration_ms: int | None  # None while it is being applied

    def __str__(self) -> str:
        text = f"migration {self.number} of {self.total}: {self.migration}"
        return text if self.duration_ms is None else f"{text} ({self.duration_ms} ms)"


class ApplyLog:
    """The lines about one execution's migrations since a moment that were not seen yet."""

    def __init__(self, client: Any, log_group: str, since_ms: int, execution: str) -> None:
        self._client = client
        self._group = log_group
        self._since = since_ms
        self._execution = execution
        self._seen: set[tuple] = set()
        self.refused = ""

    def new_lines(self) -> list[Progress]:
        """What was logged since the last call. Without permission to read logs: nothing, and `refused` says so."""
        if self.refused:
            return []
        try:
            pages = list(
                self._client.get_paginator("filter_log_events").paginate(
                    logGroupName=self._group, startTime=self._since
                )
            )
        except ClientError as failure:
            if failure.response["Error"]["Code"] != "ResourceNotFoundException":
                self.refused = failure.response["Error"]["Code"]
            return []
        lines = []
        for event in (event for page in pages for event in page["events"]):
            if identity(event) in self._seen:
                continue
            self._seen.add(identity(event))
            # Logs arrive out of order, so a little of what was read is read again.
            self._since = max(self._since, event["timestamp"] - 10_000)
            progress = parse(event["message"], event["timestamp"], self._execution)
            if progress is not None:
                lines.append(progress)
        return lines


def parse(line: str, timestamp_ms: int, execution: str) -> Progress | None:
    """A log line as progress, if it is one of this execution: all runs of a stack share the function's log."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("message") not in ("applying migration", "applied migration"):
        return None
    if entry.get("execution") != execution:
        return None
    at = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    try:
        number, total = int(entry["number"]), int(entry["total"])
        return Progress(at, str(entry["migration"]), number, total, entry.get("duration_ms"))
    except (KeyError, TypeError, ValueError):
        return None
