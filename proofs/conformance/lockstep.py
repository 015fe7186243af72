"""The Lockstep side: the real `plan` and `apply` functions, called as a run of the state machine calls them."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from local.wire.request import Input, Request
from local.wire.steps import ApplyOutput, PlanInput, PlanOutput
from proofs.harness.payloads import apply_input, plan_input
from proofs.harness.runtime_api import Answer, Function
from proofs.harness.server import Server

#: The timeout of a function, in seconds.
PATIENCE = 60.0

#: The timeout for a scenario that makes a function wait on purpose. The function waits for the lock for a quarter of it.
SHORT = 8.0


class Refused(RuntimeError):
    """A function's failure, with its name."""

    def __init__(self, answer: Answer) -> None:
        # The last line is the place of the script, for programs.
        message, _, _ = answer.message.partition('\n{"migration":')
        super().__init__(f"{answer.error}: {message}")
        self.error = answer.error


@dataclass(frozen=True)
class Run:
    """The result of a run."""

    plan: PlanOutput
    applied: int = 0


class Lockstep:
    """The functions, pointed to one history and database after the other. `settings` are environment variables."""

    name = "lockstep"

    def __init__(self, server: Server, binaries: Path, **settings: str) -> None:
        self._server = server
        place = Path(tempfile.mkdtemp(prefix="functions-", dir=server.place))
        self._migrations = place / "migrations"
        self._plan, self._apply = (
            Function(binaries / name, self._migrations, place / f"{name}.log", LOCK_TIMEOUT_MS="100", **settings)
            for name in ("plan", "apply")
        )
        self._numbers = itertools.count(1)

    def close(self) -> None:
        self._plan.kill()
        self.kill()

    def kill(self) -> None:
        """Ends the apply function's process in the middle of its work."""
        self._apply.kill()

    def plan(self, directory: Path, database: str, port: int | None = None, **request: Unpack[Input]) -> PlanOutput:
        """Returns the plan of a run. Raises `Refused`."""
        self._aim(directory)
        secret = self._server.secret(database, port)
        return _output(self._plan.invoke(self._input(database, request), secret, PATIENCE))

    def migrate(
        self, directory: Path, database: str, patience: float = PATIENCE, port: int | None = None, **request: Unpack[Input],
    ) -> Run:
        """Makes a whole run, to its end. Raises `Refused`. The functions may reach the server by another `port`."""
        plan = self.plan(directory, database, port, **request)
        declares = request.get("mode") in ("resolve", "baseline")
        if not plan["pending"] and not declares:
            return Run(plan)
        return Run(plan, self.apply(plan, directory, database, patience, port, **request))

    def apply(
        self, plan: PlanOutput, directory: Path, database: str, patience: float = PATIENCE, port: int | None = None,
        **request: Unpack[Input],
    ) -> int:
        """Applies a plan to its end, and returns the number of applied migrations. Raises `Refused`."""
        self._aim(directory)
        payload = apply_input(self._input(database, request), plan)
        while True:
            done: ApplyOutput = _output(self._apply.invoke(payload, self._server.secret(database, port), patience))
            if done["finished"]:
                return done["applied"]

    # The operations that the proofs need of Lockstep and of each tool.

    def run(self, directory: Path, database: str) -> str:
        """Applies what is pending. Returns what went wrong, or an empty text."""
        return self._trouble(directory, database)

    def adopt(self, directory: Path, database: str, names: list[str]) -> str:
        """Records migrations as applied without running them. Returns what went wrong, or an empty text."""
        return self._trouble(directory, database, mode="baseline", upTo=names[-1])

    def unclean(self, directory: Path, database: str, settled: str = "") -> str:
        """Returns why a plan would not call a history complete and untouched, or an empty text. The plan may mention
        the row that Prisma keeps of a failed migration that was `settled`."""
        try:
            plan = self.plan(directory, database)
        except Refused as refused:
            return str(refused)
        if plan["pending"]:
            return f"pending: {[migration['name'] for migration in plan['migrations']]}"
        warnings = [one for one in plan["warnings"] if not (settled and one.startswith(settled) and "rolled back" in one)]
        return f"warnings: {warnings}" if warnings else ""

    def _trouble(self, directory: Path, database: str, **request: Unpack[Input]) -> str:
        try:
            self.migrate(directory, database, PATIENCE, None, **request)
        except Refused as refused:
            return str(refused)
        return ""

    def _aim(self, directory: Path) -> None:
        self._migrations.unlink(missing_ok=True)
        self._migrations.symlink_to(directory)

    def _input(self, database: str, request: Input) -> PlanInput:
        asked: Request = {"mode": "apply", "requireApproval": False, **request}
        return plan_input(f"conformance:{next(self._numbers)}", f"db-{database}", asked)


def _output(answer: Answer) -> Any:
    if answer.error:
        raise Refused(answer)
    return answer.output
