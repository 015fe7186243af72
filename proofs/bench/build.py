"""What is measured, built as it is deployed, and the tools beside it, each at one version."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from proofs.harness import build
from scripts.operate import environment, paths

BENCH = Path(__file__).parent

SQLX_CLI_VERSION = "0.9.0"

FUNCTIONS = ("preflight", "plan", "apply", "approve", "notify")


@dataclass(frozen=True)
class Binaries:
    """Where they are: the functions, and what measures them."""

    functions: Path
    means: Path

    def function(self, name: str) -> Path:
        return self.functions / name

    def mean(self, name: str) -> Path:
        return self.means / name


def binaries(*names: str) -> Binaries:
    """The functions' release binaries, and what measures them; all of it, if nothing is named."""
    packages = [argument for name in names or (*FUNCTIONS, "bench-native") for argument in ("--package", name)]
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--locked", *packages], check=True, cwd=paths.ROOT,
        env=environment.building(),
    )
    release = build.target() / "release"
    return Binaries(release, release)


def npm() -> None:
    """The tools that npm brings, where they are not there yet."""
    installed = BENCH / "node_modules" / ".package-lock.json"
    locked = BENCH / "package-lock.json"
    if shutil.which("npm") and (not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], check=False, cwd=BENCH)


def tools() -> None:
    """The other tools, where they are not there yet. What cannot be had is left out, and said so."""
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
            # Apart from the project's own, whose lock file does not apply.
            env=environment.building(CARGO_TARGET_DIR=str(build.target() / "sqlx-cli")),
        )
