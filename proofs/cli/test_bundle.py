"""`lockstep bundle`, and a bundle that the aws CLI uploads, with an emulated account."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from pathlib import Path

import pytest

from local import environment
from proofs.harness.bundles import listing

STACK = "lockstep-migrations-dev"
BUCKET = "lockstep-migrations-dev-0123abcd"

TEMPLATE = {
    "Resources": {"ReportsBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}}},
    "Outputs": {"ReportsBucketName": {"Value": {"Ref": "ReportsBucket"}}},
}

SCRIPTS = {"1_a": "CREATE TABLE a ();\n", "2_b": "CREATE TABLE b ();\n"}


def write(history: Path, scripts: dict[str, str]) -> Path:
    """Writes a history of Prisma's."""
    for name, sql in scripts.items():
        (history / name).mkdir(parents=True)
        (history / name / "migration.sql").write_text(sql, newline="")
    (history / "migration_lock.toml").write_text('provider = "postgresql"\n')
    return history


@pytest.fixture
def app(project):
    """An application's repository, which has a history of Prisma's and nothing of Lockstep."""
    (project.root / "template.yaml").unlink()
    write(project.root / "prisma" / "migrations", SCRIPTS)
    return project


@pytest.fixture
def stack(account):
    """A deployed stack, as far as bundles need one."""
    account.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(TEMPLATE))
    return account


def answer(ran, status=0):
    """Returns the value that a command wrote."""
    assert ran.status == status, ran.err
    return json.loads(ran.out)


def push(app, *arguments):
    return answer(app.lockstep("bundle", "push", "dev", "--json", *arguments))


def key(digest: str) -> str:
    return f"bundles/{digest}.zip"


# ------------------------------------------------------------ make


def test_the_same_files_make_the_same_bundle_whatever_their_times_modes_and_order(app, tmp_path):
    first = answer(app.lockstep("bundle", "make", "--json"))
    written = (app.root / first["file"]).read_bytes()
    assert first["file"] == f"{first['digest']}.zip" and hashlib.sha256(written).hexdigest() == first["digest"]
    assert first["files"] == ["1_a/migration.sql", "2_b/migration.sql", "migration_lock.toml"] and first["warnings"] == []
    other = write(tmp_path / "other", dict(reversed(SCRIPTS.items())))
    for number, file in enumerate(sorted(other.rglob("*"))):
        file.chmod(0o700)
        os.utime(file, (number * 1_000_000, number * 1_000_000))
    (other / ".DS_Store").write_text("no part of a history")
    again = app.lockstep("bundle", "make", str(other), "--output", "again.zip")
    assert again.status == 0 and again.out.startswith(f"bundle {first['digest']}\n  3 files, "), again.err
    assert (app.root / "again.zip").read_bytes() == written


def test_a_bundle_within_the_directory_is_no_part_of_the_next_one(app):
    history = app.root / "prisma" / "migrations"
    first = answer(app.lockstep("bundle", "make", "--output", str(history), "--json"))
    assert (history / f"{first['digest']}.zip").is_file()
    assert answer(app.lockstep("bundle", "make", "--json"))["digest"] == first["digest"]


def test_line_ends_of_windows_are_pointed_out(app):
    plain = answer(app.lockstep("bundle", "make", "--json"))
    (app.root / "prisma/migrations/2_b/migration.sql").write_text("CREATE TABLE b ();\r\n", newline="")
    made = app.lockstep("bundle", "make")
    assert made.status == 0 and plain["digest"] not in made.out
    assert "  ! line ends of Windows (CRLF) are in 2_b/migration.sql" in made.out and '"*.sql -text" in .gitattributes' in made.out


def test_a_directory_that_makes_no_bundle_is_named(app):
    def refused(directory: Path) -> str:
        ran = app.lockstep("bundle", "make", str(directory))
        assert ran.status == 1 and ran.err.startswith("lockstep: History.Invalid: "), ran.err
        return ran.err

    empty, both, many = (app.root / name for name in ("empty", "both", "many"))
    for directory in (empty, many):
        directory.mkdir()
    assert "holds no migration" in refused(empty)
    (write(both, SCRIPTS) / "3_c.sql").write_text("SELECT 1;\n")
    assert "holds migrations of two tools" in refused(both)
    for number in range(20_001):
        (many / f"{number}_x.sql").write_text("SELECT 1;\n")
    assert "the history has 20001 files, and a bundle may have 20000" in refused(many)
    assert not list(app.root.glob("*.zip"))
    missing = app.lockstep("bundle", "make", "nowhere")
    assert missing.status == 2 and "there is no directory nowhere" in missing.err


# ------------------------------------------------------------ push


def test_push_uploads_a_bundle_once(app, stack):
    first = app.lockstep("bundle", "push", "dev")
    assert first.status == 0, first.err
    [digest] = re.findall(r"^bundle ([0-9a-f]{64})\n  3 files, .*: uploaded$", first.out, re.MULTILINE)
    assert first.out.endswith(f"  start a run: lockstep run dev --bundle {digest}\n")
    headers = stack.headers["PutObject"]
    assert headers["if-none-match"] == "*" and headers["x-amz-checksum-sha256"] == b64encode(bytes.fromhex(digest)).decode()
    stored = stack.client("s3").get_object(Bucket=BUCKET, Key=key(digest))["Body"].read()
    assert hashlib.sha256(stored).hexdigest() == digest
    again = push(app)
    assert (again["digest"], again["uploaded"], again["bucket"], again["key"]) == (digest, False, BUCKET, key(digest))


def test_a_lost_answer_is_found_out_about(app, stack):
    def lose():
        stack.before_answer.clear()
        raise ConnectionResetError

    stack.before_answer["PutObject"] = lose
    pushed = push(app)
    # It is there, which the second attempt says.
    assert pushed["uploaded"] is False and stack.client("s3").head_object(Bucket=BUCKET, Key=pushed["key"])


def test_an_upload_beside_another_one_is_tried_again(app, stack):
    def conflict():
        stack.before_answer.clear()
        return 409, b"<Error><Code>ConditionalRequestConflict</Code><Message>at this moment</Message></Error>"

    stack.before_answer["PutObject"] = conflict
    assert push(app)["uploaded"] is False


def test_a_bucket_that_gives_no_answer_leaves_it_open(app, stack):
    stack.before_answer["PutObject"] = lambda: (503, b"<Error><Code>SlowDown</Code><Message>later</Message></Error>")
    ran = app.lockstep("bundle", "push", "dev")
    assert ran.status == 7 and "AWS answered SlowDown: later" in ran.err, ran.err
    assert "It is not known whether the bundle was uploaded. The same command again is safe" in ran.err
    following = app.lockstep("run", "dev", "--migrations", "prisma/migrations")
    assert following.status == 7 and "SlowDown" in following.err and "StartExecution" not in stack.asked, following.err


def test_a_large_bundle_is_announced_and_uploaded(app, stack):
    line = "-- " + "x" * 1_020 + "\n"
    write(app.root / "prisma/migrations", {"3_c": line * 30 * 1_024})
    ran = app.lockstep("bundle", "push", "dev")
    assert ran.status == 0 and ran.err == "uploading 30 MiB\n" and "  4 files, 30 MiB: uploaded\n" in ran.out, ran.err


def test_who_may_not_ship_is_told_which_policy_is_missing(app, stack):
    stack.refused = {"PutObject"}
    ran = app.lockstep("bundle", "push", "dev")
    assert ran.status == 1 and "attach the stack's policy for shipping (ShipPolicyArn)" in ran.err, ran.err
    stack.refused = {"DescribeStacks"}
    ran = app.lockstep("bundle", "push", "dev")
    assert ran.status == 1 and f"name the bucket of {STACK} with --bucket, or attach" in ran.err, ran.err
    assert push(app, "--bucket", BUCKET)["uploaded"] is True


def test_a_stack_that_is_not_there_gets_nothing(app, account):
    ran = app.lockstep("bundle", "push", "dev")
    assert ran.status == 1 and f"there is no stack {STACK} in this account" in ran.err, ran.err
    ran = app.lockstep("bundle", "push", "dev", "--bucket", "not-there")
    assert ran.status == 1 and "NoSuchBucket" in ran.err, ran.err


def test_an_interrupted_push_says_that_it_may_be_repeated(app, stack):
    goes_on, is_there = threading.Event(), threading.Event()

    def wait():
        is_there.set()
        goes_on.wait(30)

    stack.before_answer["PutObject"] = wait
    pushing = app.start("bundle", "push", "dev")
    try:
        assert is_there.wait(30)
        # The command awaits the answer.
        time.sleep(0.2)
        pushing.send_signal(signal.SIGINT)
        _, errors = pushing.communicate(timeout=30)
    finally:
        goes_on.set()
        pushing.kill()
    assert pushing.returncode == 130 and "The same command again is safe: it replaces nothing" in errors, errors
    stack.before_answer.clear()
    assert push(app)["uploaded"] is False


# ------------------------------------------------------------ list and show


def test_bundles_are_listed_and_shown(app, stack):
    none = app.lockstep("bundle", "list", "dev")
    assert (none.status, none.out) == (0, f"{STACK} has no bundles\n")
    first = push(app)
    # S3's times have whole seconds.
    time.sleep(1.1)
    write(app.root / "prisma/migrations", {"3_c": "CREATE TABLE c ();\n"})
    second = push(app)
    listed = answer(app.lockstep("bundle", "list", "dev", "--json"))
    assert [one["digest"] for one in listed["bundles"]] == [second["digest"], first["digest"]]
    assert (listed["count"], listed["size"]) == (2, first["size"] + second["size"])
    text = app.lockstep("bundle", "list", "dev", "--limit", "1").out
    assert second["digest"] in text and first["digest"] not in text and "2 bundles, " in text and "--limit shows the other 1" in text
    shown = answer(app.lockstep("bundle", "show", "dev", second["digest"], "--json"))
    assert (shown["tool"], shown["migrations"], shown["size"]) == ("Prisma", ["1_a", "2_b", "3_c"], second["size"])
    short = app.lockstep("bundle", "show", "dev", first["digest"][:8])
    assert short.status == 0 and short.out.startswith(f"bundle {first['digest']}\n") and "    2_b\n" in short.out, short.err
    assert "3_c" not in short.out


def test_a_list_has_more_than_one_page(app, stack):
    s3 = stack.client("s3")
    for number in range(1_001):
        s3.put_object(Bucket=BUCKET, Key=key(hashlib.sha256(b"%d" % number).hexdigest()), Body=b"x")
    s3.put_object(Bucket=BUCKET, Key="bundles/notes.txt", Body=b"x")
    listed = answer(app.lockstep("bundle", "list", "dev", "--json"))
    assert (listed["count"], listed["size"], len(listed["bundles"])) == (1_001, 1_001, 20)
    assert "! 1 other object there, which no run can read: bundles/notes.txt" in app.lockstep("bundle", "list", "dev").out


def test_rubbish_under_a_digest_is_refused_until_it_is_deleted(app, stack):
    digest = answer(app.lockstep("bundle", "make", "--json"))["digest"]
    s3 = stack.client("s3")
    s3.put_object(Bucket=BUCKET, Key=key(digest), Body=b"rubbish")
    assert push(app)["uploaded"] is False
    shown = app.lockstep("bundle", "show", "dev", digest)
    assert shown.status == 1 and f"the bundle {digest} has other bytes" in shown.err, shown.err
    [command] = re.findall(r"To free the name: aws s3api delete-object --bucket (\S+) --key (\S+)$", shown.err, re.MULTILINE)
    s3.delete_object(Bucket=command[0], Key=command[1])
    assert push(app)["uploaded"] is True
    assert app.lockstep("bundle", "show", "dev", digest).status == 0


def test_what_cannot_be_shown_is_named(app, stack):
    digest = "0f" * 32
    missing = app.lockstep("bundle", "show", "dev", digest)
    assert missing.status == 1 and f"bundle {digest} is not in {BUCKET}" in missing.err, missing.err
    short = app.lockstep("bundle", "show", "dev", "0f0f0f")
    assert short.status == 1 and "there is no bundle whose digest begins with 0f0f0f" in short.err
    capitals = app.lockstep("bundle", "show", "dev", digest.upper())
    assert capitals.status == 2 and "64 hexadecimal digits in lower case" in capitals.err
    stack.refused = {"GetObject"}
    refused = app.lockstep("bundle", "show", "dev", digest)
    assert refused.status == 1 and f"AWS does not let you read s3://{BUCKET}/{key(digest)}" in refused.err


# ------------------------------------------------------------ run


MACHINE = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}


@pytest.fixture
def machines(stack):
    """Returns the ARNs of the stack's state machines: of the one that migrates, and of the one that can only plan."""
    # The emulator's executions never end.
    stack.instead['"RUNNING"'] = '"SUCCEEDED"'
    states = stack.client("stepfunctions")
    made = [
        states.create_state_machine(name=name, definition=json.dumps(MACHINE), roleArn="arn:aws:iam::123456789012:role/x")
        for name in (STACK, f"{STACK}-plan")
    ]
    return [one["stateMachineArn"] for one in made]


def inputs(stack, machine):
    """Returns the inputs of a machine's executions."""
    states = stack.client("stepfunctions")
    listed = states.list_executions(stateMachineArn=machine)["executions"]
    return [json.loads(states.describe_execution(executionArn=one["executionArn"])["input"]) for one in listed]


def test_run_ships_a_directory_and_runs_on_it(app, stack, machines):
    ran = app.lockstep("run", "dev", "--migrations", "prisma/migrations", "--reason", "release 7")
    assert ran.status == 0, ran.err
    [digest] = re.findall(r"^bundle ([0-9a-f]{64})\n  3 files, .*: uploaded$", ran.out, re.MULTILINE)
    [given] = inputs(stack, machines[0])
    assert (given["bundle"], given["reason"]) == (digest, "release 7")
    again = app.lockstep("run", "dev", "--bundle", digest)
    assert again.status == 0 and [one["bundle"] for one in inputs(stack, machines[0])] == [digest, digest]
    listed = app.lockstep("runs", "dev")
    assert listed.out.count(digest[:12]) == 2 and "  BUNDLE  " in listed.out
    assert {one["bundle"] for one in answer(app.lockstep("runs", "dev", "--json"))["runs"]} == {digest}
    assert inputs(stack, machines[1]) == []


def test_a_planner_starts_the_machine_that_can_only_plan(app, stack, machines):
    ran = app.lockstep("run", "dev", "--plan-only", "--migrations", "prisma/migrations")
    assert ran.status == 0, ran.err
    [given] = inputs(stack, machines[1])
    assert given["mode"] == "plan" and len(given["bundle"]) == 64 and inputs(stack, machines[0]) == []
    [arn] = re.findall(rf"^arn:\S+:execution:{STACK}-plan:plan-\S+$", ran.out, re.MULTILINE)
    # The other commands find it by its ARN.
    [listed] = answer(app.lockstep("runs", "dev", "--plan-only", "--json"))["runs"]
    assert listed["execution"] == arn and arn in app.lockstep("runs", "dev", "--plan-only").out
    shown = answer(app.lockstep("show", arn, "--json"))
    assert (shown["status"], shown["request"]["bundle"]) == ("SUCCEEDED", given["bundle"])
    assert app.lockstep("run", "dev", "--follow", arn).status == 0
    stopped = app.lockstep("stop", "dev", arn)
    assert (stopped.status, stopped.out.splitlines()[0]) == (0, f"Stopped {arn}"), stopped.err


def test_nothing_is_sent_where_the_input_is_wrong(app, stack, machines):
    for arguments, said in (
        (["--bundle", "0F" * 32], "64 hexadecimal digits in lower case"),
        (["--input", '{"bundle": "abc"}'], "bundle: the digest of a bundle is 64 hexadecimal digits in lower case"),
        (["--migrations", "nowhere"], "there is no directory nowhere"),
        (["--migrations", "prisma/migrations", "--mode", "baseline"], "--up-to: the mode baseline needs it"),
    ):
        ran = app.lockstep("run", "dev", *arguments)
        assert ran.status == 2 and said in ran.err, ran.err
    assert "PutObject" not in stack.asked and "StartExecution" not in stack.asked


# ------------------------------------------------------------ other tools


def packed(app, tool: str) -> bytes:
    """Returns a zip that another tool made of the history."""
    file = app.root / "other.zip"
    history = app.root / "prisma" / "migrations"
    commands = {
        "zip -r": (["zip", "-q", "-r", "-X", str(file), "."], history),
        "zip -r migrations": (["zip", "-q", "-r", "-X", str(file), "migrations"], history.parent),
        "git archive": (["git", "archive", "--format=zip", f"--output={file}", "HEAD:prisma/migrations"], app.root),
        "zipfile": ([sys.executable, "-m", "zipfile", "-c", str(file), "migrations"], history.parent),
    }
    command, here = commands[tool]
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    if tool == "git archive":
        (app.root / ".git").rmdir()
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
        for arguments in (["init", "-q"], ["add", "prisma"], ["commit", "-q", "-m", "one"]):
            subprocess.run([*git, *arguments], cwd=app.root, check=True)
    subprocess.run(command, cwd=here, check=True)
    return file.read_bytes()


@pytest.mark.parametrize("tool", ["zip -r", "zip -r migrations", "git archive", "zipfile"])
def test_what_other_tools_make_is_read(app, stack, tool):
    content = packed(app, tool)
    digest = hashlib.sha256(content).hexdigest()
    stack.client("s3").put_object(Bucket=BUCKET, Key=key(digest), Body=content)
    shown = answer(app.lockstep("bundle", "show", "dev", digest, "--json"))
    assert (shown["tool"], shown["migrations"]) == ("Prisma", ["1_a", "2_b"])


def test_the_commands_of_the_page_ship_a_bundle_without_ours(app, stack, machines):
    """The listing is run as it is, by a shell."""
    if missing := [name for name in ("zip", "aws") if shutil.which(name) is None]:
        pytest.skip(f"needs {missing}")
    script = listing(BUCKET, machines[0])
    settings = environment.isolated(**stack.settings)
    ran = subprocess.run(["bash", "-euc", script], cwd=app.root, env=settings, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    headers = stack.headers["PutObject"]
    digest = hashlib.sha256((app.root / "bundle.zip").read_bytes()).hexdigest()
    assert headers["if-none-match"] == "*" and headers["x-amz-checksum-sha256"] == b64encode(bytes.fromhex(digest)).decode()
    assert inputs(stack, machines[0]) == [{"bundle": digest}]
    assert answer(app.lockstep("bundle", "show", "dev", digest, "--json"))["migrations"] == ["1_a", "2_b"]
    # What is there already is not replaced.
    upload = script.replace("rm -f", ": ").replace("zip -q", ": ")
    again = subprocess.run(["bash", "-euc", upload], cwd=app.root, env=settings, capture_output=True, text=True, check=False)
    assert again.returncode != 0 and "PreconditionFailed" in again.stderr, again.stderr
