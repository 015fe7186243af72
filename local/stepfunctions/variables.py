"""Variables: when an assignment becomes visible, and the limits on size.

On AWS all expressions of a state see the values from before the state: a value set by `Assign` is visible in the next
state, not in `Output` of the same state. moto assigns at once.
"""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state import state as common
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

LIMIT = 262_144


def size(value: Any) -> int:
    """Returns the size of a value as JSON in UTF-8, in bytes."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return len(text.encode())


def too_large(env: Environment, what: str) -> FailureEventException:
    """Returns `States.DataLimitExceeded`, which `States.ALL` does not catch."""
    error = StatesErrorName(typ=StatesErrorNameType.StatesStatesDataLimitExceeded)
    details = TaskFailedEventDetails(
        error=error.error_name, cause=f"{what} exceeds the maximum number of bytes service limit."
    )
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=error,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )


def install() -> None:
    """Makes the interpreter assign when a state is left, and measure sizes as AWS does."""
    AssignDecl._eval_body = _collect
    exited = common.CommonStateField._get_state_exited_event_details

    def assign_then_describe(self: common.CommonStateField, env: Environment) -> Any:
        for name, value in env.heap.pop("assigned", {}).items():
            env.variable_store.set(variable_identifier=name, variable_value=value)
        return exited(self, env)

    common.CommonStateField._get_state_exited_event_details = assign_then_describe
    common.is_within_size_quota = _is_within_limit
    state_task_service.is_within_size_quota = _is_within_limit


def _is_within_limit(value: Any) -> bool:
    return size(value) <= LIMIT


def _collect(self: AssignDecl, env: Environment) -> None:
    assigned: dict[str, Any] = {}
    for declaration in self.declaration_bindings:
        declaration.eval(env=env)
        assigned.update(env.stack.pop())
    if size(assigned) > LIMIT:
        raise too_large(env, f"What the state '{env.next_state_name}' assigns")
    env.heap.setdefault("assigned", {}).update(assigned)
