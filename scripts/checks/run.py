"""Runs steps until one fails, each within its time, and shows what each cost.

Steps are on sides: those of one side run one after the other, the sides beside each other. A step that takes too long is
ended as Ctrl-C at a terminal ends it: our commands and pytest then stop the servers that they started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from scripts.checks.steps import Step
from scripts.setup import LOCAL, ROOT

#: The directory of the output of steps that run beside others. It is shown at the end of each step.
OUTPUT = LOCAL / "checks"

#: The signals that end a command, in order, and the seconds that it has to end after each.
GRACE = ((signal.SIGINT, 90.0), (signal.SIGTERM, 15.0), (signal.SIGKILL, 15.0))

#: The exit status of a command that ran out of time, as with timeout(1).
TOO_LONG = 124


@dataclass(frozen=True)
class Cost:
    """The cost of a step: seconds on the clock from its start, and seconds of all processors together."""

    step: Step
    started: float
    clock: float
    processor: float
    status: int


def run(steps: Iterable[Step], environment: dict[str, str]) -> list[Cost]:
    """Runs the steps one after the other until one fails. Returns the cost of each step that ended by itself or took too
    long; the last one's status tells whether all succeeded."""
    return beside([steps], environment)


def beside(sides: Sequence[Iterable[Step]], environment: dict[str, str]) -> list[Cost]:
    """Runs the sides beside each other until one step fails; the step on the other side is ended then. Returns like
    `run`. Where there are several sides, the output of a step is shown at its end."""
    left = [iter(side) for side in sides]
    running: list[_Running | None] = [None for _ in sides]
    costs: list[Cost] = []
    try:
        while True:
            for number, side in enumerate(left):
                if running[number] is None and (step := next(side, None)) is not None:
                    running[number] = _Running(step, environment, is_alone=len(sides) == 1)
            if not any(running):
                return costs
            for number, one in enumerate(running):
                if one is not None and one.is_over():
                    running[number] = None
                    costs.append(one.cost())
                    if costs[-1].status:
                        return costs
            time.sleep(0.05)
    finally:
        for one in filter(None, running):
            print(f"\n── {one.step.title}: ended before its end", flush=True)
            one.end()


def table(costs: list[Cost]) -> str:
    """Returns the table of the steps with their seconds and failures."""
    lines = ["", f"{'seconds':>9}  {'processor':>9}"]
    for cost in costs:
        ended = "" if not cost.status else "   TOOK TOO LONG" if cost.status == TOO_LONG else "   FAILED"
        lines.append(f"{cost.clock:9.0f}  {cost.processor:9.0f}  {cost.step.names[0]}{ended}")
    clock = max(cost.started + cost.clock for cost in costs) - min(cost.started for cost in costs)
    processor = sum(cost.processor for cost in costs)
    lines.append(f"{clock:9.0f}  {processor:9.0f}  in all: {clock / 60:.1f} minutes, {processor / 60:.1f} of a processor")
    return "\n".join(lines)


class _Running:
    """A step that runs."""

    def __init__(self, step: Step, environment: dict[str, str], is_alone: bool) -> None:
        self.step = step
        self._is_too_long = False
        self._processor = 0.0
        self._title = f"\n── {step.title}\n   {' '.join(step.command)}"
        self._output = None if is_alone else OUTPUT / f"{step.names[0]}.log"
        self._started = time.monotonic()
        # A process group of its own, so that a signal reaches all of it.
        start = partial(
            subprocess.Popen, step.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, process_group=0
        )
        if self._output is None:
            print(self._title, flush=True)
            self._process = start()
            return
        print(f"\n── {step.title}: begins, with its output in {os.path.relpath(self._output, ROOT)}", flush=True)
        OUTPUT.mkdir(parents=True, exist_ok=True)
        with self._output.open("wb") as output:
            self._process = start(stdout=output, stderr=subprocess.STDOUT)

    def is_over(self) -> bool:
        """Returns whether the step has ended. One that takes too long is ended here."""
        self._is_too_long = self._poll() is None and time.monotonic() > self._started + self.step.minutes * 60
        if self._is_too_long:
            print(f"   {self.step.names[0]} has taken {self.step.minutes:g} minutes, which is too long: it is ended", flush=True)
        elif self._poll() is None:
            return False
        self.end()
        return True

    def cost(self) -> Cost:
        """Shows the output, if it was not shown yet, and the seconds. Returns the cost."""
        clock = time.monotonic() - self._started
        if self._output is not None:
            print(f"{self._title}\n{self._output.read_text(errors='replace').rstrip()}")
        print(f"   {clock:.0f} s", flush=True)
        status = TOO_LONG if self._is_too_long else self._process.returncode
        return Cost(self.step, self._started, clock, self._processor, status)

    def end(self) -> None:
        """Ends what is left of the command's group, the command itself included."""
        for which, seconds in GRACE:
            try:
                os.killpg(self._process.pid, which)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and self._group_lives():
                time.sleep(0.05)

    def _poll(self) -> int | None:
        """Returns the exit status; None while the command runs."""
        if self._process.returncode is None:
            # Unlike Popen's own poll, this tells the seconds of the command and of all that it has waited for.
            pid, status, used = os.wait4(self._process.pid, os.WNOHANG)
            if pid:
                self._process.returncode = os.waitstatus_to_exitcode(status)
                self._processor = used.ru_utime + used.ru_stime
        return self._process.returncode

    def _group_lives(self) -> bool:
        """Returns whether any process of the group is left. One that has ended and was not waited for still counts."""
        self._poll()
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True
