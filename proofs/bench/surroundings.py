"""The machine and the sources of a measurement."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from pathlib import Path

from local import paths

#: The sources that a result depends on.
SOURCES = ("crates", "functions")


def of_machine() -> dict[str, str]:
    """Returns a description of the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()} on {platform.machine()}",
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def commit() -> str:
    """Returns the commit that is checked out, and whether the measured sources differ from it."""
    try:
        shown = _git("rev-parse", "--short=12", "HEAD")
        return shown + (" with changes" if _git("status", "--porcelain", "--", *SOURCES) else "")
    except (OSError, subprocess.CalledProcessError):
        return "not known"


def digest() -> str:
    """Returns the digest of every source file that goes into the measured programs."""
    digest = hashlib.sha256()
    for name in SOURCES:
        for file in sorted((paths.ROOT / name).rglob("*")):
            if file.is_file() and file.suffix in (".rs", ".toml", ".pem") and "tests" not in file.parts:
                digest.update(f"{file.relative_to(paths.ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True, cwd=paths.ROOT).stdout.strip()
