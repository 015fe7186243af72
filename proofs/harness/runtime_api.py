"""Runs a function's real binary as Lambda does: through the Runtime API, with a stand-in for Secrets Manager."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local import environment

API = "/2018-06-01/runtime/invocation/"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:database"


@dataclass(frozen=True)
class Answer:
    """The result of an invocation: an output, whose type the caller knows, or an error's name and message."""

    output: Any = field(default_factory=dict)
    error: str = ""
    message: str = ""


def variables(binary: Path, address: str, **settings: str) -> dict[str, str]:
    """Returns a function's environment, with the Runtime API and the AWS services that it calls at one address."""
    usual = {
        "AWS_LAMBDA_RUNTIME_API": address, "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://{address}",
        "AWS_ENDPOINT_URL_S3": f"http://{address}",
        "AWS_LAMBDA_FUNCTION_NAME": binary.name, "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_GROUP_NAME": binary.name,
        "AWS_LAMBDA_LOG_STREAM_NAME": "local", "PROJECT": "local", "ENVIRONMENT": "dev",
        "DATABASE_SECRET_ARN": SECRET_ARN, "DATABASE_SCHEMA": "public", "DATABASE_TLS": "disable",
    }
    return environment.isolated(**usual | settings)


class Function:
    """One function with at most one process, which is kept for further invocations until it dies."""

    def __init__(self, binary: Path, migrations: Path, log: Path, **settings: str) -> None:
        self._binary = binary
        self._log = log
        self._settings = {"MIGRATIONS_DIR": str(migrations), **settings}
        self._process: _Process | None = None
        #: Called before a report is accepted. Returns whether it is accepted.
        self.before_report: Callable[[], bool] = lambda: True

    def invoke(self, payload: Mapping[str, object], secret: Mapping[str, object], seconds: float) -> Answer:
        """Runs one invocation until its answer, the death of its process, or its timeout."""
        if self._process is None or not self._process.is_alive():
            self.kill()
            self._process = _Process(self._binary, self._log, self._settings, lambda: self.before_report())
        return self._process.invoke(payload, secret, seconds)

    def kill(self) -> None:
        """Sends SIGKILL, as when the memory is used up or the host is gone."""
        if self._process is not None:
            self._process.kill()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Does nothing: a killed process breaks its connections."""


class _Process:
    def __init__(self, binary: Path, log: Path, settings: dict[str, str], before_report: Callable[[], bool]) -> None:
        self.name = binary.name
        self.before_report = before_report
        self.secret: Mapping[str, object] = {}
        self._changed = threading.Condition()
        self._waiting: tuple[str, Mapping[str, object], float] | None = None
        self._answer: Answer | None = None
        self._http = _Listener(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        address = f"127.0.0.1:{self._http.server_port}"
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as output:
            self._process = subprocess.Popen(
                [binary], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env=variables(binary, address, **settings),
            )
        threading.Thread(target=self._reap, daemon=True).start()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._http.shutdown()
        self._http.server_close()

    def invoke(self, payload: Mapping[str, object], secret: Mapping[str, object], seconds: float) -> Answer:
        with self._changed:
            self.secret = secret
            self._answer = None
            self._waiting = (str(uuid.uuid4()), payload, time.time() + seconds)
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: self._answer is not None or not self.is_alive(), seconds)
            if self._answer is not None:
                return self._answer
        if done:
            return Answer(error="Runtime.ExitError", message="the process ended without an answer")
        self.kill()
        return Answer(error="Sandbox.Timedout", message=f"no answer within {seconds} s")

    def next(self) -> tuple[str, Mapping[str, object], float] | None:
        """Waits for the next invocation and returns it; None if the process has died meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or not self.is_alive())
            taken, self._waiting = self._waiting, None
            return taken if self.is_alive() else None

    def report(self, answer: Answer) -> bool:
        if not self.before_report():
            return False
        with self._changed:
            self._answer = answer
            self._changed.notify_all()
        return True

    def _reap(self) -> None:
        self._process.wait()
        with self._changed:
            self._changed.notify_all()


def _handler(process: _Process) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Small answers must not wait for the other side's acknowledgement.
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            invocation = process.next()
            if invocation is None:
                self.close_connection = True
                return
            request_id, payload, deadline = invocation
            self._send(200, payload, {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:000000000000:function:{process.name}:1",
            })

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.path.startswith(API):
                self._send(200, {"ARN": SECRET_ARN, "Name": "database", "SecretString": json.dumps(process.secret)})
                return
            if self.path.endswith("/error"):
                answer = Answer(error=body["errorType"], message=body["errorMessage"])
            else:
                answer = Answer(output=body)
            if process.report(answer):
                self._send(202, {})
            else:
                self.close_connection = True

        def _send(self, status: int, body: Mapping[str, object], headers: dict[str, str] | None = None) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Does nothing: the function's own log says what happened."""

    return Handler
