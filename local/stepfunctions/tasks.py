"""Tasks: their tokens, their timeouts, and the AWS SDK integrations.

On AWS each attempt of a callback task has a token of its own, which is void as soon as the attempt is over. moto keeps one
token for all attempts and takes answers at any time. A missing heartbeat is `States.HeartbeatTimeout`. Field and error
names of SDK integrations are those of the Java SDK; moto gets names with several capitals in a row wrong.
"""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

import boto3
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsJSONata
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackEndpoint, HeartbeatTimeoutError
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.utils import boto_client

from local.stepfunctions import expressions, variables

#: The tasks that no longer wait for an answer to their token.
closed: WeakSet[CallbackEndpoint] = WeakSet()


def install(aws_port: int) -> None:
    """Corrects the interpreter's tasks, and sends every integration to the emulator at `aws_port`."""
    _send_integrations_to(aws_port)
    TimeoutSecondsJSONata._eval_seconds = _timeout_seconds
    StateTaskServiceCallback._eval_body = _evaluate_task
    StateTaskServiceCallback._evaluate_with_timeout = _attempt
    StateTaskService._to_sfn_cased = staticmethod(java_name)
    _name_heartbeat_timeouts()
    _measure_arguments()
    _match_names_without_case()
    StateTaskServiceAwsSdk._normalise_service_error_name = staticmethod(java_name)
    StateTaskServiceAwsSdk._normalise_exception_name = staticmethod(error_name)


def java_name(name: str) -> str:
    """Returns a field's name as Step Functions shows it: `DBInstances` is `DbInstances`, `rds` is `Rds`."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+", name)
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def error_name(service: str, failure: Exception) -> str:
    """Returns an SDK failure's name: `Rds.DbInstanceNotFoundException` for the fault `DBInstanceNotFoundFault`."""
    kind = type(failure).__name__
    if kind == "ClientError" and isinstance(failure, ClientError):
        kind = failure.response["Error"]["Code"] or service
    kind = re.sub(r"(Fault|Exception)$", "", kind)
    return f"{service}.{java_name(kind)}Exception"


def _send_integrations_to(port: int) -> None:
    boto_client.moto_server_port = lambda: str(port)
    making_clients = threading.Lock()
    made: dict[tuple[str, str], Any] = {}

    def client(service_name: str, region_name: str, **options: Any) -> Any:
        # Two threads must not use boto3's default session while it makes a client. A client itself is for all threads.
        with making_clients:
            key = (service_name, region_name)
            if key not in made:
                url = f"http://127.0.0.1:{port}"
                made[key] = boto3.client(service_name, region_name, **options | {"endpoint_url": url})
            return made[key]

    boto_client.boto3 = SimpleNamespace(client=client)


def _timeout_seconds(self: TimeoutSecondsJSONata, env: Environment) -> int:
    self.string_jsonata.eval(env=env)
    seconds = env.stack.pop()
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds <= 99_999_999:
        expression = self.string_jsonata.expression
        raise expressions._failure(
            env, f"The JSONata expression '{expression}' must yield a whole number of seconds from 1 to 99999999."
        )
    return seconds


def _evaluate_task(self: StateTaskServiceCallback, env: Environment) -> None:
    if self._is_integration_pattern():
        self._assert_integration_pattern_is_supported()
    StateTaskService._eval_body(self, env=env)
    env.states.context_object.context_object_data.pop("Task", None)


def _attempt(self: StateTaskServiceCallback, env: Environment) -> None:
    if self.resource.condition != ResourceCondition.WaitForTaskToken:
        ExecutionState._evaluate_with_timeout(self, env)
        return
    endpoint = env.callback_pool_manager.add(env.states.context_object.update_task_token())
    try:
        ExecutionState._evaluate_with_timeout(self, env)
    finally:
        closed.add(endpoint)


def _name_heartbeat_timeouts() -> None:
    original = StateTaskServiceCallback._from_error

    def from_error(self: StateTaskServiceCallback, env: Environment, ex: Exception) -> Any:
        event = original(self, env=env, ex=ex)
        if isinstance(ex, HeartbeatTimeoutError):
            error = StatesErrorName(typ=StatesErrorNameType.StatesHeartbeatTimeout)
            timed_out = event.event_details["taskTimedOutEventDetails"] if event.event_details else None
            if timed_out is None:
                raise TypeError("moto tells of a heartbeat that did not come as something else than a timeout")
            timed_out["error"] = error.error_name
            event.error_name = error
        return event

    StateTaskServiceCallback._from_error = from_error


def _measure_arguments() -> None:
    original = StateTaskServiceLambda._eval_service_task

    def eval_service_task(self: StateTaskServiceLambda, env: Environment, **options: Any) -> None:
        payload = options["normalised_parameters"].get("Payload", b"")
        if len(payload) > variables.LIMIT:
            raise variables.too_large(env, f"The payload of the state '{env.next_state_name}'")
        original(self, env=env, **options)

    StateTaskServiceLambda._eval_service_task = eval_service_task


def _match_names_without_case() -> None:
    """Matches `DbInstanceIdentifier` to boto's `DBInstanceIdentifier`. A name without a match is refused, as on AWS."""

    def normalise(self: StateTaskServiceAwsSdk, parameters: dict[str, Any], **_: Any) -> None:
        action = self._get_boto_service_action()
        client = boto_client.boto_client_for(service=self._get_boto_service_name(), region="us-east-1")
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[action]).input_shape
        members = {name.lower(): name for name in shape.members}
        for given in list(parameters):
            if given.lower() not in members or given != java_name(given):
                raise ValueError(f"The field '{given}' is not supported by {self.resource.resource_arn}")
            parameters[members[given.lower()]] = parameters.pop(given)

    def normalise_response(self: StateTaskServiceAwsSdk, response: Any, **_: Any) -> None:
        _rename(response)

    StateTaskServiceAwsSdk._normalise_parameters = normalise
    StateTaskServiceAwsSdk._normalise_response = normalise_response


def _rename(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _rename(item)
    elif isinstance(value, dict):
        for name in list(value):
            _rename(value[name])
            value[java_name(name)] = value.pop(name)
