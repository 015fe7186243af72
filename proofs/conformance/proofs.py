"""The proofs about a history and about a scenario, on one PostgreSQL."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field

from proofs.conformance.scenarios import Scenario
from proofs.conformance.scene import Mismatch, Scene
from proofs.harness.histories import History

SCHEMA, LEDGER, CLEAN = "same schema", "same ledger", "clean to its own tool"

CHECKS = (SCHEMA, LEDGER, CLEAN)


@dataclass(frozen=True)
class Line:
    """One history on one server: the failures found, by check. A check that was not reached is missing."""

    history: str
    migrations: int
    postgresql: int
    found: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """One scenario, with its failure if there is one."""

    about: str
    tool: str
    postgresql: int
    wrong: str = ""


def of_history(scene: Scene, history: History, postgresql: int) -> Line:
    """Runs a history by Lockstep and, on another database, by its own tool. An exception counts as a failure of the
    history."""
    line = Line(f"{history.tool}/{history.name}", len(history.migrations), postgresql)
    try:
        _compare(scene, history, line.found)
    except Exception as failure:  # noqa: BLE001 - a tool that refuses one history does not end the others
        missing = (check for check in CHECKS if check not in line.found)
        line.found[next(missing, CLEAN)] = [_told(failure)]
    return line


def _compare(scene: Scene, history: History, found: dict[str, list[str]]) -> None:
    ours = scene.database()
    if wrong := scene.ours.run(history.directory, ours):
        found[SCHEMA] = [f"Lockstep does not run it: {wrong}"]
        return
    found[SCHEMA] = scene.schema(history, ours)
    theirs = scene.expected(history)
    found[LEDGER] = scene.ledger(theirs, ours)
    found[CLEAN] = scene.cleanliness(history, ours) + [
        f"run by {scene.tool}: {what}" for what in scene.cleanliness(history, theirs)
    ]


def of_scenario(scene: Scene, scenario: Scenario, postgresql: int) -> Ended:
    """Runs a scenario. An exception in it becomes its result."""
    wrong = ""
    try:
        scenario.conduct(scene)
    except Mismatch as mismatch:
        wrong = str(mismatch)
    except Exception as failure:  # noqa: BLE001 - a run that is refused ends one scenario, not the others
        wrong = _told(failure)
    finally:
        scene.settle()
    return Ended(scenario.about, scenario.tool, postgresql, wrong)


def _told(failure: Exception) -> str:
    """Returns an exception's message, and the place where it was raised."""
    at = traceback.extract_tb(failure.__traceback__)[-1]
    return f"{type(failure).__name__}: {failure} (at {at.filename.rsplit('/', 1)[-1]}:{at.lineno})"
