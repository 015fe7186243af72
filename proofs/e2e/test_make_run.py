"""`make run`: builds, deploys, runs, prints the result, and leaves nothing behind."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from local import paths, up
from proofs.e2e import subjects

#: Not the directory of `make up`, which may be in use.
STATE = paths.LOCAL / "make-run"


@pytest.fixture
def start():
    def start(terminal=None, **options):
        # Without the variables of a `make test` that may have started this.
        ours = ("ENV", "MIGRATIONS", "APPROVE", "DATABASE_URL", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS")
        settings = {name: value for name, value in os.environ.items() if name not in ours}
        settings |= {"LOCKSTEP_LOCAL": str(STATE)} | options
        # In a process group of its own, as at a terminal: Ctrl-C goes to the whole group.
        return subprocess.Popen(
            ["make", "run"], cwd=paths.ROOT, env=settings, stdin=terminal or subprocess.DEVNULL,
            stdout=terminal or subprocess.PIPE, stderr=terminal or subprocess.PIPE, text=True, process_group=0,
        )

    return start


@pytest.fixture
def make_run(start):
    def run(**options):
        process = start(**options)
        output, errors = process.communicate(timeout=900)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return run


def test_the_projects_own_migrations(make_run):
    count = len(list(paths.MIGRATIONS.glob("*/migration.sql")))
    made = make_run()
    assert made.returncode == 0, made.stdout + made.stderr
    for part in (f"{count} migrations pending", f"migration {count} of {count}", "✓", subjects.successful()):
        assert part in made.stdout
    assert not up.is_running(STATE)


def test_any_history_in_prod_that_a_person_rejects(make_run, tmp_path):
    migrations = tmp_path / "a directory's name"
    (migrations / "1_another_tools").mkdir(parents=True)
    (migrations / "1_another_tools" / "migration.sql").write_text("CREATE TABLE a ()")
    made = make_run(ENV="prod", APPROVE="no", MIGRATIONS=str(migrations))
    assert made.returncode != 0
    for part in ("1_another_tools", "Waiting for approval", "Approval.Rejected", subjects.awaiting(), subjects.rejected()):
        assert part in made.stdout
    # The report was there before the answer, and still is after the stack is gone.
    before, _, _ = made.stdout.partition("Approval.Rejected")
    [kept] = set(re.findall(r"^  report  (/\S+\.html)$", before, re.MULTILINE))
    assert "1_another_tools" in Path(kept).read_text() and "0 danger, 0 caution, 1 safe" in before
    assert not up.is_running(STATE)


def test_a_person_at_the_terminal_approves(start):
    ours, its = pty.openpty()
    made = start(its, ENV="prod", TERM="dumb")
    os.close(its)
    answers = {"Type approve or reject (Enter: decide later): ": ["y", "approve"], "  reason: ": ["", "read it"]}
    shown = ""
    # The terminal of a program that has ended cannot be read.
    with contextlib.suppress(OSError):
        while read := os.read(ours, 65536):
            shown += read.decode()
            for question, left in answers.items():
                if shown.endswith(question) and left:
                    os.write(ours, f"{left.pop(0)}\n".encode())
    os.close(ours)
    assert made.wait(timeout=60) == 0, shown
    for part in ("Type the whole word", "user/local (verified): read it", "migrations applied", subjects.successful("prod")):
        assert part in shown
    assert not up.is_running(STATE)


def test_ctrl_c_again_and_again_leaves_nothing_behind(start):
    made = start()
    # A process that does not end by itself fails the test, and delays no other test.
    def kill():
        if made.poll() is None:
            os.killpg(made.pid, signal.SIGKILL)

    patience = threading.Timer(240, kill)
    patience.daemon = True
    patience.start()
    for line in made.stdout:
        # A second `make run` at the same time is refused, and does not delete the first one's stack.
        if "Starting the AWS emulators" in line:
            second = start()
            assert "at work in this checkout" in second.communicate(timeout=60)[1] and second.returncode != 0
            os.killpg(made.pid, signal.SIGINT)
        if "Stopping what was started" in line:
            for _ in range(20):
                try:
                    os.killpg(made.pid, signal.SIGINT)
                except ProcessLookupError:
                    break
                time.sleep(0.05)
    _, errors = made.communicate(timeout=60)
    patience.cancel()
    assert made.returncode not in (0, -signal.SIGKILL)
    assert not list(STATE.glob("*.json")) and not up.is_running(STATE), errors
