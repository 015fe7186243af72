"""The server of a command ends with the command, however the command ends."""

import signal
import socket
import subprocess
import sys

import pytest

from local import paths
from local.processes import pipe


def test_a_command_that_is_told_to_end_leaves_no_server():
    inner = ["sh", "-c", "echo $TEST_POSTGRES_PORT; exec sleep 60"]
    command = [sys.executable, "-m", "proofs.harness.with_postgres", *inner]
    with subprocess.Popen(command, cwd=paths.ROOT, stdout=subprocess.PIPE, text=True) as process:
        address = ("127.0.0.1", int(pipe(process.stdout).readline()))
        socket.create_connection(address, timeout=10).close()
        process.terminate()
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=10)
