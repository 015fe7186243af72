"""The relay before the server, which delays and counts messages; see `native/src/bin/relay.rs`."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local.processes import pipe


@dataclass(frozen=True)
class Logged:
    """One relayed message: its time, its connection, whether the client sent it, its type, and a query's text."""

    at_ms: float
    connection: int
    from_client: bool
    kind: str
    text: str


class Relay:
    """One relay to one port."""

    def __init__(self, binary: Path, port: int, round_trip_ms: float, logs: bool = False) -> None:
        self._process = subprocess.Popen(
            [binary, str(port), str(round(round_trip_ms * 1000)), *(["log"] if logs else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )
        self._input, self._output = pipe(self._process.stdin), pipe(self._process.stdout)
        self.port = int(self._output.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._input.close()
        self._process.wait()
        self._output.close()

    def report(self) -> dict[str, int]:
        """Returns what was counted since the last call: connections, round trips, bytes sent and received."""
        self._passed: list[Logged] = []
        self._input.write("\n")
        self._input.flush()
        for line in iter(self._output.readline, ""):
            if line.startswith("{"):
                return json.loads(line)
            if line.strip():
                at, connection, direction, kind, text = line.rstrip("\n").split("\t", 4)
                self._passed.append(Logged(int(at) / 1000, int(connection), direction == ">", kind, text))
        raise EOFError("the relay has ended")

    def log(self) -> list[Logged]:
        """Returns the messages since the last call. It needs a relay that `logs`."""
        self.report()
        return self._passed
