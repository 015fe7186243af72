"""Switching from one tool to the other at any time."""

from __future__ import annotations

from proofs.conformance.scenarios import scenario
from proofs.conformance.scene import Scene
from proofs.harness import histories


@scenario("the first half by Lockstep, the rest by TOOL")
def _ours_first(scene: Scene) -> None:
    history, database = histories.made(scene.tool, scene.directory()), scene.database()
    middle = len(history.migrations) // 2
    run = scene.ours.migrate(history.directory, database, upTo=history.migrations[middle - 1])
    scene.demand(run.applied == middle, f"{run.applied} of {middle} were applied")
    scene.no(scene.theirs.run(history.directory, database))
    scene.complete(history, database)


@scenario("the first half by TOOL, the rest by Lockstep")
def _theirs_first(scene: Scene) -> None:
    history, database = histories.made(scene.tool, scene.directory()), scene.database()
    middle = len(history.migrations) // 2
    scene.no(scene.theirs.run(history.first(middle, scene.directory()).directory, database))
    run = scene.ours.migrate(history.directory, database)
    left = len(history.migrations) - middle
    scene.demand(run.applied == left, f"{run.applied} of {left} were applied")
    scene.complete(history, database)


@scenario("every other migration by Lockstep, those between by TOOL")
def _by_turns(scene: Scene) -> None:
    history, database = histories.made(scene.tool, scene.directory()), scene.database()
    for count in range(1, len(history.migrations) + 1):
        if count % 2:
            scene.ours.migrate(history.directory, database, upTo=history.migrations[count - 1])
        else:
            scene.no(scene.theirs.run(history.first(count, scene.directory()).directory, database))
        found = len(scene.rows(database))
        scene.demand(found == count, f"{found} rows after {count} migrations")
    scene.complete(history, database)


@scenario("a migration that was merged late, before others that are applied: both apply it")
def _out_of_order(scene: Scene) -> None:
    scripts = {"a": "CREATE TABLE a ();", "b": "CREATE TABLE b ();", "c": "CREATE TABLE c ();"}
    whole = histories.write(scene.tool, "late", scripts, scene.directory())
    early = whole.first(len(whole.migrations), scene.directory())
    late = early.script(whole.migrations[1])
    late.unlink()
    if scene.tool == histories.PRISMA:
        late.parent.rmdir()
    by_ours, by_theirs = scene.database(), scene.database()
    scene.no(scene.theirs.run(early.directory, by_ours), scene.theirs.run(early.directory, by_theirs))
    run = scene.ours.migrate(whole.directory, by_ours)
    scene.demand(run.applied == 1, f"{run.applied} instead of 1 was applied")
    scene.no(scene.theirs.run(whole.directory, by_theirs), scene.ledger(by_theirs, by_ours))
    scene.no(scene.theirs.unclean(whole.directory, by_ours))
