"""Serves the other AWS services on a loopback port: ministack, with a few additions.

- A function's output reaches its log group line by line, as on AWS. ministack writes it when the invocation is over,
  which is too late to follow a migration.
- RDS reports the values of the file `database-instance.json` in the working directory for the instance. So a test can
  have every status, also one that the emulator never passes through.
- CloudFormation has what it lacks for the template's network (see `local.network`).
- A function's URL is served here for signed requests, and names the signer to the function (see `local.function_url`).
- Events whose source is `aws.*` may be put, because the Step Functions of the local stack lives in another process.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core.lambda_runtime import ProvidedWorker
from ministack.services import cloudwatch_logs, eventbridge, lambda_svc, rds

from local import function_url, network


def serve() -> None:
    """Serves, and never returns. The address and the port come from the environment."""
    eventbridge._put_events.__defaults__ = (True,)
    network.install()
    function_url.install()
    _stream_logs()
    _describe_instance_as_told()
    app.main()


class _Lines:
    """Passes a function's output through, and copies each line to its log stream."""

    def __init__(self, output: Any, config: dict[str, Any]) -> None:
        self._output = output
        self._config = config
        today = datetime.now(UTC).strftime("%Y/%m/%d")
        self._stream = f"{today}/[{config.get('Version', '$LATEST')}]{uuid.uuid4().hex}"

    def readline(self) -> bytes:
        line = self._output.readline()
        if line:
            log(self._config, self._stream, line.decode(errors="replace").rstrip("\r\n"))
        return line

    def close(self) -> None:
        self._output.close()


def log(config: dict[str, Any], stream_name: str, message: str) -> None:
    """Appends one line to a function's log group."""
    name = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
    now = int(time.time() * 1000)
    group = cloudwatch_logs._log_groups.get(name)
    if group is None:
        group = {
            "arn": cloudwatch_logs._make_group_arn(name), "creationTime": now, "retentionInDays": None,
            "tags": {}, "subscriptionFilters": {}, "streams": {},
        }
        cloudwatch_logs._log_groups[name] = group
    stream = group["streams"].setdefault(stream_name, {
        "events": [], "uploadSequenceToken": "1", "creationTime": now,
        "firstEventTimestamp": None, "lastEventTimestamp": None, "lastIngestionTime": None,
    })
    cloudwatch_logs._append_log_events(stream, [{"timestamp": now, "message": message, "ingestionTime": now}])


def _stream_logs() -> None:
    pump = ProvidedWorker._pump_output
    emit = lambda_svc._emit_lambda_logs

    def pump_output(self: ProvidedWorker, stream: Any, log_queue: Any) -> None:
        pump(self, _Lines(stream, self.config), log_queue)

    def emit_without_output(func: dict[str, Any], request_id: str, log_text: str, *rest: Any, **more: Any) -> None:
        emit(func, request_id, "", *rest, **more)

    ProvidedWorker._pump_output = pump_output
    lambda_svc._emit_lambda_logs = emit_without_output


def _describe_instance_as_told() -> None:
    describe = rds._instance_xml
    told = Path("database-instance.json").resolve()

    def describe_as_told(instance: dict[str, Any]) -> str:
        fields = json.loads(told.read_text()) if told.exists() else {}
        xml = describe(instance | fields)
        for absent in (name for name, value in fields.items() if value is None):
            # AWS leaves out a field that an instance does not have; the emulator sends it empty.
            xml = re.sub(f"<{absent}>.*?</{absent}>", "", xml)
        return xml

    rds._instance_xml = describe_as_told


if __name__ == "__main__":
    serve()
