"""Mode baseline: a database that has the schema and lacks the ledger."""

from __future__ import annotations

from proofs.conformance.lockstep import Lockstep
from proofs.conformance.prisma import Prisma
from proofs.conformance.scenarios import scenario
from proofs.conformance.scene import Scene
from proofs.conformance.sqlx import Sqlx
from proofs.harness import histories


def _without_ledger(scene: Scene, history: histories.History) -> str:
    database = scene.database()
    scene.no(scene.theirs.run(history.directory, database))
    scene.execute(database, f"DROP TABLE {scene.theirs.ledger}")
    return database


@scenario("a ledger that was lost, all recorded anew by Lockstep as TOOL would")
def _whole(scene: Scene) -> None:
    history = histories.made(scene.tool, scene.directory())
    found, expected = (_without_ledger(scene, history) for _ in range(2))
    scene.no(scene.theirs.adopt(history.directory, expected, list(history.migrations)))
    scene.no(scene.ours.adopt(history.directory, found, list(history.migrations)))
    scene.complete(history, found, expected)


@scenario("half a ledger recorded anew by Lockstep, the rest applied by TOOL")
def _rest_by_theirs(scene: Scene) -> None:
    _half(scene, scene.theirs)


@scenario("half a ledger recorded anew by Lockstep, the rest applied by Lockstep")
def _rest_by_ours(scene: Scene) -> None:
    _half(scene, scene.ours)


@scenario("half a ledger recorded anew by TOOL, the rest applied by Lockstep")
def _recorded_by_theirs(scene: Scene) -> None:
    _half(scene, scene.ours, recorder=scene.theirs)


def _half(scene: Scene, applier: Prisma | Sqlx | Lockstep, recorder: Prisma | Sqlx | None = None) -> None:
    history = histories.made(scene.tool, scene.directory())
    half = history.first(len(history.migrations) // 2, scene.directory())
    found, expected = (_without_ledger(scene, half) for _ in range(2))
    scene.no(scene.theirs.adopt(history.directory, expected, list(half.migrations)))
    scene.no(scene.theirs.run(history.directory, expected))
    scene.no((recorder or scene.ours).adopt(history.directory, found, list(half.migrations)))
    scene.no(applier.run(history.directory, found))
    scene.complete(history, found, expected)
