"""Where things are. Everything that the local stack writes is below `.local/` (and the two virtual environments)."""

from __future__ import annotations

import os
from pathlib import Path

from scripts import setup

ROOT = setup.ROOT
LOCAL = setup.LOCAL

TEMPLATE = ROOT / "template.yaml"
MIGRATIONS = ROOT / "layer" / "migrations"

VENV = setup.VENV
SAM_VENV = setup.SAM_VENV
SAM = SAM_VENV / "bin" / "sam"

#: What `make run` keeps of its runs: the stack is gone when it has ended.
REPORTS = LOCAL / "reports"

_NAMED = Path(os.environ.get("LOCKSTEP_LOCAL") or LOCAL / "stack").resolve()

#: `make up` and `make run` keep their state here; tests choose directories of their own, and may name one to `make run`.
#: What is there is deleted at a start, so that a directory outside of `.local/` is never taken.
DEFAULT_STACK = _NAMED if _NAMED.parent == LOCAL else LOCAL / "stack"


def write_private(path: Path, content: bytes) -> None:
    """Writes a new file that at no moment anybody else can read."""
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
