"""The database goes away in the middle of a script: the run goes on, and nothing is applied twice."""

import pytest

from proofs.e2e import subjects
from proofs.harness.database import GATE, applied, open_gate, terminate, wait_for_gate


@pytest.fixture
def dev(case):
    """Three migrations; the second one stops in its middle. A second execution of any of them would leave another row
    or fail."""
    made = case()
    made.write("1_a", "CREATE TABLE a (n int); INSERT INTO a VALUES (1)")
    made.write("2_b", f"INSERT INTO a VALUES (2); CREATE TABLE b (); {GATE} INSERT INTO a VALUES (2)")
    made.write("3_c", "INSERT INTO a VALUES (3)")
    return made


def test_the_backend_is_terminated(dev):
    execution = dev.start()
    terminate(dev.connection, wait_for_gate(dev.connection))
    finishes(dev, execution)


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_the_server_is_restarted(dev, how):
    execution = dev.start()
    wait_for_gate(dev.connection)
    dev.stack.postgres.restart(how)
    finishes(dev, execution)


def finishes(dev, execution):
    open_gate(dev.connection)
    run = dev.wait(execution)
    assert run["status"] == "SUCCEEDED"
    assert dev.stack.failures(execution)[0][0] == "Database.ConnectionClosed"
    assert (run["output"]["apply"]["applied"], run["output"]["apply"]["appliedElsewhere"]) == (3, 0)
    assert dev.ledger() == applied("1_a", "2_b", "3_c")
    with dev.connection.connect() as session:
        assert session.execute("SELECT array_agg(n) FROM a").fetchone()[0] == [1, 2, 2, 3]
    assert [mail.subject for mail in dev.mails()] == [subjects.successful()]
