"""The project's paths. The local stack writes only below `.local/` (and in the two virtual environments)."""

from __future__ import annotations

import os
from pathlib import Path

from scripts import setup

ROOT = setup.ROOT
LOCAL = setup.LOCAL

TEMPLATE = ROOT / "template.yaml"
#: The roles for GitHub Actions, a stack of its own.
BOOTSTRAP = ROOT / "bootstrap" / "github.yaml"
MIGRATIONS = ROOT / "layer" / "migrations"

VENV = setup.VENV
SAM_VENV = setup.SAM_VENV
SAM = SAM_VENV / "bin" / "sam"

#: The command `lockstep` for the local stack.
COMMANDS = LOCAL / "bin"

#: The reports that `make run` keeps. Its stack is gone when it has ended.
REPORTS = LOCAL / "reports"

_NAMED = Path(os.environ.get("LOCKSTEP_LOCAL") or LOCAL / "stack").resolve()

#: The state of `make up` and `make run`. Tests choose directories of their own, and may name one to `make run`. A start
#: deletes what is in the directory, so a directory outside of `.local/` is never taken.
DEFAULT_STACK = _NAMED if _NAMED.parent == LOCAL else LOCAL / "stack"


def write_private(path: Path, content: bytes) -> None:
    """Writes a new file that other users of the machine can at no time read."""
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
