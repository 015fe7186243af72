"""A run on a bundle: it reads one version of it throughout, and nothing that is not what its name says."""

import pytest

from proofs.e2e import subjects
from proofs.harness.bundles import Bundles, digest_of, zipped
from proofs.harness.database import applied, everything_written

LOCK = {"migration_lock.toml": 'provider = "postgresql"\n'}


def prisma(**scripts):
    return LOCK | {f"{name}/migration.sql": sql for name, sql in scripts.items()}


def test_a_bundle_is_applied_in_the_place_of_the_layer(case):
    dev = case()
    dev.write("9_of_the_layer", "CREATE TABLE layer ()")
    digest = Bundles(dev).put_files(prisma(**{"1_a": "CREATE TABLE a ()", "2_b": "CREATE TABLE b ()"}))
    run = dev.run({"bundle": digest, "upTo": "1_a"})
    assert run["status"] == "SUCCEEDED", run
    record = run["output"]
    assert record["request"]["bundle"] == record["plan"]["bundle"]["digest"] == digest
    assert record["plan"]["bundle"]["version"]
    assert dev.ledger() == applied("1_a") and dev.tables() == ["a"]
    [mail] = dev.mails()
    assert mail.subject == subjects.successful() and f"Bundle:       {digest}" in mail.body
    assert dev.run({"bundle": digest})["output"]["outcome"] == "applied"
    assert dev.run({"bundle": digest})["output"]["outcome"] == "nothingPending"


def test_the_report_names_the_bundle(case):
    dev = case()
    digest = Bundles(dev).put_files(prisma(**{"1_a": "CREATE TABLE a ()"}))
    planned = dev.run({"bundle": digest, "mode": "plan"})["output"]["plan"]
    for ending in ("json", "md", "html"):
        assert digest in dev.stored(planned["report"]["key"], ending).decode()


def test_the_same_scripts_have_the_same_plan_wherever_they_come_from(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    digest = Bundles(dev).put_files(prisma(**{"1_a": "CREATE TABLE a ()"}))
    of_layer, of_bundle = (dev.run({"mode": "plan"} | more)["output"]["plan"] for more in ({}, {"bundle": digest}))
    assert of_layer["digest"] == of_bundle["digest"]


def test_a_bundle_in_sqlx_layout(case):
    dev = case()
    digest = Bundles(dev).put_files({"1_a.sql": "CREATE TABLE a ()", "2_b.up.sql": "CREATE TABLE b ()", "2_b.down.sql": "DROP TABLE b"})
    run = dev.run({"bundle": digest})
    assert run["status"] == "SUCCEEDED", run
    assert run["output"]["apply"]["applied"] == 2 and {"a", "b"} <= set(dev.tables())


def test_what_was_approved_is_applied_when_the_bundle_has_expired(case):
    prod = case("prod")
    bundles = Bundles(prod)
    digest = bundles.put_files(prisma(**{"1_a": "CREATE TABLE a ()"}))
    execution, plan = prod.start_and_wait_for_approval({"bundle": digest})
    bundles.hide(digest)
    prod.decide(execution, plan)
    assert prod.wait(execution)["status"] == "SUCCEEDED"
    assert prod.ledger() == applied("1_a")
    # A new run does not find it.
    run = prod.run({"bundle": digest})
    assert (run["status"], run["error"]) == ("FAILED", "Config.Invalid")


def test_what_was_approved_is_applied_when_other_bytes_took_the_name(case):
    """The bucket's policy would have to be changed first."""
    prod = case("prod")
    bundles = Bundles(prod)
    digest = bundles.put_files(prisma(**{"1_a": "CREATE TABLE a ()"}))
    execution, plan = prod.start_and_wait_for_approval({"bundle": digest})
    bundles.replace(digest, zipped(prisma(**{"1_a": "CREATE TABLE evil ()"})))
    prod.decide(execution, plan)
    assert prod.wait(execution)["status"] == "SUCCEEDED"
    assert prod.tables() == ["a"]
    run = prod.run({"bundle": digest})
    assert (run["status"], run["error"]) == ("FAILED", "History.Invalid") and "other bytes" in run["cause"], run


def test_a_script_that_fails_is_shown_at_its_place_in_the_bundle(case):
    dev = case()
    digest = Bundles(dev).put_files({f"migrations/{name}": text for name, text in prisma(**{"1_a": "CREATE TABLE a ();\nSELECT 1/0"}).items()})
    run = dev.run({"bundle": digest})
    assert (run["status"], run["error"]) == ("FAILED", "Migration.Failed")
    [mail] = dev.mails()
    assert "Script:       migrations/1_a/migration.sql, line 2" in mail.body


@pytest.mark.parametrize(
    ("content", "error", "parts"),
    [
        (None, "Config.Invalid", ["AccessDenied", "NoSuchKey", "lockstep bundle push", "S3 endpoint"]),
        # What else the reader refuses: crates/bundle/tests.
        (b"no zip", "History.Invalid", ["is refused", "zip"]),
        (zipped(prisma(**{"1_a": "SELECT 1"}) | {"2_b.sql": "SELECT 1"}), "History.Invalid", ["migrations of two tools"]),
    ],
    ids=["missing", "no zip", "both layouts"],
)
def test_what_is_no_bundle_fails_at_once(case, content, error, parts):
    dev = case()
    dev.write("1_of_the_layer", "CREATE TABLE layer ()")
    digest = digest_of(b"missing") if content is None else Bundles(dev).put(content)
    before = everything_written(dev.connection)
    run = dev.run({"bundle": digest})
    assert (run["status"], run["error"]) == ("FAILED", error), run
    assert digest in run["cause"] or "the bundle" in run["cause"]
    assert any(part in run["cause"] for part in parts[:2]) and all(part in run["cause"] for part in parts[2:])
    assert dev.entered(run["executionArn"])[-2:] == ["NotifyFailure", "Failed"] and "Plan" not in dev.entered(run["executionArn"])
    assert everything_written(dev.connection) == before


def test_a_text_that_is_no_digest_is_refused(case):
    run = case().run({"bundle": "0F" * 32})
    assert (run["status"], run["error"]) == ("FAILED", "Config.Invalid") and run["cause"].startswith("bundle: "), run


def test_a_resolve_and_a_baseline_read_the_bundle_too(case):
    dev = case()
    bundles = Bundles(dev)
    with dev.connection.connect() as session:
        session.execute("CREATE TABLE a ()")
    digest = bundles.put_files(prisma(**{"1_a": "CREATE TABLE a ()", "2_b": "CREATE TABLE b ()"}))
    execution, plan = dev.start_and_wait_for_approval({"mode": "baseline", "upTo": "1_a", "bundle": digest})
    dev.decide(execution, plan)
    assert dev.wait(execution)["output"]["outcome"] == "baselined"
    assert dev.run({"bundle": digest})["status"] == "SUCCEEDED" and dev.ledger() == applied("1_a", "2_b")
