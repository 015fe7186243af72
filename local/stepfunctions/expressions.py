"""JSONata as Step Functions evaluates it.

moto needs a Java machine for JSONata and pastes variables into the expression as text. Here an expression is parsed as
written and variables are bound as values, so a variable's value cannot break an expression.

As on AWS: an expression that yields nothing is an error, `$eval` does not exist, and `$parse`, `$partition`,
`$range`, `$hash`, `$random(seed)` and `$uuid` do. Stricter than AWS is known to be: a variable that was never assigned
is an error wherever it is read.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import random
import uuid
from typing import Any

from jsonata import Jsonata
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.states import States

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class ExpressionFailed(ValueError):
    """The expression has no result; the message says why."""


def evaluate(expression: str, variables: dict[str, Any]) -> Any:
    """Returns the JSON value of an expression. Raises `ExpressionFailed` if there is none."""
    try:
        program = Jsonata(expression)
        program.output_convert_nulls = False
        program.environment.parent = _KnownNames(program.environment.parent)
        result = program.evaluate(None, variables | _functions())
    except ExpressionFailed:
        raise
    except Exception as failure:
        raise ExpressionFailed(f"threw an error during evaluation: {failure}") from failure
    if result is None:
        raise ExpressionFailed("returned nothing (undefined).")
    return _json(result)


def install() -> None:
    """Makes the interpreter evaluate its JSONata with `evaluate`."""
    StringJSONata._eval_body = _eval_body
    States.set_result = _set_result
    States.set_error_output = _set_error_output


class _KnownNames(Jsonata.Frame):
    """The outermost scope: JSONata's own functions, and an error for every other name."""

    def __init__(self, builtin: Jsonata.Frame) -> None:
        super().__init__(None)
        self._builtin = builtin

    def lookup(self, name: str) -> Any:
        found = None if name == "eval" else self._builtin.lookup(name)
        if found is None and not name.startswith("__"):
            raise ExpressionFailed(f"threw an error during evaluation: ${name} is not defined")
        return found


def _functions() -> dict[str, Any]:
    """Returns the functions that Step Functions adds to JSONata."""
    return {
        name: Jsonata.JLambda(function)
        for name, function in {
            "parse": lambda text: json.loads(text),
            "partition": lambda items, size: [items[at : at + size] for at in range(0, len(items), size)],
            "range": lambda first, last, step: list(range(first, last + (1 if step > 0 else -1), step)),
            "hash": lambda value, algorithm: hashlib.new(_HASHES[algorithm], value.encode()).hexdigest(),
            "random": lambda seed=None: random.Random(seed).random(),
            "uuid": lambda: str(uuid.uuid4()),
        }.items()
    }


def _json(value: Any) -> Any:
    """Returns a result in plain JSON types. A function or a regular expression is not JSON."""
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    raise ExpressionFailed("returned an unsupported result type.")


def _eval_body(self: StringJSONata, env: Environment) -> None:
    variables = {**env.variable_store._outer_scope, **env.variable_store._inner_scope, "states": _states(env)}
    try:
        env.stack.append(evaluate(self.expression, variables))
    except ExpressionFailed as failure:
        raise _failure(env, f"The JSONata expression '{self.expression}' {failure}") from failure


def _failure(env: Environment, cause: str) -> FailureEventException:
    error = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EvaluationFailedEventDetails(error=error.error_name, cause=cause, state=env.next_state_name)
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=error,
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(evaluationFailedEventDetails=details),
        )
    )


def _states(env: Environment) -> dict[str, Any]:
    """Returns `$states`: `result` exists only after success, `errorOutput` only in a Catch, and times look like those
    of AWS."""
    data = env.states._states_data
    context = json.loads(json.dumps(env.states.context_object.context_object_data, default=_time))
    if "State" in context:
        context["State"]["EnteredTime"] = _time(context["State"]["EnteredTime"])
    states = {"input": data["input"], "context": context}
    for name in ("result", "errorOutput"):
        if data.get(name) is not None:
            states[name] = data[name]
    return states


def _time(value: datetime.datetime | str) -> str:
    moment = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(value)
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _set_result(self: States, result: Any) -> None:
    data = self._states_data
    if result is data.get("errorOutput"):
        return  # moto has a failure as the result too; AWS does not.
    data["result"], data["errorOutput"] = json.loads(json.dumps(result, default=_time)), None


def _set_error_output(self: States, error_output: Any) -> None:
    self._states_data["result"], self._states_data["errorOutput"] = None, error_output
