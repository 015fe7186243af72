"""A history that a tool refuses is an ordinary result, and the run goes on after it."""

import pytest

from proofs.conformance import proofs, report
from proofs.conformance.proofs import CHECKS, LEDGER, SCHEMA
from proofs.harness import histories
from proofs.harness.histories import PRISMA, SQLX

TABLE = "CREATE TABLE one (n int);"

#: Lockstep runs the index alone. sqlx runs it in a transaction, since the file does not say that it needs none.
UNMARKED = {"table": TABLE, "index": "CREATE INDEX CONCURRENTLY one_n ON one (n);"}


def test_what_the_tool_itself_refuses_is_told_of_its_history(scene):
    if scene.tool != SQLX:
        pytest.skip("Prisma runs such a file")
    refused = histories.write(SQLX, "refused", UNMARKED, scene.directory())
    plain = histories.write(SQLX, "plain", {"table": TABLE}, scene.directory())
    first, second = (proofs.of_history(scene, history, 18) for history in (refused, plain))
    assert (first.found[SCHEMA], list(first.found)) == ([], [SCHEMA, LEDGER])
    [told] = first.found[LEDGER]
    assert "sqlx itself cannot run refused" in told and "CONCURRENTLY" in told
    assert second.found == {check: [] for check in CHECKS}
    assert not report.is_well([first, second], [])


def test_what_cannot_be_compared_is_told_of_its_history(scene):
    history = histories.write(scene.tool, "whole", {"table": TABLE}, scene.directory())
    # This migration does not exist, so there is nothing to compare with.
    names = (*history.migrations, "0009_gone")
    line = proofs.of_history(scene, histories.History(scene.tool, "gone", history.directory, names), 18)
    assert list(line.found) == [SCHEMA] and "0009_gone" in line.found[SCHEMA][0]


def test_an_engine_that_ended_is_started_anew(scene):
    if scene.tool != PRISMA:
        pytest.skip("sqlx has a process for each question")
    scene.theirs.close()
    history = histories.write(PRISMA, "after", {"table": TABLE}, scene.directory())
    assert proofs.of_history(scene, history, 18).found == {check: [] for check in CHECKS}
