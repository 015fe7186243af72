"""Builds with cargo what the tests need: binaries and examples.

The features are those of `cargo test` on the whole workspace, so that an earlier build has already compiled the crates.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from local import environment, paths
from local.build import target
from scripts import setup
from scripts.checks.steps import EVERYTHING, FEATURES_OF_TESTS


def binaries(*names: str) -> Path:
    """Builds these binaries if they have changed. Returns the directory that has them."""
    kept = target() / "harness"
    with setup.only_one("build"):
        build(*(argument for name in names for argument in ("--bin", name)))
        kept.mkdir(exist_ok=True)
        for name in names:
            # Cargo's own directory has what was built last, which may be without the planted bugs. See local.build.
            fresh = kept / f"{name}.new"
            fresh.unlink(missing_ok=True)
            os.link(target() / "debug" / name, fresh)
            fresh.replace(kept / name)
    return kept


def example(name: str) -> Path:
    """Builds an example if it has changed. Returns its path."""
    build("--example", name)
    return target() / "debug" / "examples" / name


def build(*wanted: str) -> None:
    """Runs cargo build with these options."""
    command = ["cargo", "build", "--quiet", "--locked", *EVERYTHING, *FEATURES_OF_TESTS, *wanted]
    subprocess.run(command, check=True, cwd=paths.ROOT, env=environment.building())
