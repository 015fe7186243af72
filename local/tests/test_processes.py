"""A signal is sent only to a process that is still the recorded one."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from local import processes
from local.stack import Stack

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_starts_records_and_stops(tmp_path):
    record = tmp_path / "server.json"
    server = processes.start("A sleeper", SLEEP, tmp_path / "log", record)
    assert processes.recorded(record) == server
    assert server.is_running()
    server.stop()
    assert not server.is_running()


def test_leaves_another_process_with_the_same_id_alone():
    other = subprocess.Popen(SLEEP)
    try:
        processes.Server("A sleeper", other.pid, "Mon Jan  1 00:00:00 2001").stop()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_says_why_a_server_did_not_come_up(tmp_path):
    log = tmp_path / "log"
    server = processes.start("A liar", [sys.executable, "-c", "print('no such option')"], log, tmp_path / "server.json")
    try:
        processes.wait_until_ready(server, lambda: False, log, seconds=20)
    except processes.ServerFailed as failure:
        assert "ended while starting" in str(failure)
        assert "no such option" in str(failure)
    else:
        raise AssertionError("a dead server was taken for a ready one")


@pytest.fixture
def interruptible():
    """Ctrl-C works, even if pytest was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_what_must_be_done_as_a_whole_is_interrupted_afterwards(interruptible):
    done = []
    with pytest.raises(KeyboardInterrupt), processes.uninterrupted():
        signal.raise_signal(signal.SIGINT)
        with processes.uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("inside")
        done.append("outside")
    assert done == ["inside", "outside"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_other_threads_are_not_interrupted_anyway():
    done = []

    def work():
        with processes.uninterrupted():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


def test_a_server_runs_also_while_ctrl_c_is_pressed(monkeypatch):
    """Ctrl-C would end `ps`, and a server that `ps` does not report would be taken for gone."""
    run = subprocess.run
    sessions = []

    def look(*given, **options):
        code = [sys.executable, "-c", "import os; print(os.getsid(0))"]
        sessions.append(int(run(code, check=True, capture_output=True, start_new_session=options["start_new_session"]).stdout))
        return run(*given, **options)

    monkeypatch.setattr(processes.subprocess, "run", look)
    assert processes.start_time(os.getpid())
    assert sessions[0] != os.getsid(0)


def test_what_ps_was_ended_before_it_told_is_asked_again(tmp_path, monkeypatch):
    """Ctrl-C comes between the start of `ps` and its own session."""
    asked = tmp_path / "asked"
    (tmp_path / "ps").write_text(f"""#!/bin/sh
if mkdir '{asked}' 2>/dev/null; then kill -INT $$; fi
PATH='{os.environ["PATH"]}' exec ps "$@"
""")
    (tmp_path / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert processes.start_time(os.getpid())
    assert asked.exists()


def test_a_server_of_this_process_is_stopped_whatever_ps_tells(tmp_path, monkeypatch):
    server = processes.start("A sleeper", SLEEP, tmp_path / "log", tmp_path / "server.json")
    monkeypatch.setattr(processes, "start_time", lambda _: "")
    assert server.is_running()
    server.stop()
    assert not server.is_running()


@pytest.mark.parametrize("again", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_while_a_stack_stops_leaves_nothing(again, interruptible, tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        stack, record = Stack(tmp_path), tmp_path / "postgres.json"
        server = processes.start("PostgreSQL", SLEEP, tmp_path / "log", record)
        monkeypatch.setattr(stack.aws, "stop", lambda: signal.raise_signal(again))
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            stack.stop()
        assert not server.is_running() and not record.exists()
    finally:
        signal.signal(signal.SIGTERM, before)
