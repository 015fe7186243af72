"""Starting and stopping the servers of a stack.

Each server's identity (process id and start time) is recorded. A signal is sent only to a process that still has that
identity: a recycled process id is left alone.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_processes: dict[int, subprocess.Popen[bytes]] = {}


class ServerFailed(RuntimeError):
    """A server did not come up; the message has the end of its log."""


@dataclass(frozen=True)
class Server:
    """One running server, as recorded."""

    name: str
    pid: int
    started: str

    def is_running(self) -> bool:
        process = _processes.get(self.pid)
        if process is not None:
            # A child process of ours keeps its id until its end is read here.
            return process.poll() is None
        return start_time(self.pid) == self.started

    def stop(self, how: signal.Signals = signal.SIGTERM, patience: float = 15) -> None:
        """Signals the server, waits, and kills it if it does not end."""
        for which, seconds in ((how, patience), (signal.SIGKILL, 5)):
            if not self.is_running():
                break
            try:
                os.kill(self.pid, which)
            except ProcessLookupError:
                break
            _until(lambda: not self.is_running(), seconds)


def pipe(end: IO[str] | None) -> IO[str]:
    """Returns a process's end of a pipe. Raises `ValueError` if the process was started without one."""
    if end is None:
        raise ValueError("the process was started without this pipe")
    return end


def start(name: str, command: list[str], log: Path, record: Path, **options: Any) -> Server:
    """Starts a server in a session of its own, so that Ctrl-C at the terminal does not reach it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    record.parent.mkdir(parents=True, exist_ok=True)
    # A server is stopped by its record, so an interruption must not come between start and record.
    with open(log, "ab") as output, uninterrupted():
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **options
        )
        _processes[process.pid] = process
        server = Server(name, process.pid, start_time(process.pid))
        record.write_text(json.dumps(server.__dict__))
    return server


def recorded(record: Path) -> Server | None:
    """Returns the server of a record, running or not; None if there is no record."""
    return Server(**json.loads(record.read_text())) if record.exists() else None


def wait_until_ready(server: Server, ready: Callable[[], bool], log: Path, seconds: float = 60) -> None:
    """Waits until a server is ready. A server that ended or never answers is an error with the end of its log."""
    if _until(lambda: not server.is_running() or ready(), seconds) and server.is_running():
        return
    end = "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else ""
    state = "did not answer in time" if server.is_running() else "ended while starting"
    raise ServerFailed(f"{server.name} {state} (log: {log}):\n{end}")


def free_port() -> int:
    """Returns a free loopback port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port: int) -> bool:
    """Returns whether a loopback port accepts connections."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def start_time(pid: int) -> str:
    """Returns the start time of a process as the system reports it; empty if there is no such process."""
    command = ["ps", "-o", "lstart=", "-o", "stat=", "-p", str(pid)]
    # In a session of its own, so that Ctrl-C does not end `ps`. A Ctrl-C before that session exists still does. So an
    # empty answer is asked for again: a running server would be taken for gone otherwise.
    while (shown := subprocess.run(command, check=False, capture_output=True, text=True, start_new_session=True)).returncode < 0:
        pass
    words = shown.stdout.split()
    return "" if not words or words[-1].startswith("Z") else " ".join(words[:-1])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds back Ctrl-C and the other signals that end this process until the block is done. A half-done block would
    leave servers behind."""
    if threading.current_thread() is not threading.main_thread():
        # Python lets only the main thread handle signals, and only the main thread is interrupted.
        yield
        return
    held: list[int] = []
    before = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for which in before:
        signal.signal(which, lambda number, _: held.append(number))
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
        if held:
            signal.raise_signal(held[0])


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
