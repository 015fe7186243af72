"""Installs Prisma's engine from `package-lock.json`, and on request the other versions of PostgreSQL."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from local import postgres
from scripts import setup
from scripts.operate import environment

#: Above the proofs, so that each one finds the packages.
HERE = Path(__file__).parents[1]
MODULES = HERE / "node_modules"

#: The oldest tested PostgreSQL.
OLD = 15
#: The stack's own PostgreSQL.
NEW = 18
#: All tested versions. `npm ci` leaves out all but the stack's own if they are not needed.
MAJORS = (18, 17, 16, 15)


def npm(other_postgresql: bool) -> None:
    """Installs the npm packages, quickly if nothing has changed. Packages of an earlier call may stay."""
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
    """Returns the npm package with a major version of PostgreSQL."""
    own = postgres.package()
    return own if major == NEW else MODULES / f"postgres-{major}-{own.name}"


def _run(command: list[str], directory: Path) -> None:
    result = subprocess.run(
        command, cwd=directory, env=environment.building(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False,
    )
    if result.returncode != 0:
        raise setup.SetupFailed(f"{' '.join(command)} failed:\n{result.stdout.strip()}")
