"""Corrections of moto's Step Functions API.

moto returns the history whole and in one order; here it has pages, both orders and a choice about execution data. A task
token is good for one answer, while its task waits. Afterwards the answer is `TaskTimedOut`; for a token that never
existed it is `InvalidToken`. StopExecution keeps its error and cause, and a start without a name gets one.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
)
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.responses import StepFunctionResponse as Api

from local.stepfunctions import tasks, variables

_PAGE = 1000
_DATA = ("input", "output", "parameters", "inputDetails", "outputDetails")


class Refused(JsonRESTError):
    """A request that the service refuses."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(error, message)


def install() -> None:
    """Replaces the requests that moto answers differently from AWS."""
    Api.start_execution = start_execution
    Api.stop_execution = stop_execution
    Api.get_execution_history = get_execution_history
    Api.send_task_success = send_task_success
    Api.send_task_failure = send_task_failure
    Api.send_task_heartbeat = send_task_heartbeat
    describe = Api.describe_execution

    def describe_execution(self: Api) -> ActionResult:
        described = describe(self).result
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if isinstance(described, dict) and execution.stop_date is not None:
            described["stopDate"] = execution.stop_date
        return ActionResult(described)

    Api.describe_execution = describe_execution


def start_execution(self: Api) -> ActionResult:
    """Handles StartExecution."""
    name = self._get_param("name") or str(uuid.uuid4())
    given = self._get_param("input", if_none="{}")
    if not re.fullmatch(r"[A-Za-z0-9+!@._=-]{1,80}", name):
        raise Refused("InvalidName", f"Invalid Name: '{name}'")
    if variables.size(given) > variables.LIMIT:
        raise Refused("ValidationException", "The input is longer than 262144 bytes")
    execution = self.stepfunction_backend.start_execution(self._get_param("stateMachineArn"), name, given)
    return ActionResult({"executionArn": execution.execution_arn, "startDate": execution.start_date})


def stop_execution(self: Api) -> ActionResult:
    """Handles StopExecution. Stopping an ended execution changes nothing."""
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    now = datetime.now(UTC)
    if execution.status == "RUNNING":
        execution.stop(stop_date=now, error=self._get_param("error"), cause=self._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date or now})


def get_execution_history(self: Api) -> ActionResult:
    """Handles GetExecutionHistory, with maxResults, nextToken, reverseOrder and includeExecutionData."""
    history = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
    events: list[Mapping[str, object]] = list(history["events"])
    if self._get_bool_param("reverseOrder", False):
        events = events[::-1]
    if not self._get_bool_param("includeExecutionData", True):
        events = [_without_data(event) for event in events]
    start = int(self._get_param("nextToken") or 0)
    end = start + (self._get_int_param("maxResults") or _PAGE)
    result: dict[str, Any] = {"events": events[start:end]}
    if end < len(events):
        result["nextToken"] = str(end)
    return ActionResult(result)


def send_task_success(self: Api) -> EmptyResult:
    """Handles SendTaskSuccess."""
    token, output = self._get_param("taskToken"), self._get_param("output")
    try:
        json.loads(output)
    except (TypeError, ValueError):
        raise Refused("InvalidOutput", "The output is not JSON") from None
    if variables.size(output) > variables.LIMIT:
        raise Refused("InvalidOutput", "The output is longer than 262144 bytes")
    _waiting(self, token).notify(CallbackOutcomeSuccess(callback_id=token, output=output))
    return EmptyResult()


def send_task_failure(self: Api) -> EmptyResult:
    """Handles SendTaskFailure, with its cause."""
    token = self._get_param("taskToken")
    outcome = CallbackOutcomeFailure(callback_id=token, error=self._get_param("error"), cause=self._get_param("cause"))
    _waiting(self, token).notify(outcome)
    return EmptyResult()


def send_task_heartbeat(self: Api) -> EmptyResult:
    """Handles SendTaskHeartbeat."""
    _waiting(self, self._get_param("taskToken")).notify_heartbeat()
    return EmptyResult()


def _waiting(self: Api, token: str) -> CallbackEndpoint:
    """Returns the task that waits for an answer with this token."""
    for execution in _executions(self):
        environment = execution.exec_worker.env if execution.exec_worker else None
        endpoint = environment.callback_pool_manager.get(token) if environment else None
        if endpoint is None:
            continue
        if execution.status != "RUNNING" or endpoint in tasks.closed or endpoint.get_outcome() is not None:
            raise Refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return endpoint
    raise Refused("InvalidToken", "Invalid Token: 'Invalid token'")


def _executions(self: Api) -> list[Execution]:
    machines = self.stepfunction_backend.state_machines
    return [one for machine in machines for one in machine.executions if isinstance(one, Execution)]


def _without_data(event: Mapping[str, object]) -> dict[str, object]:
    return {
        name: {key: item for key, item in value.items() if key not in _DATA} if isinstance(value, dict) else value
        for name, value in event.items()
    }
