"""A run that succeeds."""

import re

from local import paths
from proofs.e2e import subjects
from proofs.harness.database import applied


def test_first_run_applies_everything_and_the_second_finds_nothing(case):
    dev = case()
    dev.write("1_customers", "CREATE TABLE customers (id int PRIMARY KEY)")
    dev.write("2_orders", "CREATE TABLE orders (customer int REFERENCES customers)")

    first = dev.run({"requestedBy": "Ann", "commit": "abc123"})
    assert first["status"] == "SUCCEEDED"
    assert first["output"]["outcome"] == "applied"
    assert (first["output"]["apply"]["applied"], first["output"]["apply"]["remaining"]) == (2, 0)
    assert first["output"]["notifications"]["ended"]["sent"] is True
    assert "Approval" not in dev.entered(first["executionArn"])
    assert dev.ledger() == applied("1_customers", "2_orders")
    assert dev.tables() == ["customers", "orders"]

    [mail] = dev.mails()
    assert mail.subject == subjects.successful()
    assert re.search(r"2 migrations were applied in dev; the run took [\d.]+ m?s", mail.body)
    for name in ("1_customers", "2_orders"):
        assert re.search(rf"{name}  \d+ ms", mail.body)
    assert "Ann" in mail.body and "abc123" in mail.body and first["executionArn"] in mail.body

    second = dev.run()
    assert second["status"] == "SUCCEEDED"
    assert second["output"]["outcome"] == "nothingPending"
    assert second["output"]["plan"]["alreadyApplied"] == 2
    assert not {"Approval", "Apply"} & set(dev.entered(second["executionArn"]))
    assert len(dev.mails()) == 1
    assert len(dev.ledger()) == 2


def test_up_to_ends_the_run_early(case):
    dev = case()
    for name in ("1_a", "2_b", "3_c"):
        dev.write(name, f"CREATE TABLE t{name} ()")
    assert dev.run({"upTo": "2_b"})["output"]["apply"]["applied"] == 2
    assert dev.ledger() == applied("1_a", "2_b")
    assert dev.run()["output"]["apply"]["applied"] == 1
    assert dev.ledger() == applied("1_a", "2_b", "3_c")


def test_the_projects_own_migrations(case):
    dev = case()
    dev.use_migrations(paths.MIGRATIONS)
    names = sorted(path.parent.name for path in paths.MIGRATIONS.glob("*/migration.sql"))
    assert dev.run()["output"]["apply"]["applied"] == len(names)
    assert dev.ledger() == applied(*names)
    assert dev.run()["output"]["outcome"] == "nothingPending"


def test_names_and_reasons_may_hold_anything(case):
    dev = case()
    name, reason = """1_it's "odd" {% $run %} é✓""", """because 'of' "this" \\ {% $run %}"""
    dev.write(name, "CREATE TABLE a ()")
    run = dev.run({"reason": reason})
    assert run["status"] == "SUCCEEDED"
    assert run["output"]["apply"]["migrations"][0]["name"] == name
    assert dev.ledger() == applied(name)
    [mail] = dev.mails()
    assert name in mail.body and reason in mail.body
