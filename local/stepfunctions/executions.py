"""How an execution ends (stopped, timed out, or by itself), and the event about its end.

moto notices a stop or a timeout only when the running task returns. Here, as on AWS, the execution ends at once, its
history ends with ExecutionAborted or ExecutionTimedOut, and later results of the task are ignored. Each end is published
in the shape of AWS's "Step Functions Execution Status Change", which moto does not send at all.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any

import boto3
from moto.stepfunctions.parser.api import (
    ExecutionAbortedEventDetails,
    ExecutionTimedOutEventDetails,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramRunning, ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

LOG = logging.getLogger(__name__)
_LAST = ("ExecutionAborted", "ExecutionFailed", "ExecutionSucceeded", "ExecutionTimedOut")


def install(aws_port: int) -> None:
    """Makes executions end as on AWS, and publishes each end to the emulator at `aws_port`."""
    Program.eval = _run
    reflect = BaseExecutionWorkerCommunication._reflect_execution_status
    events = boto3.client("events", endpoint_url=f"http://127.0.0.1:{aws_port}")

    def reflect_and_publish(self: BaseExecutionWorkerCommunication) -> None:
        reflect(self)
        worker = self.execution.exec_worker
        state = worker.env.program_state() if worker and worker.env else None
        if isinstance(state, ProgramStopped):
            self.execution.error, self.execution.cause = state.error, state.cause
        entry = {
            "Source": "aws.states",
            "DetailType": "Step Functions Execution Status Change",
            "Resources": [self.execution.exec_arn],
            "Detail": json.dumps(status_change(self.execution)),
        }
        try:
            events.put_events(Entries=[entry])
        except Exception:
            LOG.exception("the end of an execution could not be published")

    BaseExecutionWorkerCommunication._reflect_execution_status = reflect_and_publish


def status_change(execution: Execution) -> dict[str, Any]:
    """Returns the `detail` of the event, with the field names and types that AWS documents."""
    if execution.exec_status is None or execution.stop_date is None:
        raise ValueError(f"{execution.exec_arn} has not ended")
    succeeded = execution.exec_status == "SUCCEEDED"
    output = json.dumps(execution.output, default=str) if succeeded else None
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": str(execution.exec_status.value),
        "startDate": int(execution.start_date.timestamp() * 1000),
        "stopDate": int(execution.stop_date.timestamp() * 1000),
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "output": output,
        "outputDetails": {"included": True} if succeeded else None,
        "error": execution.error,
        "cause": execution.cause,
    }


def _run(self: Program, env: Environment) -> None:
    """Runs the program in a thread and watches it. The first of its own end, a stop and the timeout counts."""
    limit = self.timeout_seconds.timeout_seconds if self.timeout_seconds else None
    env.next_state_name = self.start_at.start_at_name
    deadline = time.monotonic() + limit if limit else None
    worker = threading.Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(0.05)
        if deadline and time.monotonic() > deadline and isinstance(env._program_state, ProgramRunning):
            env.set_timed_out()
        if isinstance(env._program_state, ProgramStopped | ProgramTimedOut):
            _end_now(env)
            return


def _end_now(env: Environment) -> None:
    """Writes the last event of the history, once, and lets no event be written after it."""
    state = env.program_state()
    manager = env.event_manager
    write = manager.add_event
    manager.add_event = lambda *_, **__: 0
    history = manager.get_event_history()
    if history and history[-1]["type"] in _LAST:
        return
    env.event_history_context.source_event_id = 0
    if isinstance(state, ProgramStopped):
        details = EventDetails(
            executionAbortedEventDetails=ExecutionAbortedEventDetails(error=state.error, cause=state.cause)
        )
        write(context=env.event_history_context, event_type=HistoryEventType.ExecutionAborted, event_details=details)
    else:
        details = EventDetails(executionTimedOutEventDetails=ExecutionTimedOutEventDetails())
        write(context=env.event_history_context, event_type=HistoryEventType.ExecutionTimedOut, event_details=details)
    # A late result must not change how the execution ended.
    env._program_state = state
    env.set_error = lambda *_, **__: None
