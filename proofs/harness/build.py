"""What cargo makes for tests: binaries and examples.

All of it is compiled with the features that `cargo test` has in the whole: whatever came before has compiled its crates.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from scripts.checks.steps import EVERYTHING, FEATURES_OF_TESTS
from scripts.operate import environment, paths


def binaries(*names: str) -> Path:
    """The directory with these binaries, built where they have changed."""
    build(*(argument for name in names for argument in ("--bin", name)))
    return target() / "debug"


def example(name: str) -> Path:
    """An example, built where it has changed."""
    build("--example", name)
    return target() / "debug" / "examples" / name


def build(*wanted: str) -> None:
    """Has cargo build what these options name."""
    command = ["cargo", "build", "--quiet", "--locked", *EVERYTHING, *FEATURES_OF_TESTS, *wanted]
    subprocess.run(command, check=True, cwd=paths.ROOT, env=environment.building())


def target() -> Path:
    """Cargo's target directory."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or paths.ROOT / "target")
