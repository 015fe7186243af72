"""Makes the reports: one process for each history, with a request a line, as `crates/analysis/examples/report.rs` says."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.processes import pipe
from proofs.harness import build as compiled
from proofs.observe.histories.server import Server


@dataclass(frozen=True)
class Part:
    """SQL that is sent at once. The engine's own statements have no place in the file."""

    start: int | None
    sql: str


@dataclass(frozen=True)
class Script:
    """A script as the engine runs it, or the reason why a plan refuses it."""

    refused: str
    standalone: bool
    modes: str
    parts: list[Part]


def build() -> Path:
    """Builds the program if something has changed, and returns its path."""
    return compiled.example("report")


class Reporter:
    """Reports on the scripts of one database."""

    def __init__(self, program: Path, server: Server, database: str, tool: str) -> None:
        role = server.owner
        settings = {"HOST": role.host, "PORT": str(role.port), "USER": role.user, "PASSWORD": role.password}
        self._process = subprocess.Popen(
            [program, database, tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {f"TEST_POSTGRES_{name}": value for name, value in settings.items()},
        )
        self._input, self._output = pipe(self._process.stdin), pipe(self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._input.close()
        self._process.wait(timeout=30)

    def of(self, scripts: list[str]) -> tuple[list[Script], dict[str, Any]]:
        """Returns each script, and the report on all scripts that are not refused, all pending at once."""
        self._input.write(json.dumps(scripts) + "\n")
        self._input.flush()
        line = self._output.readline()
        if not line:
            raise RuntimeError("the analysis ended without an answer")
        answer = json.loads(line)
        return [_script(told) for told in answer["scripts"]], answer["report"]


def _script(told: dict[str, Any]) -> Script:
    if "refused" in told:
        return Script(told["refused"], standalone=False, modes="", parts=[])
    parts = [Part(part["start"], part["sql"]) for part in told["parts"]]
    return Script("", told["class"] == "standalone", told["modes"] or "", parts)
