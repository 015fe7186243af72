"""Builds the measured functions as they are deployed, and gets the other tools, each at one version."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local import environment, paths
from proofs.harness import build

BENCH = Path(__file__).parent

SQLX_CLI_VERSION = "0.9.0"

FUNCTIONS = ("preflight", "plan", "apply", "approve", "notify")


@dataclass(frozen=True)
class Binaries:
    """The directories of the functions and of the measuring programs."""

    functions: Path
    means: Path

    def function(self, name: str) -> Path:
        return self.functions / name

    def mean(self, name: str) -> Path:
        return self.means / name


def binaries(*names: str) -> Binaries:
    """Builds the functions' release binaries and the measuring programs, or only the named ones."""
    packages = [argument for name in names or (*FUNCTIONS, "bench-native") for argument in ("--package", name)]
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--locked", *packages], check=True, cwd=paths.ROOT,
        env=environment.building(),
    )
    release = build.target() / "release"
    return Binaries(release, release)


def npm() -> None:
    """Installs the tools that npm has, unless they are installed."""
    installed = BENCH / "node_modules" / ".package-lock.json"
    locked = BENCH / "package-lock.json"
    if shutil.which("npm") and (not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], check=False, cwd=BENCH)


def tools() -> None:
    """Installs the other tools, unless they are installed. A tool that cannot be installed is left out, with a message."""
    npm()
    sqlx = BENCH / ".tools/bin/sqlx"
    shown = subprocess.run([sqlx, "--version"], check=False, capture_output=True, text=True).stdout if sqlx.exists() else ""
    if SQLX_CLI_VERSION not in shown:
        subprocess.run(
            [
                "cargo", "install", "--quiet", "--locked", "--root", BENCH / ".tools", "--version", SQLX_CLI_VERSION,
                "sqlx-cli", "--no-default-features", "--features", "postgres,rustls",
            ],
            check=False, cwd=BENCH,
            # In a target directory of its own, because the project's lock file does not apply.
            env=environment.building(CARGO_TARGET_DIR=str(build.target() / "sqlx-cli")),
        )
