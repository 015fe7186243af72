"""Both tools use one lock: neither runs while the other does."""

from __future__ import annotations

from proofs.conformance import lockstep
from proofs.conformance.lockstep import Refused
from proofs.conformance.scenarios import scenario
from proofs.conformance.scene import Scene
from proofs.harness import histories

_ADVISORY = """
    SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND d.datname = current_database() AND l.granted = {granted})"""
LOCKED, WAITED_FOR = _ADVISORY.format(granted="true"), _ADVISORY.format(granted="false")

_TABLE_WAITED_FOR = """
    SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'relation' AND d.datname = current_database() AND NOT l.granted)"""

HOLD = "LOCK TABLE held IN ACCESS SHARE MODE"


def waiting(scene: Scene) -> tuple[histories.History, str]:
    """Returns a history whose second migration waits for a locked table, and a database that has the first migration."""
    scripts = {"start": "CREATE TABLE held (n int);", "wait": "ALTER TABLE held ADD COLUMN m int;", "after": "SELECT 1;"}
    history, database = histories.write(scene.tool, "waiting", scripts, scene.directory()), scene.database()
    scene.ours.migrate(history.directory, database, upTo=history.migrations[0])
    return history, database


@scenario("a run of TOOL waits until Lockstep is done")
def _theirs_wait(scene: Scene) -> None:
    history, database = waiting(scene)
    with scene.holding(database, HOLD):
        ours = scene.meanwhile(lambda: scene.ours.migrate(history.directory, database))
        scene.until(database, LOCKED, ours)
        theirs = scene.meanwhile(lambda: scene.theirs.run(history.directory, database))
        scene.until(database, WAITED_FOR, theirs)
        scene.demand(not theirs.is_over() and not ours.is_over(), "one of the runs did not wait")
    run = ours.result()
    scene.demand(run.applied == 2, f"Lockstep applied {run.applied} instead of 2")
    scene.no(theirs.result())
    scene.complete(history, database)


@scenario("an approved plan is not applied while TOOL runs: Lockstep says that the lock is held")
def _ours_waits(scene: Scene) -> None:
    history, database = waiting(scene)
    plan = scene.ours.plan(history.directory, database)
    with scene.holding(database, HOLD):
        theirs = scene.meanwhile(lambda: scene.theirs.run(history.directory, database))
        scene.until(database, _TABLE_WAITED_FOR, theirs)
        scene.refused("Lock.Held", lambda: scene.ours.apply(plan, history.directory, database, patience=lockstep.SHORT))
        scene.demand(not theirs.is_over(), f"{scene.tool} did not wait")
    scene.no(theirs.result())
    scene.complete(history, database)


@scenario("a plan made while TOOL runs does not take what is under way for a failure")
def _planned_meanwhile(scene: Scene) -> None:
    history, database = waiting(scene)
    with scene.holding(database, HOLD):
        theirs = scene.meanwhile(lambda: scene.theirs.run(history.directory, database))
        scene.until(database, _TABLE_WAITED_FOR, theirs)
        try:
            scene.ours.plan(history.directory, database)
        except Refused as refused:
            scene.demand(refused.error == "Lock.Held", f"refused with {refused}")
        scene.demand(not theirs.is_over(), f"{scene.tool} did not wait")
    scene.no(theirs.result())
    scene.complete(history, database)
