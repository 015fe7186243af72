"""The command `lockstep` as a person calls it, on a deployed stack."""

import json
import re
import signal
import threading

import pytest

from proofs.harness.database import GATE, applied, open_gate, wait_for_gate


def test_run_follows_a_run_to_its_end(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.write("2_b", "CREATE TABLE b ()")
    followed = dev.command("run", "--reason", "because", "--requested-by", "Ann", "--commit", "abc123")
    assert followed.returncode == 0, followed.stderr
    for part in ("2 migrations pending", "migration 1 of 2: 1_a", "migration 2 of 2: 2_b", "✓ 2 migrations applied"):
        assert part in followed.stdout
    for part in ("because", "Ann", "abc123"):
        assert part in dev.mails()[0].body
    again = dev.command("run")
    assert (again.returncode, "Nothing was pending" in again.stdout) == (0, True)


def test_run_shows_a_plan(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    shown = dev.command("run", "--mode", "plan")
    assert shown.returncode == 0
    assert "1_a" in shown.stdout and "nothing was applied" in shown.stdout
    assert dev.tables() == []


@pytest.mark.parametrize(
    ("verb", "other", "status", "said"),
    [
        ("approve", "reject", 0, ["▶ Approved by", "✓ 1 migration applied"]),
        ("reject", "approve", 3, ["✗ Rejected by", "Approval.Rejected", "read it"]),
    ],
)
def test_the_commands_that_run_shows_decide_the_run(case, verb, other, status, said):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    following, shown = Lines(prod.start_command("run")), list[str]()
    show = following.find(r"lockstep show prod (\S+)$", shown)
    pending = prod.command("show", show[1])
    assert "1_a" in pending.stdout and "⏸ Waiting for approval until" in pending.stdout
    command = re.search(rf"lockstep {verb} prod (\S+) --digest (\S+) --reason REASON", pending.stdout)
    assert command, pending.stdout
    assert "⏸ waits for approval until" in prod.command("runs").stdout
    wrong = prod.command(verb, command[1], "--digest", "0" * 64, "--reason", "read it")
    assert wrong.returncode == 9 and "the digest" in wrong.stderr
    decided = prod.command(verb, command[1], "--digest", command[2], "--reason", "read it")
    assert decided.returncode == 0, decided.stderr
    by = "arn:aws:iam::000000000000:user/local (verified): read it"
    assert by in decided.stdout
    assert following.end(shown) == status
    for part in (*said, by):
        assert part in "".join(shown)
    again = prod.command(verb, command[1], "--digest", command[2], "--reason", "read it")
    assert (again.returncode, again.stdout) == (0, decided.stdout)
    opposite = prod.command(other, command[1], "--digest", command[2], "--reason", "changed my mind")
    assert opposite.returncode == 9 and by.split(" ")[0] in opposite.stderr
    ended = prod.command("show", show[1]).stdout
    assert by.partition(": read")[0] in ended and "read it" in ended and "versions" in ended


def test_no_decision_in_time(case):
    brief = case("brief")
    brief.write("1_a", "CREATE TABLE a ()")
    followed = brief.command("run", "--require-approval")
    assert followed.returncode == 4
    assert "✗ No person decided in time" in followed.stdout and "Approval.Expired" in followed.stdout


def test_asking_needs_a_terminal(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    failed = dev.command("run", "--ask")
    assert failed.returncode == 2 and "--ask needs a terminal" in failed.stderr and dev.executions() == []


def test_leaving_a_run_that_waits(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    following, shown = Lines(prod.start_command("run")), list[str]()
    following.find("lockstep reject ", shown)
    goes_on = following.interrupt(shown)
    assert "it waits for approval until" in goes_on
    followed = re.search(r"lockstep run prod --follow (\S+)", goes_on)
    assert followed, goes_on
    name = followed[1]
    assert f"lockstep stop prod {name}" in goes_on and f"lockstep show prod {name}" in goes_on
    [execution] = prod.executions()
    assert execution.endswith(name) and prod.pending(execution)["waiting"] is True


def test_leaving_a_run_that_applies(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    following, shown = Lines(dev.start_command("run")), list[str]()
    wait_for_gate(dev.connection)
    following.find("Applying", shown)
    goes_on = following.interrupt(shown)
    assert "it is applying" in goes_on and "lockstep stop dev" in goes_on
    open_gate(dev.connection)
    [execution] = dev.executions()
    assert dev.wait(execution)["status"] == "SUCCEEDED"


def test_a_reader_that_leaves_is_told_that_the_run_goes_on(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    following = dev.start_command("run")
    wait_for_gate(dev.connection)
    # As `| head -1` does.
    assert "lockstep-migrations-dev" in following.stdout.readline()
    following.stdout.close()
    # The reader is gone before the next line, for instance the one about a migration that takes long.
    assert following.wait(timeout=60) == 130
    errors = following.stderr.read()
    assert "The execution goes on without you" in errors and "panicked" not in errors
    open_gate(dev.connection)
    [execution] = dev.executions()
    assert dev.wait(execution)["status"] == "SUCCEEDED"


def test_json_is_all_that_a_program_reads(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()
    name = execution.rpartition(":")[2]
    shown = json.loads(prod.command("show", name, "--json").stdout)
    assert (shown["waiting"], shown["plan"]["digest"], shown["execution"]) == (True, digest, execution)
    refused = prod.command("reject", name, "--digest", "0", "--reason", "r", "--json")
    failure = json.loads(refused.stdout)
    assert (refused.returncode, failure["exit"], failure["failure"]["error"]) == (9, 9, "Approval.Refused")
    rejected = json.loads(prod.command("reject", name, "--digest", digest, "--reason", "Zoë", "--json").stdout)
    assert (rejected["decision"], rejected["reason"]) == ("rejected", "Zoë")
    assert prod.wait(execution)["error"] == "Approval.Rejected"
    [newest, *_] = json.loads(prod.command("runs", "--json").stdout)["runs"]
    assert (newest["execution"], newest["outcome"]) == (execution, "rejected")


def test_runs_lists_the_newest_first(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    assert dev.run({"requestedBy": "arn:aws:sts::000000000000:assumed-role/Starter/ann"})["status"] == "SUCCEEDED"
    dev.write("2_b", "SELECT 1 / 0")
    assert dev.run()["status"] == "FAILED"
    listed = dev.command("runs", "--limit", "2")
    assert listed.returncode == 0, listed.stderr
    _, newest, older = listed.stdout.splitlines()
    assert "✗ failed: Migration.Failed" in newest
    assert "✓ 1 migration applied" in older and older.endswith("Starter/ann")


def test_a_run_is_stopped(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    following, shown = Lines(dev.start_command("run")), list[str]()
    name = following.find(r"lockstep-migrations-dev  (\S+)", shown)[1]
    wait_for_gate(dev.connection)
    assert dev.command("stop", name).returncode == 0
    assert following.end(shown) == 5
    open_gate(dev.connection)
    assert dev.run()["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a")


def test_logs(case):
    dev = case()
    dev.write("1_only_in_this_test", "CREATE TABLE a ()")
    assert dev.run()["status"] == "SUCCEEDED"
    shown = dev.command("logs")
    assert shown.returncode == 0
    for part in ("applied migration", "1_only_in_this_test", "mail sent"):
        assert part in shown.stdout
    assert '"_aws"' not in shown.stdout
    one = dev.command("logs", "--step", "notify").stdout
    assert "mail sent" in one and "1_only_in_this_test" not in one


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run", []), ("approve", ["x", "--digest", "d", "--reason", "r"]), ("logs", []), ("runs", []), ("show", ["x"]),
    ],
)
def test_a_stack_that_is_not_there(case, name, arguments):
    failed = case().command(name, *arguments, "--project", "nowhere")
    assert failed.returncode == 1
    assert "nowhere-migrations-dev" in failed.stderr and "panicked" not in failed.stderr


class Lines:
    """Reads the command's output while it runs."""

    def __init__(self, process):
        self._process = process
        # A silent command must not keep the test waiting.
        self._guard = threading.Timer(90, process.kill)
        self._guard.start()

    def find(self, pattern, shown):
        for line in self._process.stdout:
            shown.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"no {pattern} in {''.join(shown)}{self._process.stderr.read()}")

    def interrupt(self, shown):
        """Sends Ctrl-C, and returns what is printed then."""
        self._process.send_signal(signal.SIGINT)
        before = len(shown)
        assert self.end(shown) == 130
        return "".join(shown[before:]) + self._process.stderr.read()

    def end(self, shown):
        shown.extend(self._process.stdout)
        status = self._process.wait()
        self._guard.cancel()
        return status
