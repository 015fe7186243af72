"""Runs a function's release binary as Lambda does, and times each part.

`proofs.harness.runtime_api` does the same for the tests. Here every exchange is timed. No work is done between two
exchanges that would count, and the end of the process is waited for together with its resource usage.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proofs.harness.runtime_api import API, SECRET_ARN, variables

#: Answers a request's method, path and body with a status, headers and a body; with None there is no answer at all.
Answering = Callable[[str, str, bytes], tuple[int, dict[str, str], bytes] | None]


class FunctionFailed(RuntimeError):
    """A function answered with an error. The message is the function's own."""


@dataclass
class Run:
    """One process from its start to its answer. Times are in ms since the start."""

    polled: float = 0.0
    delivered: float = 0.0
    secret_given: float = 0.0
    answered: float = 0.0
    #: The output, whose type the caller knows.
    output: Any = field(default_factory=dict)
    #: The size of the payload in its answer.
    output_bytes: int = 0
    #: The size of each object that it put into a bucket, by the end of the object's key.
    stored: dict[str, int] = field(default_factory=dict)
    error: str = ""
    peak_kb: int = 0
    cpu_ms: float = 0.0

    @property
    def invocation(self) -> float:
        """The time from the payload's delivery to the answer."""
        return self.answered - self.delivered


def run(
    binary: Path, payload: Mapping[str, object], secret: Mapping[str, object], migrations: Path, log: Path,
    seconds: float = 600, objects: Mapping[str, bytes] | None = None, /, **settings: str,
) -> Run:
    """Starts the function, gives it one invocation, and ends it after its answer. It finds the objects in its bucket, each
    by the end of its key.
    """
    taken = Run()
    answered = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    started = 0.0
    process = 0

    def now() -> float:
        return (time.perf_counter() - started) * 1000

    def answer(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        if method == "GET" and not path.startswith(API):
            content = (objects or {}).get(path.partition("?")[0].rpartition("/")[2])
            return (404, {}, b"") if content is None else (200, {"x-amz-version-id": "1"}, content)
        if method == "GET":
            if taken.polled:
                return None  # there is no second invocation
            taken.polled = now()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:000000000000:function:{binary.name}:1",
            }
            taken.delivered = now()
            return 200, headers, json.dumps(payload).encode()
        if method == "PUT":
            taken.stored[path.partition("?")[0].rpartition("/")[2]] = len(body)
            return 200, {}, b""
        if not path.startswith(API):
            taken.secret_given = now()
            told = {"ARN": SECRET_ARN, "Name": "database", "SecretString": json.dumps(secret)}
            return 200, {}, json.dumps(told).encode()
        taken.answered = now()
        taken.peak_kb = _peak_kb(process)
        taken.output_bytes = len(body)
        given = json.loads(body)
        if path.endswith("/error"):
            taken.error = f"{given['errorType']}: {given['errorMessage']}"
        else:
            taken.output = given
        answered.set()
        return 202, {}, b"{}"

    threading.Thread(target=_serve, args=(listener, answer), daemon=True).start()
    told = variables(binary, address, **{"LOCK_TIMEOUT_MS": "500", "MIGRATIONS_DIR": str(migrations)} | settings)
    with open(log, "ab") as output:
        streams = [(os.POSIX_SPAWN_DUP2, output.fileno(), number) for number in (1, 2)]
        started = time.perf_counter()
        process = os.posix_spawn(binary, [str(binary)], told, file_actions=streams)
    try:
        if not answered.wait(seconds):
            raise FunctionFailed(f"{binary.name} gave no answer within {seconds} s; its log is {log}")
    finally:
        os.kill(process, 9)
        _, _, used = os.wait4(process, 0)
        listener.close()
    taken.cpu_ms = (used.ru_utime + used.ru_stime) * 1000
    return taken


def _serve(listener: socket.socket, answer: Answering) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_converse, args=(connection, answer), daemon=True).start()


def _converse(connection: socket.socket, answer: Answering) -> None:
    """Serves the part of HTTP that a function uses: one request after the other on a persistent connection."""
    try:
        with connection, connection.makefile("rb") as requests:
            while line := requests.readline():
                method, path, _ = line.decode().split(" ", 2)
                length = 0
                while (header := requests.readline().strip()):
                    name, _, value = header.decode().partition(":")
                    if name.lower() == "content-length":
                        length = int(value)
                given = answer(method, path, requests.read(length))
                if given is None:
                    requests.read(1)  # until the process ends
                    return
                status, headers, content = given
                headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
                head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                connection.sendall(f"HTTP/1.1 {status} OK\r\n{head}\r\n".encode() + content)
    except OSError:
        pass  # the process has ended


def _peak_kb(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
