"""Mode resolve: one person declares what became of a migration, another one approves, and the ledger records it."""

import json

import pytest

from proofs.e2e import subjects
from proofs.harness.database import applied

LEFT = """
INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ('left', 'x', '2_b', 'Key (mail)=(ann@example.com)')
"""


@pytest.fixture
def left(case):
    """A database in which another tool left 2_b unfinished."""
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    assert dev.run()["status"] == "SUCCEEDED"
    dev.write("2_b", "CREATE TABLE b ()")
    with dev.connection.connect() as session:
        session.execute(LEFT)
    assert dev.run()["error"] == "History.Failed"
    return dev


@pytest.mark.parametrize(("resolution", "said"), [("applied", "applied"), ("rolledBack", "rolled back")])
def test_what_was_left_is_settled_after_an_approval_and_runs_go_on(left, resolution, said):
    asked = {"mode": "resolve", "migration": "2_b", "resolution": resolution, "requestedBy": "Ann"}
    execution, digest = left.start_and_wait_for_approval(asked)
    plan = left.stack.result(execution, "Plan")
    assert plan["resolve"]["resolution"] == resolution
    assert "may have left it half applied" in plan["resolve"]["facts"][0]
    assert "another tool started it" in plan["resolve"]["facts"][1]

    assert "another person" in left.decide(execution, digest, by="Ann")["error"]["errorMessage"]
    left.decide(execution, digest, by="Bob")
    run = left.wait(execution)
    assert (run["status"], run["output"]["outcome"], run["output"]["apply"]["resolved"]) == ("SUCCEEDED", "resolved", True)

    asking, _, told = left.mails()[-3:]
    assert f"2_b is to be declared {said}" in asking.body and "another tool started it" in asking.body
    assert (told.subject, told.attributes["outcome"]) == (subjects.resolved(), "resolved")
    assert f"2_b was declared {said} in dev." in told.body
    # The other tool's log quotes a row.
    assert "ann@example.com" not in left.stack.everything_readable(left.deployment, left.executions())

    following = left.run()
    assert following["status"] == "SUCCEEDED"
    assert following["output"]["outcome"] == ("nothingPending" if resolution == "applied" else "applied")
    assert applied("2_b")[0] in left.ledger()


def test_a_rejected_resolve_changes_nothing(left):
    before = left.ledger()
    asked = {"mode": "resolve", "migration": "2_b", "resolution": "applied"}
    execution, digest = left.start_and_wait_for_approval(asked)
    left.decide(execution, digest, "reject")
    assert left.wait(execution)["error"] == "Approval.Rejected"
    assert left.ledger() == before


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({"migration": "1_a", "resolution": "applied"}, "P3008"),
        ({"migration": "9_x", "resolution": "applied"}, "P3017"),
        ({"migration": "1_a", "resolution": "rolledBack"}, "P3012"),
        ({"migration": "2_b"}, "resolution: the mode resolve needs it"),
    ],
)
def test_a_resolve_that_cannot_be_true_is_refused_before_the_approval(left, asked, part):
    run = left.run({"mode": "resolve"} | asked)
    assert (run["status"], run["error"]) == ("FAILED", "Config.Invalid")
    assert part in run["cause"]


def test_by_the_script(left):
    asked = ("--mode", "resolve", "--migration", "2_b", "--resolution", "applied")
    execution, shown, rest = left.approve_when_shown(*asked)
    assert "2_b is to be declared applied" in shown and "another tool started it" in shown
    assert "2_b was declared applied" in rest
    record = json.loads(left.command("show", execution, "--json").stdout)
    assert record["outcome"] == "resolved"
