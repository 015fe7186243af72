"""Runs steps one after the other until one fails, each within its time, and shows what each cost.

A step that takes too long is ended as Ctrl-C at a terminal ends it: our commands and pytest then stop the servers that
they started.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.checks.steps import Step
from scripts.setup import ROOT

#: The signals that end a command, in order, and the seconds that it has to end after each.
GRACE = ((signal.SIGINT, 90.0), (signal.SIGTERM, 15.0), (signal.SIGKILL, 15.0))

#: The exit status of a command that ran out of time, as with timeout(1).
TOO_LONG = 124


@dataclass(frozen=True)
class Cost:
    """The cost of a step: seconds on the clock, and seconds of all processors together."""

    step: Step
    clock: float
    processor: float
    status: int


def run(steps: Iterable[Step], environment: dict[str, str]) -> list[Cost]:
    """Runs the steps until one fails. Returns the cost of each step that ran; the last one's status tells whether all
    succeeded."""
    costs: list[Cost] = []
    for step in steps:
        print(f"\n── {step.title}\n   {' '.join(step.command)}", flush=True)
        cost = _cost(step, environment)
        costs.append(cost)
        print(f"   {cost.clock:.0f} s", flush=True)
        if cost.status:
            break
    return costs


def table(costs: list[Cost]) -> str:
    """Returns the table of the steps with their seconds and failures."""
    lines = ["", f"{'seconds':>9}  {'processor':>9}"]
    for cost in costs:
        ended = "" if not cost.status else "   TOOK TOO LONG" if cost.status == TOO_LONG else "   FAILED"
        lines.append(f"{cost.clock:9.0f}  {cost.processor:9.0f}  {cost.step.names[0]}{ended}")
    clock, processor = sum(cost.clock for cost in costs), sum(cost.processor for cost in costs)
    lines.append(f"{clock:9.0f}  {processor:9.0f}  in all: {clock / 60:.1f} minutes, {processor / 60:.1f} of a processor")
    return "\n".join(lines)


def _cost(step: Step, environment: dict[str, str]) -> Cost:
    started, before = time.monotonic(), _processor()
    status = _status(step, environment)
    return Cost(step, time.monotonic() - started, _processor() - before, status)


def _processor() -> float:
    """Returns the processor seconds of all processes that this one has waited for, and of their own children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _status(step: Step, environment: dict[str, str]) -> int:
    # A process group of its own, so that a signal reaches all of it.
    process = subprocess.Popen(
        step.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, process_group=0
    )
    try:
        return process.wait(step.minutes * 60)
    except subprocess.TimeoutExpired:
        print(f"   {step.names[0]} has taken {step.minutes:g} minutes, which is too long: it is ended", flush=True)
        return TOO_LONG
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends what is left of the command's group, the command itself included."""
    for which, seconds in GRACE:
        try:
            os.killpg(process.pid, which)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and _lives(process):
            time.sleep(0.05)


def _lives(process: subprocess.Popen[bytes]) -> bool:
    """Returns whether any process of the group is left. One that has ended and was not waited for still counts."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
