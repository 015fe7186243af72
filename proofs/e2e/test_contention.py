"""Another session holds a lock, and releases it."""

from proofs.harness.database import applied
from proofs.harness.waiting import until

#: The key of the advisory lock of Prisma's own tools.
PRISMAS_LOCK = 72707369


def test_another_tool_is_migrating(case):
    dev = case("brief")
    dev.write("1_a", "CREATE TABLE a ()")
    with dev.connection.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [PRISMAS_LOCK])
        execution = dev.start()
        until(lambda: "Lock.Held" in dict(dev.stack.failures(execution)), "an attempt gives up waiting for the lock")
        assert dev.tables() == []
    assert dev.wait(execution)["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a")


def test_a_table_is_in_use(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.write("2_b", "ALTER TABLE a ADD n int")
    assert dev.run({"upTo": "1_a"})["status"] == "SUCCEEDED"
    with dev.connection.connect() as other, other.transaction():
        other.execute("SELECT FROM a")
        execution = dev.start()
        waits = "waiting for a transaction that holds a table"
        until(lambda: any(waits in line for line in dev.stack.log_lines(dev.deployment, "apply")), "it gives way")
    assert dev.wait(execution)["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a", "2_b")
