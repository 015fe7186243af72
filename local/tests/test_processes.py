"""Only a process that is still the recorded one is ever signalled."""

import subprocess
import sys

from local import processes

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
