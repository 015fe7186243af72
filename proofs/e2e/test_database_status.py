"""The instance's status in RDS: the run goes on, waits, or fails with the way out."""

import time
from contextlib import contextmanager

import pytest

from local import aws
from proofs.e2e import subjects


@pytest.mark.parametrize("status", ["starting", "a-status-of-next-year"])
def test_waited_for(case, status):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.stack.set_database_status(status)
    execution = dev.start()
    dev.stack.wait_for_state(execution, "WaitForDatabase")
    assert dev.tables() == []
    dev.stack.set_database_status("available")
    assert dev.wait(execution)["status"] == "SUCCEEDED"
    assert dev.tables() == ["a"]
    assert [mail.subject for mail in dev.mails()] == [subjects.successful()]


@pytest.mark.parametrize("status", ["starting", "a-status-of-next-year"])
def test_not_waited_for_longer_than_the_bound(case, status):
    brief = case("brief")
    brief.stack.set_database_status(status)
    started = time.monotonic()
    run = brief.run()
    assert 3 <= time.monotonic() - started < 15
    told(brief, run, status, "3 seconds", "DatabaseWaitSeconds")


@pytest.mark.parametrize(
    ("status", "way_out"),
    [("stopped", "aws rds start-db-instance"), ("storage-full", "describe-events"), ("incompatible-network", "describe-events")],
)
def test_not_waited_for_at_all(case, status, way_out):
    dev = case()
    dev.stack.set_database_status(status)
    run = dev.run()
    assert "WaitForDatabase" not in dev.entered(run["executionArn"])
    told(dev, run, status, way_out)


def test_no_such_instance(case):
    dev = case()
    with no_instance(dev.stack):
        run = dev.run()
    assert (run["status"], run["error"]) == ("FAILED", "Config.Invalid")
    assert f"no database instance '{aws.INSTANCE}'" in run["cause"] and "DatabaseInstance" in run["cause"]
    assert [mail.subject for mail in dev.mails()] == [subjects.failed()]


def told(where, run, *parts):
    assert (run["status"], run["error"]) == ("FAILED", "Database.Unavailable")
    [mail] = where.mails()
    assert mail.subject == subjects.failed()
    for part in (aws.INSTANCE, *parts):
        assert part in run["cause"] and part in mail.body


@contextmanager
def no_instance(stack):
    rds = stack.client("rds")
    was = rds.describe_db_instances(DBInstanceIdentifier=aws.INSTANCE)["DBInstances"][0]
    rds.delete_db_instance(DBInstanceIdentifier=aws.INSTANCE, SkipFinalSnapshot=True)
    try:
        yield
    finally:
        kept = ("DBInstanceIdentifier", "DBInstanceClass", "Engine", "AllocatedStorage", "MasterUsername", "DBName")
        rds.create_db_instance(
            **{name: was[name] for name in kept}, Port=was["Endpoint"]["Port"], MasterUserPassword="not-used-locally"
        )
