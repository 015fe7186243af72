"""The functions' binaries, as cargo makes them for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from local import environment, paths


def binaries() -> Path:
    """The directory with `apply` and `plan`, built where they have changed."""
    subprocess.run(
        ["cargo", "build", "--quiet", "--locked", "--package", "apply", "--package", "plan"],
        check=True, cwd=paths.ROOT, env=environment.building(),
    )
    return target() / "debug"


def target() -> Path:
    """Cargo's target directory."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or paths.ROOT / "target")
