"""Shows the logs of all functions together, oldest line first."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import Any

from scripts.operate.arguments import PLACES, Parser, positive
from scripts.operate.errors import EXPECTED, exit_code, explain
from scripts.operate.target import STEPS, Target, find
from scripts.operate.terminal import Terminal

#: An event of a log, as CloudWatch gives it.
Event = dict[str, Any]

_STYLES = {"ERROR": ("red",), "WARN": ("yellow",), "DEBUG": ("dim",)}
_PLATFORM = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")


def identity(event: Event) -> tuple[Any, ...]:
    """Returns what distinguishes one event from another. The local stack's events have no id."""
    if "eventId" in event:
        return (event["eventId"],)
    return event.get("logStreamName"), event["timestamp"], event["message"]


class Tail:
    """The lines of one log group since a time, without those already returned."""

    def __init__(self, client: Any, log_group: str, since_ms: int) -> None:
        self._client = client
        self._group = log_group
        self._since = since_ms
        self._seen: set[tuple[Any, ...]] = set()

    def new_events(self) -> list[Event]:
        """Returns the events logged since the last call."""
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=self._group, startTime=self._since
        )
        fresh = []
        for event in (event for page in list(pages) for event in page["events"]):
            if identity(event) in self._seen:
                continue
            self._seen.add(identity(event))
            # Logs arrive out of order, so the last seconds are read again.
            self._since = max(self._since, event["timestamp"] - 10_000)
            fresh.append(event)
        return fresh


class Logs:
    """The lines of all functions since a time, without those already returned."""

    def __init__(self, target: Target, steps: tuple[str, ...], since_ms: int) -> None:
        self._client = target.client("logs")
        self._tails = {step: Tail(self._client, target.log_group(step), since_ms) for step in steps}

    def new_events(self) -> list[tuple[str, Event]]:
        """Returns pairs of step and event."""
        fresh, missing = [], []
        for step, tail in self._tails.items():
            try:
                fresh += [(step, event) for event in tail.new_events()]
            except self._client.exceptions.ResourceNotFoundException as failure:
                missing.append(failure)
        if len(missing) == len(self._tails):
            raise missing[0]
        return sorted(fresh, key=lambda pair: pair[1]["timestamp"])


def format_line(terminal: Terminal, step: str, event: Event, everything: bool) -> str | None:
    """Returns one event as a line: time, step, message, fields. Returns None for an event of the platform."""
    at = datetime.fromtimestamp(event["timestamp"] / 1000).strftime("%H:%M:%S")
    text = event["message"].rstrip()
    styles: tuple[str, ...] = ()
    try:
        entry = json.loads(text)
    except ValueError:
        entry = None
        if text.startswith(_PLATFORM) and not everything:
            return None
    if isinstance(entry, dict):
        if ("_aws" in entry or str(entry.get("type", "")).startswith("platform.")) and not everything:
            return None
        styles = _STYLES.get(str(entry.get("level", "")), ())
        if isinstance(entry.get("record"), dict) and not everything:
            # scripts/show prints the rest of the record.
            entry["outcome"] = entry.pop("record").get("outcome")
        hidden = ("message", "timestamp", "level", "target", "span", "spans", "requestId")
        fields = " ".join(f"{name}={value}" for name, value in entry.items() if name not in hidden)
        text = f"{entry.get('message', '')}  {terminal.paint(fields, 'dim')}".rstrip()
    return f"{terminal.paint(at, 'dim')}  {step:<9}  {terminal.paint(text, *styles)}"


def main(arguments: list[str] | None = None) -> int:
    """Runs scripts/logs. Returns the exit status."""
    parser = Parser(prog="scripts/logs", description="Shows the functions' logs.")
    parser.add_argument("environment", choices=PLACES)
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--step", choices=STEPS, help="one function only")
    parser.add_argument("--minutes", type=positive, default=60, help="how far back to begin (60)")
    parser.add_argument("--all", action="store_true", help="also Lambda's own lines and the metrics")
    parser.add_argument("--project", help="the template's parameter Project (lockstep)")
    given = parser.parse_args(arguments)
    terminal = Terminal()
    stack, region = given.environment, None
    try:
        target = find(given.environment, given.project)
        stack, region = target.stack, target.region
        steps = (given.step,) if given.step else STEPS
        # No log is older than 1970, and CloudWatch takes no earlier time.
        logs = Logs(target, steps, max(0, int((time.time() - given.minutes * 60) * 1000)))
        while True:
            for step, event in logs.new_events():
                line = format_line(terminal, step, event, given.all)
                if line is not None:
                    terminal.line(line)
            if not given.follow:
                return 0
            time.sleep(1 if target.settings else 3)
    except KeyboardInterrupt:
        return 0
    except EXPECTED as failure:
        Terminal(sys.stderr).line(f"scripts/logs: {explain(failure, stack, region)}", "red")
        return exit_code(failure)
