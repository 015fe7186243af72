"""Runs of one plan as the state machine and its users make them: plan, apply, retries, and a new run after a failure."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from local.wire.request import Request
from local.wire.steps import ApprovedPlan, PlanInput, Secret
from proofs.chaos import retries
from proofs.chaos.server import Server
from proofs.harness.payloads import apply_input, plan_input
from proofs.harness.proxy import Proxy, Trap
from proofs.harness.runtime_api import Answer, Function

#: Failures after which the user starts a new run, as docs/failures.md says. Only these can follow from a fault: any
#: other failure (a script that fails, a changed plan, doubt) is for a person, and no fault excuses it.
TRY_AGAIN = frozenset({
    "Database.Unreachable", "Database.ConnectionClosed", "Database.ReadOnly", "Lock.Held", "Lock.Timeout",
    "Runtime.ExitError", "Sandbox.Timedout", "Secret.Unreachable",
})

#: The number of runs that a user starts before giving up.
MOST_RUNS = 5

#: The seconds after which all runs of one user count as stuck.
STUCK_AFTER = 120.0

#: The timeout of a function in seconds, unless a fault sets another.
PATIENCE = 20.0


@dataclass
class Ending:
    """The end of one user's runs."""

    runs: int = 0
    failures: list[str] = field(default_factory=list)
    #: The error of the last run and its message; empty if the run succeeded.
    error: str = ""
    message: str = ""
    ended_at: float = 0.0


class Bench:
    """One proxy with a plan function, and an apply function for each concurrent user, on one database at a time."""

    def __init__(self, server: Server, name: str, binaries: Path, /, **settings: str) -> None:
        self.server = server
        self.name = name
        self.proxy = Proxy(server.port)
        self._migrations = server.place / name / "migrations"
        self._migrations.parent.mkdir()
        self._binaries = binaries
        self._settings = {"LOCK_TIMEOUT_MS": "100", **settings}
        self._plan = self._function("plan")
        self.functions = [self._function("apply")]
        self._numbers = 0
        self._policy = {name: retries.of_state(name) for name in ("Plan", "Apply")}

    def close(self) -> None:
        for function in (self._plan, *self.functions):
            function.kill()
        self.proxy.close()

    def aim(self, database: str, migrations: Path, up_to: str | None = None) -> None:
        """Points the functions to a database and a history."""
        self.database = database
        self._up_to = up_to
        self._migrations.unlink(missing_ok=True)
        self._migrations.symlink_to(migrations)
        for function in self.functions:
            function.before_report = lambda: True

    def staff(self, users: int) -> None:
        """Starts an apply function for each of `users` users."""
        while len(self.functions) < users:
            self.functions.append(self._function("apply"))

    def plan(self, random_: random.Random) -> Answer:
        """Makes a plan. The proxy does not interfere with it."""
        def once(execution: str) -> Answer:
            return self._plan.invoke(self._input(execution), self._secret(), PATIENCE)

        return self._state("Plan", self._execution(), once, random_, [])

    def migrate(
        self, seed: str, *, user: int = 0, traps: list[Trap] | None = None, records: bool = False,
        patience: float = PATIENCE, first_plan: Answer | None = None, excused: frozenset[str] = TRY_AGAIN,
    ) -> Ending:
        """Starts runs until one succeeds, or fails with an error that the fault does not excuse. The traps are set
        after the first plan."""
        random_ = random.Random(f"{seed}/{user}")
        ending = Ending()
        stuck_at = time.monotonic() + STUCK_AFTER
        while True:
            ending.runs += 1
            plan = first_plan if first_plan and ending.runs == 1 else self.plan(random_)
            if ending.runs == 1 and traps is not None:
                self.proxy.reset(traps, records)
            answer = plan
            if not plan.error and plan.output["pending"]:
                # After a failure, a user gives the function its full timeout.
                given = patience if ending.runs == 1 else PATIENCE
                answer = self._apply_all(plan.output, user, given, random_, ending, stuck_at)
            ending.error, ending.message = answer.error, answer.message
            if answer.error not in excused or ending.runs == MOST_RUNS:
                ending.ended_at = time.monotonic()
                return ending

    def attempts(self, plan: ApprovedPlan) -> Iterator[Answer]:
        """Yields the attempts of one run of a plan, one after the other, whatever the previous result."""
        execution = self._execution()
        while True:
            yield self._attempt(plan, execution, 0, PATIENCE)

    def together(self, users: int, seed: str, traps: list[Trap]) -> list[Ending]:
        """Makes `users` runs of one plan at the same time. Returns the end of each."""
        self.staff(users)
        plan = self.plan(random.Random(seed))
        self.proxy.reset(traps)
        endings: dict[int, Ending] = {}

        def one(user: int) -> None:
            endings[user] = self.migrate(seed, user=user, first_plan=plan)

        threads = [threading.Thread(target=one, args=(user,)) for user in range(users)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return list(endings.values())

    def _apply_all(
        self, plan: ApprovedPlan, user: int, patience: float, random_: random.Random, ending: Ending, stuck_at: float,
    ) -> Answer:
        execution = self._execution()

        def once(execution: str) -> Answer:
            if time.monotonic() > stuck_at:
                return Answer(error="Stuck", message=f"not done in {STUCK_AFTER} s")
            return self._attempt(plan, execution, user, patience)

        while True:
            answer = self._state("Apply", execution, once, random_, ending.failures)
            if answer.error or answer.output["finished"]:
                return answer

    def _attempt(self, plan: ApprovedPlan, execution: str, user: int, patience: float) -> Answer:
        return self.functions[user].invoke(apply_input(self._input(execution), plan), self._secret(), patience)

    def _state(
        self, name: str, execution: str, once: Callable[[str], Answer], random_: random.Random, failures: list[str],
    ) -> Answer:
        policy = retries.Retries(self._policy[name], random_)
        while True:
            answer = once(execution)
            if not answer.error:
                return answer
            failures.append(answer.error)
            wait = policy.wait(answer.error)
            if wait is None:
                return answer
            time.sleep(wait)

    def _function(self, step: str) -> Function:
        log = self.server.place / self.name / f"{step}.log"
        return Function(self._binaries / step, self._migrations, log, **self._settings)

    def _execution(self) -> str:
        self._numbers += 1
        return f"chaos:{self.name}-{self._numbers}"

    def _input(self, execution: str) -> PlanInput:
        request: Request = {"mode": "apply", "requireApproval": False}
        if self._up_to:
            request["upTo"] = self._up_to
        return plan_input(execution, "db-CHAOS", request)

    def _secret(self) -> Secret:
        return self.server.secret(self.database, self.proxy.port)


def keep_logs(server: Server, place: Path) -> None:
    """Copies the functions' logs, so that a finding can be examined."""
    for log in server.place.glob("*/*.log"):
        shutil.copy(log, place / f"{log.parent.name}-{log.name}")
