"""Mode baseline: what a database had before its ledger is recorded as applied, after an approval, and nothing is run."""

import pytest

from proofs.e2e import subjects
from proofs.harness.database import applied


@pytest.fixture
def made_by_hand(case):
    """A database that has the work of 1_a and 2_b, and no ledger."""
    dev = case()
    for name, table in (("1_a", "a"), ("2_b", "b"), ("3_c", "c")):
        dev.write(name, f"CREATE TABLE {table} ()")
    with dev.connection.connect() as session:
        session.execute("CREATE TABLE a (); CREATE TABLE b ()")
    return dev


def test_what_is_there_is_recorded_and_the_rest_applied(made_by_hand):
    dev = made_by_hand
    run = dev.run()
    assert run["error"] == "History.NotEmpty" and '"mode": "baseline"' in run["cause"]

    execution, digest = dev.start_and_wait_for_approval({"mode": "baseline", "upTo": "2_b", "requestedBy": "Ann"})
    planned = dev.stack.result(execution, "Plan")["baseline"]
    assert planned == {"count": 2, "last": "2_b", "tables": 2, "migrations": ["1_a", "2_b"], "omitted": 0}
    assert dev.ledger() == []
    assert "another person" in dev.decide(execution, digest, by="Ann")["error"]["errorMessage"]
    dev.decide(execution, digest, by="Bob")
    run = dev.wait(execution)
    assert (run["status"], run["output"]["outcome"], run["output"]["apply"]["recorded"]) == ("SUCCEEDED", "baselined", 2)
    assert dev.ledger() == applied("1_a", "2_b")

    asking, _, told = dev.mails()[-3:]
    assert "2 migrations are to be recorded as applied without being run" in asking.body
    assert (told.subject, told.attributes["outcome"]) == (subjects.baselined(), "baselined")
    assert "2 migrations were recorded as applied in dev, up to 2_b." in told.body

    assert dev.run()["output"]["apply"]["applied"] == 1
    assert dev.tables() == ["a", "b", "c"]


def test_a_rejected_baseline_records_nothing(made_by_hand):
    execution, digest = made_by_hand.start_and_wait_for_approval({"mode": "baseline", "upTo": "2_b"})
    made_by_hand.decide(execution, digest, "reject")
    assert made_by_hand.wait(execution)["error"] == "Approval.Rejected"
    assert made_by_hand.ledger() == []


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({}, "upTo: the mode baseline needs it"),
        ({"upTo": "9_x"}, 'there is no migration "9_x"'),
    ],
)
def test_a_baseline_that_cannot_be_recorded_is_refused_before_the_approval(made_by_hand, asked, part):
    run = made_by_hand.run({"mode": "baseline"} | asked)
    assert (run["status"], run["error"]) == ("FAILED", "Config.Invalid")
    assert part in run["cause"]


def test_by_the_script(made_by_hand):
    _, shown, rest = made_by_hand.approve_when_shown("--mode", "baseline", "--up-to", "2_b")
    assert "2 migrations to be recorded as applied; nothing is run" in shown and "the schema has 2 tables" in shown
    assert "2 migrations recorded as applied, up to 2_b" in rest
