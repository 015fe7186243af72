"""What only Prisma's ledger has: rows of failed migrations, and an end that is recorded later."""

from __future__ import annotations

import random
from functools import partial

from local.wire.request import Resolution
from proofs.conformance.order import icu_order
from proofs.conformance.scenarios import scenario
from proofs.conformance.scenarios.failing import MENDED, broken
from proofs.conformance.scenarios.killing import INDEX, interrupted
from proofs.conformance.scene import Scene
from proofs.harness import histories
from proofs.harness.histories import PRISMA


def _failed(scene: Scene) -> tuple[histories.History, histories.History, str, str]:
    """Returns two equal databases in which Prisma left a migration unfinished, with the history and its corrected form."""
    history, mended = broken(scene)
    found, expected = scene.database(), scene.database()
    for database in (found, expected):
        answer = scene.prisma.deploy(history.directory, database)
        scene.demand("error" in answer, "what fails was applied")
        scene.refused("History.Failed", partial(scene.ours.plan, history.directory, database))
    return history, mended, found, expected


def _settle(scene: Scene, history: histories.History, database: str, resolution: Resolution) -> None:
    scene.ours.migrate(
        history.directory, database, mode="resolve", migration=history.migrations[1], resolution=resolution,
    )


@scenario("what failed with Prisma: declared rolled back by Lockstep, fixed, and applied by Prisma", PRISMA)
def _rolled_back_then_theirs(scene: Scene) -> None:
    history, mended, found, expected = _failed(scene)
    _settle(scene, history, found, "rolledBack")
    scene.no(scene.theirs.run(mended.directory, found))
    _expect(scene, mended, found, expected, "rolledBack")


@scenario("what failed with Prisma: declared rolled back by Lockstep, fixed, and applied by Lockstep", PRISMA)
def _rolled_back_then_ours(scene: Scene) -> None:
    history, mended, found, expected = _failed(scene)
    _settle(scene, history, found, "rolledBack")
    scene.no(scene.ours.run(mended.directory, found))
    _expect(scene, mended, found, expected, "rolledBack")


@scenario("what failed with Prisma: finished by hand, and declared applied by Lockstep", PRISMA)
def _applied(scene: Scene) -> None:
    _, mended, found, expected = _failed(scene)
    for database in (found, expected):
        scene.execute(database, MENDED)
    _settle(scene, mended, found, "applied")
    scene.no(scene.ours.run(mended.directory, found))
    _expect(scene, mended, found, expected, "applied")


@scenario("what failed twice with Prisma: declared rolled back by Prisma, then by Lockstep, and applied by both", PRISMA)
def _twice(scene: Scene) -> None:
    history, mended, found, expected = _failed(scene)
    for database in (found, expected):
        scene.prisma.resolve(history.directory, database, history.migrations[1], "rolledBack")
        answer = scene.prisma.deploy(history.directory, database)
        scene.demand("error" in answer, "what fails was applied")
    _settle(scene, history, found, "rolledBack")
    scene.ours.migrate(mended.directory, found, upTo=mended.migrations[1])
    scene.no(scene.theirs.run(mended.directory, found))
    _expect(scene, mended, found, expected, "rolledBack")


@scenario("what was done by hand and has no row: declared applied by Lockstep", PRISMA)
def _by_hand(scene: Scene) -> None:
    _, mended = broken(scene)
    found, expected = scene.database(), scene.database()
    for database in (found, expected):
        scene.no(scene.theirs.run(mended.first(1, scene.directory()).directory, database))
        scene.execute(database, MENDED)
    _settle(scene, mended, found, "applied")
    scene.no(scene.ours.run(mended.directory, found))
    _expect(scene, mended, found, expected, "applied")


def _expect(scene: Scene, mended: histories.History, found: str, expected: str, resolution: Resolution) -> None:
    """Demands the same result as Prisma's own resolve and deploy."""
    answer = scene.prisma.resolve(mended.directory, expected, mended.migrations[1], resolution)
    scene.demand("error" not in answer, f"Prisma does not resolve: {answer}")
    scene.no(scene.theirs.run(mended.directory, expected))
    scene.complete(mended, found, expected, settled=mended.migrations[1])


@scenario("an index that was under way when Lockstep was killed: declared rolled back and built by Prisma", PRISMA)
def _open_then_rolled_back(scene: Scene) -> None:
    _resolved_by_prisma(scene, "rolledBack")


@scenario("an index that was under way when Lockstep was killed: built by hand, and declared applied by Prisma", PRISMA)
def _open_then_applied(scene: Scene) -> None:
    _resolved_by_prisma(scene, "applied")


def _resolved_by_prisma(scene: Scene, resolution: Resolution) -> None:
    """Demands that Prisma resolves a row that Lockstep left open as it resolves a row that Prisma left open."""
    history, *databases = interrupted(scene)
    for database in databases:
        status = scene.prisma.status(history.directory, database)
        failed = status.get("output", {}).get("failedMigrationNames")
        scene.demand(failed == [history.migrations[1]], f"Prisma's status is {status}")
        answer = scene.prisma.deploy(history.directory, database)
        scene.demand("P3009" in str(answer), f"a deploy came to {answer}")
        if resolution == "applied":
            scene.execute(database, INDEX)
        answer = scene.prisma.resolve(history.directory, database, history.migrations[1], resolution)
        scene.demand("error" not in answer, f"Prisma does not resolve: {answer}")
        scene.no(scene.theirs.run(history.directory, database))
    ours, theirs = databases
    # Our mark stays in the column in which Prisma writes how a migration failed.
    scene.complete(history, ours, theirs, settled=history.migrations[1], aside=("logs",))


@scenario("a script that was edited when it was applied: both go on, and both say so", PRISMA)
def _edited(scene: Scene) -> None:
    scripts = {"a": "CREATE TABLE a ();", "b": "CREATE TABLE b ();"}
    history, database = histories.write(PRISMA, "edited", scripts, scene.directory()), scene.database()
    scene.ours.migrate(history.directory, database, upTo=history.migrations[0])
    edited = history.with_script(history.migrations[0], "CREATE TABLE a (n int);", scene.directory())
    warnings = scene.ours.plan(edited.directory, database)["warnings"]
    scene.demand(any(history.migrations[0] in warning for warning in warnings), f"the warnings are {warnings}")
    scene.no(scene.ours.run(edited.directory, database))
    status = scene.prisma.status(edited.directory, database)
    found = status.get("output", {}).get("editedMigrationNames")
    scene.demand(found == [history.migrations[0]], f"Prisma's status is {status}")
    scene.no(scene.theirs.run(edited.directory, database))


@scenario("line ends that a checkout changed after a script was applied: no edit to either", PRISMA)
def _line_ends(scene: Scene) -> None:
    scripts = {"unix": "CREATE TABLE a (\n    n int\n);\n", "windows": "CREATE TABLE b (\r\n    n int\r\n);\r\n"}
    history, database = histories.write(PRISMA, "line ends", scripts, scene.directory()), scene.database()
    scene.ours.migrate(history.directory, database)
    unix, windows = history.migrations
    changed = history.with_script(unix, scripts["unix"].replace("\n", "\r\n"), scene.directory())
    changed = changed.with_script(windows, scripts["windows"].replace("\r\n", "\n"), scene.directory())
    scene.no(scene.cleanliness(changed, database))


@scenario("names that Prisma's command line orders differently than bytes: Lockstep warns of these, and of no others", PRISMA)
def _order(scene: Scene) -> None:
    random_, database = random.Random(1), scene.database()
    letters = "aAbB019_- .+'("
    names = sorted({f"1{''.join(random_.choices(letters, k=random_.randint(1, 5)))}" for _ in range(200)})
    rank = {name: number for number, name in enumerate(icu_order(names))}
    differing = 0
    for _ in range(60):
        chosen = sorted(random_.sample(names, 4))
        differs = sorted(chosen, key=rank.__getitem__) != chosen
        differing += differs
        directory = scene.directory()
        for name in chosen:
            (directory / name).mkdir(parents=True)
            (directory / name / "migration.sql").write_text("SELECT 1;")
        warnings = scene.ours.plan(directory, database)["warnings"]
        warned = any("Prisma orders them the other way round" in warning for warning in warnings)
        scene.demand(warned == differs, f"{chosen}: {warnings}")
    scene.demand(0 < differing < 60, "the names show nothing")
