"""Where an attempt's time goes. The engine's messages are sent again, with less and less in them, and each version is timed.

The client that repeats them does nothing else, so the rest of the function's own time is spent in the function.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from local.postgres import Connection
from proofs.bench.build import Binaries
from proofs.bench.contenders import Lockstep
from proofs.bench.histories import History, Layouts
from proofs.bench.server import Server

REPETITIONS = 7

#: The prefix that ties an entry of the server's log to its database and session.
_PREFIX = "entry %d "

_RECORD = "\n;RESET SESSION AUTHORIZATION; RESET ROLE; "

#: The engine's statement that opens a script's transaction, see `crates/engine/src/transaction.rs`.
_OPENING = re.compile(r"BEGIN\b[^\n]*; SET lockstep\.transaction = '\w+'; [^\n]*;\n")


@dataclass(frozen=True)
class Version:
    """A version of the messages that is sent."""

    label: str
    #: Turns a message with a transactional script into the text that is sent.
    cut: Callable[[str], str]
    #: Whether the messages around the scripts are sent too: lock, ledger, standalone statements' records, flush.
    whole: bool
    #: Whether each commit waits for the disk.
    waits: bool = False


def _script(message: str) -> str:
    return _OPENING.sub("", message, count=1).rpartition(_RECORD)[0]


def _in_transaction(message: str) -> str:
    return f"BEGIN;\n{_script(message)}\n;COMMIT"


def _recorded(message: str) -> str:
    head, _, tail = message.rpartition("COMMIT; ")
    prepared = tail.find("PREPARE ")
    return head + "COMMIT" + (f"; {tail[prepared:]}" if prepared >= 0 else "")


VERSIONS = (
    Version("each file alone, its commit waiting for the disk", _script, whole=False, waits=True),
    Version("each file alone, no commit waiting", _script, whole=False),
    Version("… in a transaction of its own", _in_transaction, whole=False),
    Version("… recorded in the ledger, under the lock; everything flushed at the end", _recorded, whole=True),
    Version("… and the session reset behind it: all that the engine sends", lambda message: message, whole=True),
)


def measure(binaries: Binaries, history: History) -> dict[str, Any]:
    """Returns the times of the versions and of the function itself, in ms."""
    with Server(log_statement="all", log_line_prefix=_PREFIX) as server:
        lockstep = Lockstep(binaries, server.place)
        layouts = Layouts(history, server.place / "profile")
        everything = len(history.scripts)
        server.create(lockstep.database)
        address = server.address(lockstep.database, server.port)
        lockstep.prepare(layouts, address, everything)
        before = server.embedded.log.stat().st_size
        lockstep.go(layouts, address, everything)
        messages = _messages(server.embedded.log.read_bytes()[before:].decode(), lockstep.database)
        server.drop(lockstep.database)
    scripts = {script.text for script in history.scripts}
    if sum(_is_script(message, scripts) for message in messages) != everything:
        raise ValueError("the server's log does not hold every script once")
    with Server() as server:
        taken: dict[str, list[float]] = {version.label: [] for version in VERSIONS}
        own: list[dict[str, float]] = []
        for _ in range(REPETITIONS):
            for version in VERSIONS:
                taken[version.label].append(_replay(server, version, messages, scripts))
            own.append(_function(server, Lockstep(binaries, server.place), history, len(own)))
    return {
        "history": history.name,
        "migrations": everything,
        "versions": [{"label": label, "ms": values} for label, values in taken.items()],
        "function": {part: [run[part] for run in own] for part in own[0]},
    }


def _function(server: Server, lockstep: Lockstep, history: History, number: int) -> dict[str, float]:
    """Returns the times of the function's own run, by its parts."""
    layouts = Layouts(history, server.place / f"own-{number}")
    server.create(lockstep.database)
    address = server.address(lockstep.database, server.port)
    lockstep.prepare(layouts, address, len(history.scripts))
    taken = lockstep.go(layouts, address, len(history.scripts))
    server.drop(lockstep.database)
    parts = taken.parts
    return {
        "the process's start": parts["start"],
        "the history and the secret": parts["invocation"] - parts["after the secret"],
        "the rest: the database": parts["after the secret"],
        "CPU of it all": taken.cpu_ms,
    }


def _replay(server: Server, version: Version, messages: list[str], scripts: set[str]) -> float:
    """Sends the messages to a fresh database, as the migrations' role. Returns the time in ms."""
    server.create("replay")
    role = server.owner
    with _session(role, version.waits) as session:
        started = time.perf_counter()
        for message in messages:
            is_script = _is_script(message, scripts)
            if is_script or version.whole:
                sent = version.cut(message) if is_script and message not in scripts else message
                result = session.pgconn.exec_(sent.encode())
                # The engine learns from an error that there is no ledger yet. That error is expected.
                if result.error_message and is_script:
                    raise ValueError(f"{version.label}: {result.error_message.decode()}")
        taken = (time.perf_counter() - started) * 1000
    server.drop("replay")
    return taken


def _session(role: Connection, waits: bool) -> psycopg.Connection:
    return psycopg.connect(
        host=role.host, port=role.port, user=role.user, password=role.password, dbname="replay", autocommit=True,
        sslmode="disable", options=f"-c synchronous_commit={'on' if waits else 'off'} -c client_min_messages=error",
    )


def _messages(log: str, database: str) -> list[str]:
    """Returns every message of the sessions with a database, whole and in order."""
    entries = re.split(r"^entry ", log, flags=re.MULTILINE)
    start = f"{database} LOG:  statement: "
    # The server indents the further lines of an entry.
    return [entry.removeprefix(start).rstrip("\n").replace("\n\t", "\n") for entry in entries if entry.startswith(start)]


def _is_script(message: str, scripts: set[str]) -> bool:
    """Returns whether a message carries a transactional script, or is a standalone script itself."""
    return bool(_OPENING.match(message)) or message in scripts or message + "\n" in scripts


def show(content: dict[str, Any]) -> list[str]:
    """Returns the tables."""
    versions = [(one["label"], statistics.median(one["ms"]), min(one["ms"]), max(one["ms"])) for one in content["versions"]]
    limit = versions[0][1]
    lines = ["| what is sent | ms | a migration, ms | by the first |", "| --- | ---: | ---: | ---: |"]
    for label, median, least, most in versions:
        each = median / content["migrations"]
        lines.append(f"| {label} | {median:.0f} ({least:.0f} to {most:.0f}) | {each:.2f} | {median / limit:.2f} |")
    lines += ["", "| the function itself | ms |", "| --- | ---: |"]
    for part, values in content["function"].items():
        lines.append(f"| {part} | {statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f}) |")
    return lines
