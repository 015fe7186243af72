"""A database that was changed by hand differs from what the tool makes of it, and is not clean."""

import pytest

from proofs.conformance.scene import Mismatch
from proofs.harness import histories
from proofs.harness.histories import PRISMA

SCRIPTS = {"one": "CREATE TABLE one (n int);\nINSERT INTO one VALUES (1);", "two": "CREATE TABLE two (n int);"}


@pytest.fixture
def migrated(scene):
    """A history that Lockstep has run, and its database."""
    history, database = histories.write(scene.tool, "short", SCRIPTS, scene.directory()), scene.database()
    scene.ours.migrate(history.directory, database)
    return history, database


def test_what_lockstep_has_run_is_complete(scene, migrated):
    scene.complete(*migrated)


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("ALTER TABLE two ADD COLUMN m int", "column public.two.m is too many"),
        ("UPDATE one SET n = 2", 'public.one has {"n": 2} instead of {"n": 1}'),
        ("ALTER TABLE LEDGER ALTER COLUMN checksum DROP NOT NULL", "column public.LEDGER.checksum is"),
        ("UPDATE LEDGER SET checksum = CHANGED", "checksum is"),
        ("DELETE FROM LEDGER", "the ledger lacks"),
        ("DELETE FROM LEDGER", "not clean to lockstep"),
        ("UPDATE LEDGER SET checksum = CHANGED", "not clean to TOOL"),
    ],
)
def test_a_database_that_was_changed_is_not_complete(scene, migrated, tampering, found):
    history, database = migrated
    changed = "repeat('0', 64)" if scene.tool == PRISMA else "checksum || '\\x00'"
    words = {"LEDGER": scene.theirs.ledger, "CHANGED": changed, "TOOL": scene.tool}
    for word, meaning in words.items():
        tampering, found = tampering.replace(word, meaning), found.replace(word, meaning)
    scene.execute(database, tampering)
    with pytest.raises(Mismatch) as mismatch:
        scene.complete(history, database)
    assert found in str(mismatch.value)


def test_what_is_pending_is_not_clean(scene, migrated):
    _, database = migrated
    longer = histories.write(scene.tool, "longer", SCRIPTS | {"three": "SELECT 1;"}, scene.directory())
    assert "pending" in scene.ours.unclean(longer.directory, database)
    assert scene.theirs.unclean(longer.directory, database)


def test_a_tool_that_does_not_refuse_is_reported(scene, migrated):
    history, database = migrated
    with pytest.raises(Mismatch, match="done instead of refused with Lock.Held"):
        scene.refused("Lock.Held", lambda: scene.ours.migrate(history.directory, database))
    broken = histories.write(scene.tool, "broken", {"one": "SELECT 1 / 0;"}, scene.directory())
    with pytest.raises(Mismatch, match=r"refused with Migration\.Failed.* instead of Lock\.Held"):
        scene.refused("Lock.Held", lambda: scene.ours.migrate(broken.directory, scene.database()))


def test_a_run_that_has_ended_is_not_waited_for(scene, migrated):
    _, database = migrated
    over = scene.meanwhile(lambda: "nothing")
    with pytest.raises(Mismatch, match="over before it came to SELECT false: 'nothing'"):
        scene.until(database, "SELECT false", over)
