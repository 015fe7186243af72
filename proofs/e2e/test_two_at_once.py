"""Two executions at the same time."""

from proofs.harness.database import GATE, applied, open_gate, wait_for_gate


def test_one_applies_and_the_other_ends_well(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (n int); {GATE}")
    dev.write("2_b", "INSERT INTO a VALUES (2)")
    first = dev.start()
    wait_for_gate(dev.connection)
    second = dev.start()
    dev.stack.wait_for_state(second, "Apply")
    open_gate(dev.connection)

    one, other = dev.wait(first), dev.wait(second)
    assert (one["status"], other["status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert one["output"]["plan"]["digest"] == other["output"]["plan"]["digest"]
    assert one["output"]["apply"]["applied"] == 2
    assert (other["output"]["apply"]["applied"], other["output"]["apply"]["appliedElsewhere"]) == (0, 2)
    assert dev.ledger() == applied("1_a", "2_b")
    with dev.connection.connect() as session:
        assert session.execute("SELECT array_agg(n) FROM a").fetchone()[0] == [2]
