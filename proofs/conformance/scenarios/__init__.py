"""What happens between two tools on one database, a sentence each."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from proofs.conformance.scene import Scene
from proofs.harness.histories import PRISMA, SQLX

#: What conducts a scenario; it raises `Mismatch` where the scenario does not end as it should.
Conduct = Callable[[Scene], None]


@dataclass(frozen=True)
class Scenario:
    """One of them. It raises `Mismatch` when it does not end as it should."""

    tool: str
    about: str
    conduct: Conduct


SCENARIOS: list[Scenario] = []


def scenario(about: str, *tools: str) -> Callable[[Conduct], Conduct]:
    """Registers what conducts a scenario, for the tools named or for both. TOOL in its sentence becomes their name."""
    def register(conduct: Conduct) -> Conduct:
        for tool in tools or (PRISMA, SQLX):
            SCENARIOS.append(Scenario(tool, about.replace("TOOL", {PRISMA: "Prisma", SQLX: "sqlx"}[tool]), conduct))
        return conduct

    return register


def of(tool: str) -> list[Scenario]:
    """A tool's scenarios."""
    # They register themselves.
    for module in ("switching", "adopting", "locking", "failing", f"of_{tool}"):
        importlib.import_module(f"{__name__}.{module}")
    return [one for one in SCENARIOS if one.tool == tool]
