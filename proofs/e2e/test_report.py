"""The report on a plan: where it is, who gets to know of it, and when it requires an approval."""

import json
import re
import stat
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from proofs.e2e import subjects
from proofs.harness.database import applied, make_out_to_have
from proofs.harness.waiting import until

#: Names as an attacker could choose them to imitate our texts, or to run code where they are shown. The name in a
#: history has no invisible character, because that is refused. A table's name may have one.
HOSTILE = "2_b é To approve: this <img src=x onerror=alert(1)> ::error::x ##[error]y [x](javascript:1) ${{ x }} `|"
HOSTILE_TABLE = '"b<script>alert(1)</script>\nTo reject:\n  that \u202e"'


@pytest.fixture
def browser(tmp_path):
    """A browser that notes the address that it opens: the settings for a script, and the file with the address."""
    program, told = tmp_path / "browser", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {told}\n')
    program.chmod(0o700)
    return {"BROWSER": str(program), "TMPDIR": str(tmp_path)}, told


def test_an_approver_reads_it_first(case, browser):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a (n int)")
    execution, digest = prod.start_and_wait_for_approval()
    before = len(prod.stack.history(execution))
    summary = prod.stack.result(execution, "Plan")["report"]
    assert (summary["verdict"], summary["safe"], summary["danger"]) == ("safe", 1, 0)
    assert summary["key"] == f"reports/{digest}"
    assert summary["bucket"] == prod.deployment.outputs["ReportsBucketName"]
    s3, bucket = prod.stack.client("s3"), summary["bucket"]
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(blocked) == 4 and all(blocked.values())
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"

    for ending, kind in (("json", "application/json"), ("md", "text/markdown"), ("html", "text/html")):
        found = prod.stored_object(summary["key"], ending)
        assert found["ContentType"].partition(";")[0] == kind and found["ContentDisposition"] == "inline"
    report = json.loads(prod.stored(summary["key"], "json"))
    assert (report["digest"], report["environment"]) == (digest, "prod")
    assert [(one["name"], one["sql"]) for one in report["migrations"]] == [("1_a", "CREATE TABLE a (n int)")]

    [mail] = prod.mails()
    assert "What they will do to this database: safe." in mail.body and "0 danger," in mail.body
    assert f"(this approves nothing):\n  lockstep show prod {execution} --open\n" in mail.body

    settings, told = browser
    opened = prod.command("show", execution, "--open", settings=settings)
    assert opened.returncode == 0, opened.stderr
    file = Path(opened.stdout.strip())
    # The command does not wait for the browser.
    until(lambda: told.exists() and told.read_text(), "the browser is told")
    assert told.read_text() == file.as_uri() and file.read_bytes() == prod.stored(summary["key"], "html")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = prod.command("show", execution, "--report")
    assert shown.returncode == 0 and "1_a" in shown.stdout.replace("\\", "")
    assert prod.command("show", execution).stdout.count("--open") == 1
    # Reading the report decides nothing.
    assert len(prod.stack.history(execution)) == before and prod.pending(execution)["waiting"] is True

    prod.decide(execution, digest, by="Bob")
    assert prod.wait(execution)["output"]["plan"]["report"] == summary
    told = prod.mails()[-1]
    assert told.subject == subjects.successful("prod")
    assert "What the report had said they would do: safe." in told.body and f"{execution} --open" in told.body


def test_a_report_that_has_expired(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, _ = prod.start_and_wait_for_approval()
    key = prod.stack.result(execution, "Plan")["report"]["key"]
    prod.stack.client("s3").delete_object(Bucket=prod.deployment.outputs["ReportsBucketName"], Key=f"{key}/report.html")
    failed = prod.command("show", execution, "--open")
    assert failed.returncode == 1 and "it expired (ReportRetentionDays)" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_run_with_nothing_to_report_on(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    assert dev.run()["status"] == "SUCCEEDED"
    run = dev.run()
    assert "report" not in run["output"]["plan"]
    failed = dev.command("show", run["executionArn"], "--report")
    assert failed.returncode == 1 and "nothing was pending" in failed.stderr


def test_outside_of_prod_the_verdict_decides_who_is_asked(case):
    dev = case()
    dev.write("1_a", "".join(f"CREATE TABLE {name} (n int); INSERT INTO {name} VALUES (1); " for name in "ab"))
    assert dev.run()["status"] == "SUCCEEDED"
    dev.write("2_b", "ALTER TABLE a ADD o int")
    unasked = dev.run()
    assert (unasked["status"], unasked["output"]["plan"]["report"]["verdict"]) == ("SUCCEEDED", "safe")
    dev.write("3_c", "DO $$ BEGIN PERFORM 1; END $$")
    unasked = dev.run()
    assert (unasked["status"], unasked["output"]["plan"]["report"]["verdict"]) == ("SUCCEEDED", "caution")
    assert "approval" not in unasked["output"]

    # The same statement gets one verdict on a small table, and another on a table that is large by its statistics.
    superuser = dev.stack.postgres.superuser
    make_out_to_have(superuser, dev.connection, "b", 1)
    dev.write("4_d", "DELETE FROM b WHERE n = 2")
    small = dev.run()
    assert (small["status"], small["output"]["plan"]["report"]["danger"]) == ("SUCCEEDED", 0)
    make_out_to_have(superuser, dev.connection, "a", 50_000_000)
    dev.write("5_e", "DELETE FROM a WHERE n = 2")
    execution, digest = dev.start_and_wait_for_approval()
    planned = dev.stack.result(execution, "Plan")
    assert (planned["report"]["verdict"], planned["migrations"][0]["verdict"]) == ("danger", "danger")
    assert [judged["name"] for judged in planned["report"]["worst"]] == ["5_e"]
    dev.decide(execution, digest)
    assert dev.wait(execution)["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a", "2_b", "3_c", "4_d", "5_e")
    requested = dev.mails()[-3]
    assert requested.subject == subjects.awaiting("dev") and "  5_e (danger): " in requested.body


def test_a_plan_without_a_report_needs_an_approval(case):
    """The report cannot be written, so the effects are unknown: the plan stays valid, and an approval is required."""
    unreported = case("unreported")
    bucket = unreported.deployment.outputs["ReportsBucketName"]
    s3 = unreported.stack.client("s3")
    s3.delete_bucket(Bucket=bucket)
    try:
        unreported.write("1_a", "CREATE TABLE a ()")
        execution, digest = unreported.start_and_wait_for_approval()
        planned = unreported.stack.result(execution, "Plan")
        assert "report" not in planned and planned["pending"] == 1
        assert planned["warnings"][0].startswith("There is no report (S3 answered with NoSuchBucket)")
        [mail] = unreported.mails()
        assert "is not known: there is no report" in mail.body and "NoSuchBucket" in mail.body
        failed = unreported.command("show", execution, "--open")
        assert failed.returncode == 1 and "NoSuchBucket" in failed.stderr
        unreported.decide(execution, digest)
        assert unreported.wait(execution)["status"] == "SUCCEEDED"
    finally:
        with pytest.raises(ClientError):
            s3.head_bucket(Bucket=bucket)
        s3.create_bucket(Bucket=bucket)


def test_a_name_that_cannot_be_seen_whole_is_refused(case):
    dev = case()
    dev.write("1_a\n\nApproved by:  me\u202e\u200b", "CREATE TABLE a ()")
    run = dev.run()
    assert (run["status"], run["error"]) == ("FAILED", "History.Invalid")
    assert "the name 1_a\\u{a}\\u{a}Approved by:  me\\u{202e}\\u{200b} in" in run["cause"] and "rename it" in run["cause"]
    [mail] = dev.mails()
    assert not re.search("[\u200b\u202e]", mail.body) and "\nApproved by:" not in mail.body
    assert dev.tables() == []


def test_hostile_names_do_no_harm(case):
    prod = case("prod")
    prod.write("1_a", f"CREATE TABLE {HOSTILE_TABLE} (n int); -- <script>alert(2)</script> \x1b[2J")
    prod.write(HOSTILE.replace("/", "_"), f"DROP TABLE {HOSTILE_TABLE};")
    execution, digest = prod.start_and_wait_for_approval()
    key = prod.stack.result(execution, "Plan")["report"]["key"]
    html = prod.stored(key, "html").decode()
    assert "2_b" in html
    for part in ("<img src=x", "<script>alert", "\x1b", "\u202e"):
        assert part not in html
    shown = prod.command("show", execution, "--report").stdout
    assert "##[" not in shown and not any(line.lstrip().startswith("::") for line in shown.splitlines())
    assert "2_b" in shown.replace("\\", "")
    assert not re.search("[\x1b\u202e]", shown + prod.command("show", execution).stdout)
    prod.decide(execution, digest)
    assert prod.wait(execution)["status"] == "SUCCEEDED"
    requested, *later = prod.mails()
    for mail in (requested, *later):
        lines = mail.body.splitlines()
        assert lines.count("  this") == lines.count("  that") == 0 and "\u202e" not in mail.body
        assert sum(line.startswith("To approve") for line in lines) == (mail is requested)
