"""Where things are. Everything that the local stack writes is below `.local/` (and the two virtual environments)."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
TEMPLATE = ROOT / "template.yaml"
MIGRATIONS = ROOT / "migrations"

VENV = ROOT / ".venv"
SAM_VENV = ROOT / ".venv-sam"
SAM = SAM_VENV / "bin" / "sam"

#: `make up` and `make run` keep their state here; tests choose directories of their own.
DEFAULT_STACK = LOCAL / "stack"
