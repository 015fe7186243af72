"""The scenarios of two tools on one database, each described by a sentence."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from proofs.conformance.scene import Scene
from proofs.harness.histories import PRISMA, SQLX

#: Runs a scenario. It raises `Mismatch` if the scenario does not end as it should.
Conduct = Callable[[Scene], None]


@dataclass(frozen=True)
class Scenario:
    """One scenario. `conduct` raises `Mismatch` if the scenario does not end as it should."""

    tool: str
    about: str
    conduct: Conduct


SCENARIOS: list[Scenario] = []


def scenario(about: str, *tools: str) -> Callable[[Conduct], Conduct]:
    """Registers a scenario for the named tools, or for both. TOOL in its sentence is replaced by the tool's name."""
    def register(conduct: Conduct) -> Conduct:
        for tool in tools or (PRISMA, SQLX):
            SCENARIOS.append(Scenario(tool, about.replace("TOOL", {PRISMA: "Prisma", SQLX: "sqlx"}[tool]), conduct))
        return conduct

    return register


def of(tool: str) -> list[Scenario]:
    """Returns a tool's scenarios."""
    # The import of a module registers its scenarios.
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return [one for one in SCENARIOS if one.tool == tool]
