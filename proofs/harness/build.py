"""The functions' binaries, as cargo makes them for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from scripts.operate import environment, paths


def binaries(*functions: str) -> Path:
    """The directory with the binaries of these functions, built where they have changed."""
    packages = [argument for function in functions for argument in ("--package", function)]
    subprocess.run(
        ["cargo", "build", "--quiet", "--locked", *packages], check=True, cwd=paths.ROOT, env=environment.building()
    )
    return target() / "debug"


def target() -> Path:
    """Cargo's target directory."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or paths.ROOT / "target")
