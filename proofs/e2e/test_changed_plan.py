"""A run applies exactly the approved plan, or nothing."""

import pytest

from proofs.e2e import subjects
from proofs.harness.database import applied


def edited(prod):
    prod.write("2_b", "CREATE TABLE b (something_else int)")


def added(prod):
    prod.write("3_c", "CREATE TABLE c ()")


def removed(prod):
    (prod.migrations / "2_b" / "migration.sql").unlink()
    (prod.migrations / "2_b").rmdir()


@pytest.mark.parametrize("change", [edited, added, removed])
def test_migrations_that_change_during_the_approval_are_not_applied(case, tmp_path, change):
    prod = case("prod")
    two(prod)
    execution, digest = prod.start_and_wait_for_approval()

    prod.use_migrations(tmp_path / "changed")
    two(prod)
    change(prod)
    prod.decide(execution, digest)
    run = prod.wait(execution)
    assert (run["status"], run["error"]) == ("FAILED", "Plan.Changed")
    assert digest in run["cause"] and "start a new run" in run["cause"]
    assert (prod.ledger(), prod.tables()) == ([], [])
    told = [subjects.awaiting(), subjects.approved(), subjects.failed("prod")]
    assert [mail.subject for mail in prod.mails()] == told


def test_what_another_run_applied_of_the_same_plan_counts(case):
    prod = case("prod")
    two(prod)
    prod.write("3_c", "CREATE TABLE c ()")
    slow, slow_digest = prod.start_and_wait_for_approval()
    quick, quick_digest = prod.start_and_wait_for_approval({"upTo": "1_a"})
    prod.decide(quick, quick_digest)
    assert prod.wait(quick)["output"]["apply"]["applied"] == 1

    prod.decide(slow, slow_digest)
    run = prod.wait(slow)
    assert run["status"] == "SUCCEEDED"
    assert (run["output"]["apply"]["applied"], run["output"]["apply"]["appliedElsewhere"]) == (2, 1)
    assert prod.ledger() == applied("1_a", "2_b", "3_c")


def two(prod):
    prod.write("1_a", "CREATE TABLE a ()")
    prod.write("2_b", "CREATE TABLE b ()")
