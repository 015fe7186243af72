"""A migration fails with one tool, is corrected, and is applied with the other."""

from __future__ import annotations

from proofs.conformance.lockstep import Refused
from proofs.conformance.scenarios import scenario
from proofs.conformance.scene import Mismatch, Scene
from proofs.harness import histories

MENDED = "CREATE TABLE broken (n int);\n"


def broken(scene: Scene) -> tuple[histories.History, histories.History]:
    """Returns a history whose second migration fails, and the corrected history."""
    scripts = {
        "start": "CREATE TABLE start (n int);", "broken": f"{MENDED}SELECT 1 / 0;", "after": "CREATE TABLE after (n int);",
    }
    history = histories.write(scene.tool, "broken", scripts, scene.directory())
    return history, history.with_script(history.migrations[1], MENDED, scene.directory())


@scenario("a migration that failed with Lockstep is fixed and applied by TOOL")
def _ours_fails(scene: Scene) -> None:
    history, mended = broken(scene)
    database = scene.database()
    try:
        scene.ours.migrate(history.directory, database)
    except Refused as refused:
        scene.demand(refused.error == "Migration.Failed", str(refused))
    else:
        raise Mismatch("what fails was applied")
    scene.demand(len(scene.rows(database)) == 1, f"the ledger is {scene.rows(database)}")
    scene.no(scene.theirs.run(mended.directory, database))
    scene.complete(mended, database)
