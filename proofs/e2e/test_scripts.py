"""The scripts as a person calls them."""

import re
import signal
import threading

import pytest

from proofs.harness.database import GATE, applied, open_gate, wait_for_gate


def test_migrate_follows_a_run_to_its_end(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.write("2_b", "CREATE TABLE b ()")
    followed = dev.script("migrate", "--reason", "because", "--requested-by", "Ann", "--commit", "abc123")
    assert followed.returncode == 0, followed.stderr
    for part in ("2 migrations pending", "migration 1 of 2: 1_a", "migration 2 of 2: 2_b", "✓ 2 migrations applied"):
        assert part in followed.stdout
    for part in ("because", "Ann", "abc123"):
        assert part in dev.mails()[0].body
    again = dev.script("migrate")
    assert (again.returncode, "Nothing was pending" in again.stdout) == (0, True)


def test_migrate_shows_a_plan(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    shown = dev.script("migrate", "--mode", "plan")
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
def test_the_commands_that_migrate_shows_decide_the_run(case, verb, other, status, said):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    following, shown = Lines(prod.start_script("migrate")), list[str]()
    show = following.find(r"scripts/show prod (\S+)$", shown)
    pending = prod.script("show", show[1])
    assert "1_a" in pending.stdout and "⏸ Waiting for approval until" in pending.stdout
    command = re.search(rf"scripts/{verb} prod (\S+) --digest (\S+) --reason REASON", pending.stdout)
    assert command, pending.stdout
    assert "⏸ waits for approval until" in prod.script("runs").stdout
    wrong = prod.script(verb, command[1], "--digest", "0" * 64, "--reason", "read it")
    assert wrong.returncode == 2 and "Refused: the digest" in wrong.stderr
    decided = prod.script(verb, command[1], "--digest", command[2], "--reason", "read it")
    assert decided.returncode == 0, decided.stderr
    by = "arn:aws:iam::000000000000:user/local (verified): read it"
    assert by in decided.stdout
    assert following.end(shown) == status
    for part in (*said, by):
        assert part in "".join(shown)
    again = prod.script(verb, command[1], "--digest", command[2], "--reason", "read it")
    assert (again.returncode, again.stdout) == (0, decided.stdout)
    opposite = prod.script(other, command[1], "--digest", command[2], "--reason", "changed my mind")
    assert opposite.returncode == 2 and by.split(" ")[0] in opposite.stderr
    ended = prod.script("show", show[1]).stdout
    assert by.partition(": read")[0] in ended and "read it" in ended and "versions" in ended


def test_no_decision_in_time(case):
    brief = case("brief")
    brief.write("1_a", "CREATE TABLE a ()")
    followed = brief.script("migrate", "--require-approval")
    assert followed.returncode == 4
    assert "✗ No person decided in time" in followed.stdout and "Approval.Expired" in followed.stdout


def test_leaving_a_run_that_waits(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    following, shown = Lines(prod.start_script("migrate")), list[str]()
    following.find("scripts/reject ", shown)
    goes_on = following.interrupt(shown)
    assert "it waits for approval until" in goes_on
    followed = re.search(r"scripts/migrate prod --follow (\S+)", goes_on)
    assert followed, goes_on
    name = followed[1]
    assert f"scripts/migrate prod --stop {name}" in goes_on and f"scripts/show prod {name}" in goes_on
    [execution] = prod.executions()
    assert execution.endswith(name) and prod.pending(execution)["waiting"] is True


def test_leaving_a_run_that_applies(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    following, shown = Lines(dev.start_script("migrate")), list[str]()
    wait_for_gate(dev.connection)
    following.find("Applying", shown)
    goes_on = following.interrupt(shown)
    assert "it is applying" in goes_on and "--stop" in goes_on
    open_gate(dev.connection)
    [execution] = dev.executions()
    assert dev.wait(execution)["status"] == "SUCCEEDED"


def test_a_reader_that_leaves_is_told_that_the_run_goes_on(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    following = dev.start_script("migrate")
    wait_for_gate(dev.connection)
    # As `| head -1` does.
    assert "lockstep-migrations-dev" in following.stdout.readline()
    following.stdout.close()
    # The reader is gone before the next line, for instance the one about a migration that takes long.
    assert following.wait(timeout=60) == 130
    errors = following.stderr.read()
    assert "The execution goes on without you" in errors and "Traceback" not in errors
    open_gate(dev.connection)
    [execution] = dev.executions()
    assert dev.wait(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_decision_counts_whatever_can_be_shown_of_it(case, encoding):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()
    name = execution.rpartition(":")[2]
    rejected = prod.script(
        "reject", name, "--digest", digest, "--reason", "Zoë", settings={"PYTHONIOENCODING": f"{encoding}:strict"}
    )
    assert (rejected.returncode, rejected.stderr) == (0, "")
    assert ("✗ Rejected" if encoding == "utf-8" else r"\u2717 Rejected") in rejected.stdout
    assert prod.wait(execution)["error"] == "Approval.Rejected"


def test_runs_lists_the_newest_first(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    assert dev.run({"requestedBy": "arn:aws:sts::000000000000:assumed-role/Starter/ann"})["status"] == "SUCCEEDED"
    dev.write("2_b", "SELECT 1 / 0")
    assert dev.run()["status"] == "FAILED"
    listed = dev.script("runs", "--limit", "2")
    assert listed.returncode == 0, listed.stderr
    _, newest, older = listed.stdout.splitlines()
    assert "✗ failed: Migration.Failed" in newest
    assert "✓ 1 migration applied" in older and older.endswith("Starter/ann")


def test_migrate_stops_a_run(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    following, shown = Lines(dev.start_script("migrate")), list[str]()
    name = following.find(r"lockstep-migrations-dev  (\S+)", shown)[1]
    wait_for_gate(dev.connection)
    assert dev.script("migrate", "--stop", name).returncode == 0
    assert following.end(shown) == 5
    open_gate(dev.connection)
    assert dev.run()["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a")


def test_logs(case):
    dev = case()
    dev.write("1_only_in_this_test", "CREATE TABLE a ()")
    assert dev.run()["status"] == "SUCCEEDED"
    shown = dev.script("logs")
    assert shown.returncode == 0
    for part in ("applied migration", "1_only_in_this_test", "mail sent"):
        assert part in shown.stdout
    assert '"_aws"' not in shown.stdout
    one = dev.script("logs", "--step", "notify").stdout
    assert "mail sent" in one and "1_only_in_this_test" not in one


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("migrate", []), ("approve", ["x", "--digest", "d", "--reason", "r"]), ("logs", []), ("runs", []), ("show", ["x"]),
    ],
)
def test_a_stack_that_is_not_there(case, name, arguments):
    failed = case().script(name, *arguments, "--project", "nowhere")
    assert failed.returncode == 1
    assert "nowhere-migrations-dev" in failed.stderr and "Traceback" not in failed.stderr


class Lines:
    """Reads a script's output while it runs."""

    def __init__(self, process):
        self._process = process
        # A silent script must not keep the test waiting.
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
        assert (errors := self._process.stderr.read()) == "", errors
        return "".join(shown[before:])

    def end(self, shown):
        shown.extend(self._process.stdout)
        status = self._process.wait()
        self._guard.cancel()
        return status
