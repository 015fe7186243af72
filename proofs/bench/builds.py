"""The cost and the benefit of each choice in the release profile: CPU to build, and size."""

from __future__ import annotations

import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local import environment, paths
from proofs.bench.startup import deflated

#: The current profile and its alternatives, in the form of cargo's --config.
CHOICES = {
    "as it is": (),
    'opt-level "z"': ('profile.release.opt-level="z"',),
    "opt-level 3": ("profile.release.opt-level=3",),
    "without link-time optimization": ("profile.release.lto=false",),
}

#: One function with the database driver, one without.
FUNCTIONS = ("apply", "notify")


def measure(say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Returns a row for each choice. Each choice is built from nothing, which takes minutes."""
    rows = []
    for label, settings in CHOICES.items():
        say(f"building {label}")
        with tempfile.TemporaryDirectory(dir=paths.LOCAL) as place:
            cpu = _build(Path(place), settings)
            sizes = {name: deflated((Path(place) / "release" / name).read_bytes()) / 1e6 for name in FUNCTIONS}
            rows.append({"choice": label, "cpu_s": cpu, "zip_mb": sizes})
    return rows


def _build(target: Path, settings: tuple[str, ...]) -> float:
    """Builds the functions and returns the CPU seconds. Minutes on the clock depend on other programs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [
            "cargo", "build", "--release", "--quiet", "--locked",
            *(argument for setting in settings for argument in ("--config", setting)),
            *(argument for name in FUNCTIONS for argument in ("--package", name)),
        ],
        check=True, cwd=paths.ROOT, env=environment.building(CARGO_TARGET_DIR=str(target)),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(rows: list[dict[str, Any]]) -> list[str]:
    """Returns the table."""
    names = " | ".join(f"{name}: zip, MB" for name in FUNCTIONS)
    lines = [f"| | CPU to build both, s | {names} |", "| --- | ---: |" + " ---: |" * len(FUNCTIONS)]
    for row in rows:
        cells = [f"{row['cpu_s']:.0f}", *(f"{row['zip_mb'][name]:.2f}" for name in FUNCTIONS)]
        lines.append(f"| {row['choice']} | " + " | ".join(cells) + " |")
    return lines
