"""Every query that a contender sends, by its shape: how often, and the time until the server is ready again."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from proofs.bench.contenders import CASES, FRESH, ONE, Contender
from proofs.bench.histories import History, Layouts
from proofs.bench.relay import Logged, Relay
from proofs.bench.server import Server

#: The shape of every message that carries a script.
SCRIPT = "(a script)"


def show(server: Server, relay_binary: Path, contender: Contender, history: History) -> list[str]:
    """Returns a table for each case."""
    layouts, lines = Layouts(history, server.place / "queries"), []
    server.create(contender.database)
    with Relay(relay_binary, server.port, 0, logs=True) as relay:
        for case in CASES:
            if case == ONE:
                layouts.add()
            pending = {FRESH: len(history.scripts), ONE: 1}.get(case, 0)
            address = server.address(contender.database, relay.port)
            contender.prepare(layouts, address, pending)
            relay.report()
            taken = contender.go(layouts, address, pending)
            shapes = _shapes(relay.log())
            total = sum(map(sum, shapes.values()))
            lines.append(f"### {contender.label}: {case}, {history.name}")
            lines += ["", f"{taken.wall_ms:.1f} ms, {total:.1f} of them the server's.", ""]
            lines += ["| times | ms together | ms each | query |", "| ---: | ---: | ---: | --- |"]
            for text, times in shapes.items():
                lines.append(f"| {len(times)} | {sum(times):.1f} | {sum(times) / len(times):.2f} | `{text}` |")
            lines.append("")
    server.drop(contender.database)
    return lines


def _shapes(messages: list[Logged]) -> dict[str, list[float]]:
    """Returns the times of the messages in ms, by shape."""
    shapes: dict[str, list[float]] = defaultdict(list)
    asked: dict[int, tuple[float, str]] = {}
    for message in messages:
        if message.from_client and message.kind in "SQP":
            first = message.kind == "S"
            asked.setdefault(message.connection, (message.at_ms, "(opening a session)" if first else _shape(message.text)))
        elif not message.from_client and message.connection in asked:
            at, text = asked.pop(message.connection)
            shapes[text].append(message.at_ms - at)
    return shapes


def _shape(text: str) -> str:
    if re.match(r"\s*BEGIN;?\s", text) and len(text) > 400:
        return SCRIPT
    text = re.sub(r"'[^']*'", "'…'", text)
    text = re.sub(r"\b\d{6,}\b", "…", text)
    return " ".join(text.split())[:160].replace("|", "\\|")
