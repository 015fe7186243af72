"""The crates of the workspace."""

from __future__ import annotations

import tomllib
from pathlib import Path

from . import paths


def sources(root: Path = paths.ROOT) -> list[Path]:
    """Returns the source folders of the workspace's crates."""
    members = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["members"]
    return sorted(path / "src" for member in members for path in root.glob(member) if (path / "src").is_dir())
