"""What only sqlx has: rows without success, a lock by the database's name, another table, and its own parsing of names."""

from __future__ import annotations

from functools import partial

from proofs.conformance import ledgers
from proofs.conformance.lockstep import SHORT, Lockstep, Refused
from proofs.conformance.scenarios import scenario
from proofs.conformance.scenarios.failing import broken
from proofs.conformance.scenarios.killing import INDEX, history_of, interrupted
from proofs.conformance.scene import Mismatch, Scene
from proofs.harness import histories
from proofs.harness.histories import SQLX, History
from proofs.harness.rows import one_value

#: Makes a row like those that older releases of sqlx left of a failed migration.
_DIRTY = "UPDATE _sqlx_migrations SET success = false, execution_time = -1 WHERE version = {version}"

#: Odd names, which both tools must parse in the same way. A version may have a sign. A description is the rest of the
#: name after its ending is removed, repeatedly.
_ODD = {
    "0_zero.sql": "", "-5_minus.sql": "", "+7_plus.sql": "", "007000_padded.sql": "", "8_twice.sql.sql": "SELECT 1;",
    "9_a__b_ c.sql": "", "10_.sql": "", "11_up.up.sql": "", "11_up.down.sql": "", "12_x.up.up.sql": "",
    "13_not.down.sql.sql": "", "9223372036854775807_last.sql": "", "14_.up.sql": "", "15_café.SQL.sql": "",
}


@scenario("what failed with sqlx left no row, and is fixed and applied by Lockstep", SQLX)
def _theirs_fails(scene: Scene) -> None:
    history, mended = broken(scene)
    database = scene.database()
    answer = scene.sqlx.migrate(history.directory, database)
    scene.demand(answer.get("error") == "ExecuteMigration", f"what fails came to {answer}")
    scene.demand(len(scene.rows(database)) == 1, f"the ledger is {scene.rows(database)}")
    scene.no(scene.ours.run(mended.directory, database))
    scene.complete(mended, database)


def _dirty(scene: Scene) -> tuple[History, str]:
    """Returns a history and a database with a row without success, which stops both tools."""
    _, mended = broken(scene)
    database = scene.database()
    scene.no(scene.theirs.run(mended.first(2, scene.directory()).directory, database))
    scene.execute(database, _DIRTY.format(version=2))
    answer = scene.sqlx.migrate(mended.directory, database)
    scene.demand(answer.get("error") == "Dirty", f"a row without success came to {answer}")
    scene.refused("History.Failed", lambda: scene.ours.plan(mended.directory, database))
    return mended, database


@scenario("a row without success stops both; it is declared applied by Lockstep, and sqlx goes on", SQLX)
def _dirty_applied(scene: Scene) -> None:
    history, database = _dirty(scene)
    scene.ours.migrate(history.directory, database, mode="resolve", migration="2", resolution="applied")
    expected = scene.database()
    # The way of a user who has only sqlx: delete the row, and skip what is already in the database.
    half = history.first(1, scene.directory())
    scene.no(scene.theirs.run(half.directory, expected))
    answer = scene.sqlx.skip(history.directory, expected, 2)
    scene.demand("error" not in answer, f"sqlx does not skip: {answer}")
    for one in (database, expected):
        scene.no(scene.theirs.run(history.directory, one))
    scene.complete(history, database, expected)


@scenario("a row without success stops both; it is declared rolled back by Lockstep, and sqlx goes on", SQLX)
def _dirty_rolled_back(scene: Scene) -> None:
    history, database = _dirty(scene)
    scene.execute(database, "DROP TABLE broken")
    name = history.migrations[1]
    scene.ours.migrate(history.directory, database, mode="resolve", migration=name, resolution="rolledBack")
    scene.no(scene.theirs.run(history.directory, database))
    scene.complete(history, database)


@scenario("an index that was under way when Lockstep was killed: the row deleted by hand, and built by sqlx", SQLX)
def _killed_then_theirs(scene: Scene) -> None:
    history, database, _ = interrupted(scene)
    answer = scene.sqlx.migrate(history.directory, database)
    scene.demand(answer.get("error") == "Dirty", f"sqlx came to {answer}")
    scene.execute(database, "DELETE FROM _sqlx_migrations WHERE NOT success")
    scene.no(scene.theirs.run(history.directory, database))
    scene.complete(history, database)


@scenario("an index that was under way when Lockstep was killed: built by Lockstep's next run", SQLX)
def _killed_then_ours(scene: Scene) -> None:
    history, database, _ = interrupted(scene)
    scene.no(scene.ours.run(history.directory, database))
    scene.complete(history, database)


@scenario("an index that was under way when sqlx was killed: built by Lockstep", SQLX)
def _theirs_killed(scene: Scene) -> None:
    history, _, database = interrupted(scene)
    scene.no(scene.ours.run(history.directory, database))
    scene.complete(history, database)


@scenario("an index that sqlx built and was killed before it recorded it: declared applied by Lockstep", SQLX)
def _not_recorded(scene: Scene) -> None:
    history, database, expected = history_of(scene), scene.database(), scene.database()
    for one in (database, expected):
        scene.no(scene.theirs.run(history.first(1, scene.directory()).directory, one))
        scene.execute(one, INDEX)
    scene.ours.migrate(history.directory, database, mode="resolve", migration="2", resolution="applied")
    scene.sqlx.skip(history.directory, expected, 2)
    scene.no(scene.ours.run(history.directory, database), scene.theirs.run(history.directory, expected))
    scene.complete(history, database, expected)


@scenario("a script that was changed when it was applied stops both, before anything is applied", SQLX)
def _changed(scene: Scene) -> None:
    history, mended = broken(scene)
    database = scene.database()
    scene.no(scene.theirs.run(mended.first(2, scene.directory()).directory, database))
    answer = scene.sqlx.migrate(history.directory, database)
    scene.demand(answer.get("error") == "VersionMismatch", f"sqlx came to {answer}")
    scene.refused("History.Diverged", lambda: scene.ours.plan(history.directory, database))
    scene.demand(len(scene.rows(database)) == 2, "something was applied")


@scenario("a migration that is applied and gone from the directory stops both", SQLX)
def _missing(scene: Scene) -> None:
    _, mended = broken(scene)
    database = scene.database()
    scene.no(scene.theirs.run(mended.directory, database))
    short = mended.first(2, scene.directory())
    answer = scene.sqlx.migrate(short.directory, database)
    scene.demand(answer.get("error") == "VersionMissing", f"sqlx came to {answer}")
    scene.refused("History.Diverged", lambda: scene.ours.plan(short.directory, database))


@scenario("the lock of a database with an odd name is the same for both", SQLX)
def _odd_database(scene: Scene) -> None:
    history, database = histories.made(SQLX, scene.directory()), scene.server.database("größe'\"✓ %s")
    with scene.sqlx.holding_the_lock(database):
        scene.refused("Lock.Held", lambda: scene.ours.migrate(history.directory, database, patience=SHORT))
        scene.demand(not scene.rows(database), "something was applied")
    scene.no(scene.ours.run(history.directory, database))
    scene.complete(history, database)


@scenario("a ledger of another name, half by each", SQLX)
def _another_table(scene: Scene) -> None:
    name = "own_migrations"
    history, database, expected = histories.made(SQLX, scene.directory()), scene.database(), scene.database()
    theirs = scene.another_tool(table=name)
    ours = Lockstep(scene.server, scene.binaries, SQLX_TABLE=name)
    try:
        scene.no(theirs.run(history.directory, expected))
        for count, side in ((5, theirs), (10, ours), (15, theirs), (len(history.migrations), ours)):
            scene.no(side.run(history.first(count, scene.directory()).directory, database))
        for side in (theirs, ours):
            scene.no(side.unclean(history.directory, database))
    finally:
        ours.close()
    scene.no(ledgers.differences(scene.rows(expected, name), scene.rows(database, name)))
    scene.demand(not scene.rows(database), "there is a ledger of the usual name too")


@scenario("a ledger's name as sqlx takes it, as SQL: understood or refused, and nothing is applied again", SQLX)
def _name_as_sql(scene: Scene) -> None:
    history = histories.write(SQLX, "once", {"once": "CREATE TABLE IF NOT EXISTS once ();"}, scene.directory())
    wrong = []
    for name in ("ops.migrations", '"Odd Name"', "Upper"):
        database, theirs = scene.database(), scene.another_tool(table=name)
        scene.execute(database, "CREATE SCHEMA ops")
        scene.no(theirs.run(history.directory, database))
        ours = Lockstep(scene.server, scene.binaries, SQLX_TABLE=name)
        try:
            applied = ours.migrate(history.directory, database).applied
            wrong += [f"{applied} applied again with {name}"] if applied else []
        except Refused as refused:
            wrong += [] if refused.error == "Config.Invalid" else [f"{name}: {refused}"]
        finally:
            ours.close()
    scene.no(wrong)


@scenario("what sqlx has undone is pending for Lockstep, and applied again", SQLX)
def _undone(scene: Scene) -> None:
    files = {
        f"{number}_{name}.{way}.sql": f"{verb} TABLE {name}{columns};"
        for number, name in enumerate(("a", "b", "c"), 1)
        for way, verb, columns in (("up", "CREATE", " (n int)"), ("down", "DROP", ""))
    }
    history, database = histories.write_files("undone", files, scene.directory()), scene.database()
    scene.no(scene.ours.run(history.directory, database))
    answer = scene.sqlx.undo(history.directory, database, 1)
    scene.demand("error" not in answer, f"sqlx does not undo: {answer}")
    scene.demand(len(scene.rows(database)) == 1, f"the ledger is {scene.rows(database)}")
    run = scene.ours.migrate(history.directory, database)
    scene.demand(run.applied == 2, f"{run.applied} instead of 2 were applied")
    scene.complete(history, database)


@scenario("the same migrations in odd names, in the same order", SQLX)
def _odd_names(scene: Scene) -> None:
    history = histories.write_files("odd", _ODD, scene.directory())
    found, expected = scene.database(), scene.database()
    scene.no(scene.theirs.run(history.directory, expected), scene.ours.run(history.directory, found))
    found_by_sqlx = scene.sqlx.listed(history.directory)
    if isinstance(found_by_sqlx, dict):
        raise Mismatch(f"sqlx cannot read odd names: {found_by_sqlx}")
    listed = [one for one in found_by_sqlx if one["type"] != "ReversibleDown"]
    wanted = [(one["version"], one["description"], bytes(one["checksum"]).hex()) for one in listed]
    there = [(row["version"], row["description"], row["checksum"]) for row in scene.rows(found)]
    scene.demand(there == wanted, f"{there} instead of {wanted}")
    with scene.server.connect(found) as session:
        order = one_value(session.execute("SELECT array_agg(version ORDER BY installed_on) FROM _sqlx_migrations"))
    scene.demand(order == [one["version"] for one in listed], f"applied in the order {order}")
    scene.no(scene.ledger(expected, found), scene.theirs.unclean(history.directory, found))


@scenario("a name that sqlx cannot read is refused by both", SQLX)
def _no_version(scene: Scene) -> None:
    for odd in ("x_notes.sql", "_empty.sql", "9223372036854775808_beyond.sql", "1.5_half.sql", " 3_blank.sql"):
        history = histories.write_files("unreadable", {"1_a.sql": "", odd: ""}, scene.directory())
        answer = scene.sqlx.listed(history.directory)
        scene.demand(isinstance(answer, dict) and answer["error"] == "Source", f"sqlx reads {odd}: {answer}")
        database = scene.database()
        scene.refused("History.Invalid", partial(scene.ours.plan, history.directory, database))
