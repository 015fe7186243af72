"""The apply function dies in the middle of a script, as it does when its memory is used up or its host is gone."""

import os
import signal
from pathlib import Path

from proofs.e2e import subjects
from proofs.harness.database import GATE, applied, client_port, open_gate, wait_for_gate


def test_nothing_is_left_of_a_killed_attempt_and_the_next_one_finishes(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a (n int); INSERT INTO a VALUES (1)")
    dev.write("2_b", f"INSERT INTO a VALUES (2); CREATE TABLE b (); {GATE}")
    execution = dev.start()
    os.kill(process_of(dev.connection, wait_for_gate(dev.connection)), signal.SIGKILL)
    open_gate(dev.connection)

    run = dev.wait(execution)
    assert run["status"] == "SUCCEEDED"
    assert len(dev.stack.failures(execution)) >= 1
    assert dev.ledger() == applied("1_a", "2_b")
    with dev.connection.connect() as session:
        assert session.execute("SELECT array_agg(n) FROM a").fetchone()[0] == [1, 2]
    assert [mail.subject for mail in dev.mails()] == [subjects.successful()]


def test_a_function_that_hangs_is_ended_at_its_timeout(case):
    brief = case("brief")
    brief.write("1_a", f"CREATE TABLE a (n int); {GATE} INSERT INTO a VALUES (1)")
    execution = brief.start()
    hanging = process_of(brief.connection, wait_for_gate(brief.connection))
    os.kill(hanging, signal.SIGSTOP)
    try:
        open_gate(brief.connection)
        run = brief.wait(execution)
    finally:
        if Path(f"/proc/{hanging}").exists():
            os.kill(hanging, signal.SIGKILL)
    assert run["status"] == "SUCCEEDED", (run.get("error"), run.get("cause"))
    assert brief.stack.failures(execution)[0][0] == "Sandbox.Timedout"
    assert brief.ledger() == applied("1_a")
    assert [mail.subject for mail in brief.mails()] == [subjects.successful()]


def process_of(connection, session):
    """Returns the process at the other end of a session. The local stack runs the functions' real binaries."""
    port = client_port(connection, session)
    connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [inode] = {
        fields[9]
        for fields in connections
        if fields[1].endswith(f":{port:04X}") and fields[2].endswith(f":{connection.port:04X}")
    }
    [found] = {int(file.parts[2]) for file in Path("/proc").glob("[0-9]*/fd/*") if points_to(file, f"socket:[{inode}]")}
    return found


def points_to(file, target):
    try:
        return os.readlink(file) == target
    except OSError:
        return False
