"""What a person types."""

import re
import threading

import pytest

from e2e.database import GATE, applied, open_gate, wait_for_gate


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
    ("verb", "status", "said"), [("approve", 0, "✓ 1 migration applied"), ("reject", 3, "Approval.Rejected")]
)
def test_the_commands_that_migrate_shows_decide_the_run(case, verb, status, said):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    following, shown = Lines(prod.start_script("migrate")), []
    command = following.find(rf"scripts/{verb} prod (\S+) --digest (\S+) ", shown)
    wrong = prod.script(verb, command[1], "--digest", "0" * 64, "--by", "Ann", "--reason", "read it")
    assert wrong.returncode == 2 and "Refused: the digest" in wrong.stderr
    decided = prod.script(verb, command[1], "--digest", command[2], "--by", "Ann", "--reason", "read it")
    assert decided.returncode == 0, decided.stderr
    assert "by Ann (claimed): read it" in decided.stdout
    assert following.end(shown) == status
    assert said in "".join(shown)
    again = prod.script(verb, command[1], "--digest", command[2], "--by", "Ann", "--reason", "read it")
    assert again.returncode == 2


def test_nobody_decides(case):
    brief = case("brief")
    brief.write("1_a", "CREATE TABLE a ()")
    followed = brief.script("migrate", "--require-approval")
    assert followed.returncode == 4 and "Approval.Expired" in followed.stdout


def test_migrate_stops_a_run(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); {GATE}")
    following, shown = Lines(dev.start_script("migrate")), []
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
    [("migrate", []), ("approve", ["x", "--digest", "d", "--by", "Ann", "--reason", "r"]), ("logs", [])],
)
def test_a_stack_that_is_not_there(case, name, arguments):
    failed = case().script(name, *arguments, "--project", "nowhere")
    assert failed.returncode == 1
    assert "nowhere-migrations-dev" in failed.stderr and "Traceback" not in failed.stderr


class Lines:
    """Reads a script's output while it runs."""

    def __init__(self, process):
        self._process = process
        # A script that says nothing more must not keep the test waiting.
        self._guard = threading.Timer(90, process.kill)
        self._guard.start()

    def find(self, pattern, shown):
        for line in self._process.stdout:
            shown.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"no {pattern} in {''.join(shown)}{self._process.stderr.read()}")

    def end(self, shown):
        shown.extend(self._process.stdout)
        status = self._process.wait()
        self._guard.cancel()
        return status
