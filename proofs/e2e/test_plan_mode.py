"""Mode plan changes nothing."""

import pytest

from proofs.harness.database import everything_written


@pytest.mark.parametrize("variant", ["dev", "prod"])
def test_a_plan_writes_nothing_and_asks_for_no_approval(case, variant):
    where = case(variant)
    where.write("1_a", "CREATE TABLE a ()")
    before = everything_written(where.connection)

    run = where.run({"mode": "plan"})
    assert run["status"] == "SUCCEEDED"
    assert run["output"]["outcome"] == "planned"
    [migration] = run["output"]["plan"]["migrations"]
    assert migration.pop("why")
    assert migration == {"name": "1_a", "class": "transactional", "statements": 1, "verdict": "safe"}
    assert run["output"]["plan"]["report"]["verdict"] == "safe"
    assert not {"Approval", "Apply"} & set(where.entered(run["executionArn"]))
    assert everything_written(where.connection) == before
    assert where.mails() == []


def test_a_plan_writes_nothing_beside_a_ledger(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    assert dev.run()["status"] == "SUCCEEDED"
    dev.write("2_b", "DROP TABLE a")
    before = everything_written(dev.connection)

    planned = dev.run({"mode": "plan"})["output"]["plan"]
    assert (planned["pending"], planned["alreadyApplied"]) == (1, 1)
    assert everything_written(dev.connection) == before
    assert dev.run({"mode": "plan"})["output"]["plan"]["digest"] == planned["digest"]
