"""The contenders that apply a history: the limit, Lockstep, and other tools."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from local import environment
from proofs.bench import function
from proofs.bench.build import BENCH, Binaries
from proofs.bench.histories import Layouts
from proofs.bench.server import Address
from proofs.harness.payloads import apply_input, plan_input

FRESH, NOTHING, ONE = "everything pending", "nothing pending", "one pending"

#: The cases in order: each leaves the database that the next one needs.
CASES = (FRESH, NOTHING, ONE)


class ContenderFailed(RuntimeError):
    """A contender failed. The message is the end of its output."""


class Spread(NamedTuple):
    """The spread of one value over several goes. In JSON it is an array."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> Self:
        """Returns the spread of some values, rounded to a thousandth."""
        return cls(*(round(value, 3) for value in (statistics.median(values), min(values), max(values))))


@dataclass
class Taken:
    """The cost of one go. `parts` are parts of the wall time that are shown separately."""

    wall_ms: float
    cpu_ms: float
    peak_kb: int
    parts: dict[str, float] = field(default_factory=dict)


class Contender:
    """Applies what is pending. `pending` is the number of migrations, for a tool that cannot find out."""

    key = ""
    label = ""
    cases: tuple[str, ...] = CASES
    #: Whether a long history is applied only once.
    slow = False
    #: The contender whose database it works on, if it has none of its own.
    guest_of = ""
    #: An explanation for a contender that stands for more than one thing.
    note = ""

    def __init__(self, binaries: Binaries, place: Path) -> None:
        self.binaries = binaries
        self.place = place
        self.log = place / f"{self.key}.log"

    @property
    def database(self) -> str:
        return f"bench_{self.guest_of or self.key}".replace("-", "_")

    @classmethod
    def missing(cls) -> str:
        """Returns why this machine cannot measure it; empty if it can."""
        return ""

    def version(self) -> str:
        return ""

    def prepare(self, layouts: Layouts, address: Address, pending: int) -> None:
        """Prepares a go. The time of this is not measured."""

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        raise NotImplementedError

    def measured(self, command: list[str], **settings: str) -> Taken:
        """Runs one command. Returns what the command and its child processes used."""
        result = self.place / "measured.json"
        result.unlink(missing_ok=True)
        with open(self.log, "wb") as output:
            subprocess.run(
                [self.binaries.mean("measure"), result, *command], check=False, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=environment.isolated(**settings),
            )
        taken = json.loads(result.read_text())
        if taken["status"] != 0:
            raise ContenderFailed(f"{self.label}: {_reason(self.log.read_text(errors='replace'))}")
        return Taken(taken["wall_us"] / 1000, taken["cpu_us"] / 1000, taken["peak_kb"])


class _Limit(Contender):
    mode = ""

    def prepare(self, layouts: Layouts, address: Address, pending: int) -> None:
        self._list = layouts.listed(pending)

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        return self.measured([str(self.binaries.mean("limit")), self.mode, str(self._list)], **address.libpq)


class Each(_Limit):
    key, label, mode = "limit", "limit: a query per file", "each"
    note = "each file as one simple query on one connection; no ledger, no lock"


class Together(_Limit):
    key, label, mode = "limit-together", "limit: one transaction", "together"
    note = "the same in one transaction, interrupted where a file has to be outside of it"


class Lockstep(Contender):
    """The release binary of the apply function, from its start to its answer, on a plan by the plan function."""

    key, label = "lockstep", "Lockstep (apply function)"
    note = "from the process's start to its answer; the secret, lock, ledger, digest and flush included"

    def settings(self, address: Address) -> dict[str, str]:
        """Returns the environment variables of this function that the other functions do not have."""
        return {}

    def prepare(self, layouts: Layouts, address: Address, pending: int) -> None:
        given = plan_input("bench:run", "db-BENCH")
        planned = function.run(
            self.binaries.function("plan"), given, address.secret, layouts.prisma, self.log, **self.settings(address)
        )
        if planned.error:
            raise ContenderFailed(f"plan: {planned.error}")
        if planned.output["pending"] != pending:
            raise ContenderFailed(f"the plan has {planned.output['pending']} pending, not {pending}")
        self._input = apply_input(given, planned.output)

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        run = function.run(
            self.binaries.function("apply"), self._input, address.secret, layouts.prisma, self.log,
            **self.settings(address),
        )
        if run.error or not run.output["finished"] or run.output["applied"] != pending:
            raise ContenderFailed(f"{self.label}: {run.error or run.output}")
        return Taken(run.answered, run.cpu_ms, run.peak_kb, {
            "start": run.polled, "invocation": run.invocation, "after the secret": run.answered - run.secret_given,
        })


class LockstepTls(Lockstep):
    """Lockstep as it is deployed, with TLS. The other contenders connect without TLS."""

    key, label = "lockstep-tls", "Lockstep (apply function), with TLS"
    note = "the same with TLS and the server verified, as it is deployed; the others are measured without"

    def settings(self, address: Address) -> dict[str, str]:
        return {"DATABASE_TLS": "verify-full", "DATABASE_CA_FILE": address.ca_file}


class OtherLockstep(Lockstep):
    """Another build of Lockstep, given by --other: it shows the effect of a change."""

    def __init__(self, binaries: Binaries, place: Path, number: int) -> None:
        self.key = f"other-{number}"
        self.label = f"Lockstep ({binaries.functions.name})"
        super().__init__(binaries, place)


class LockstepPlan(Contender):
    """A run of Lockstep with nothing pending: it ends after the plan."""

    key, label = "lockstep-plan", "Lockstep (plan function)"
    note = "what a run comes to where nothing is pending: it ends there"
    cases = (NOTHING,)
    guest_of = "lockstep"

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        given = plan_input("bench:run", "db-BENCH")
        run = function.run(self.binaries.function("plan"), given, address.secret, layouts.prisma, self.log)
        if run.error or run.output["pending"] != pending:
            raise ContenderFailed(f"{self.label}: {run.error or run.output}")
        return Taken(run.answered, run.cpu_ms, run.peak_kb, {
            "start": run.polled, "invocation": run.invocation, "after the secret": run.answered - run.secret_given,
        })


class _Psql(Contender):
    cases = (FRESH, ONE)
    OPTIONS = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null")

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which("psql") else "there is no psql on PATH"

    def version(self) -> str:
        return _first_line("psql", "--version")

    def files(self, layouts: Layouts, pending: int) -> list[str]:
        scripts = layouts.scripts()
        return [str(file) for _, file in scripts[len(scripts) - pending:]]


class PsqlEach(_Psql):
    key, label = "psql", "psql, one process per file"
    note = "no ledger, no lock; told what is pending; gone through once on long histories"
    slow = True

    def prepare(self, layouts: Layouts, address: Address, pending: int) -> None:
        options = " ".join(self.OPTIONS)
        lines = [f"psql {options} --file='{file}' || exit 1" for file in self.files(layouts, pending)]
        self._script = self.place / "psql.sh"
        self._script.write_text("\n".join([*lines, ""]))

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        return self.measured(["sh", str(self._script)], **address.libpq)


class PsqlAll(_Psql):
    key, label = "psql-all", "psql, all files in one process"
    note = "no ledger, no lock; told what is pending"

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        files = [f"--file={file}" for file in self.files(layouts, pending)]
        return self.measured(["psql", *self.OPTIONS, *files], **address.libpq)


class Sqlx(Contender):
    key, label = "sqlx", "sqlx-cli"

    @classmethod
    def missing(cls) -> str:
        return "" if (BENCH / ".tools/bin/sqlx").exists() else "it is not built (proofs/bench/.tools)"

    def version(self) -> str:
        return _first_line(str(BENCH / ".tools/bin/sqlx"), "--version")

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        program = str(BENCH / ".tools/bin/sqlx")
        return self.measured(
            [program, "migrate", "run", "--no-dotenv", "--source", str(layouts.sqlx)], DATABASE_URL=address.url
        )


class Dbmate(Contender):
    key, label = "dbmate", "dbmate"

    @classmethod
    def missing(cls) -> str:
        return "" if cls._program() else "npm brought no binary for this machine"

    @staticmethod
    def _program() -> str:
        return next((str(file) for file in BENCH.glob("node_modules/@dbmate/*/bin/dbmate")), "")

    def version(self) -> str:
        return _first_line(self._program(), "--version")

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        options = ["--no-dump-schema", "--migrations-dir", str(layouts.dbmate), "migrate"]
        return self.measured([self._program(), *options], DATABASE_URL=address.url)


class Prisma(Contender):
    key, label = "prisma", "Prisma's schema engine (wasm, in Node)"
    note = "the engine alone, as WebAssembly; `prisma migrate deploy` has a command line around it and a native engine"

    @classmethod
    def missing(cls) -> str:
        if not shutil.which("node"):
            return "there is no node on PATH"
        return "" if (BENCH / "node_modules/@prisma/schema-engine-wasm").is_dir() else "npm did not bring it"

    def version(self) -> str:
        package = json.loads((BENCH / "node_modules/@prisma/schema-engine-wasm/package.json").read_text())
        return f"{package['version']}, Node {_first_line('node', '--version')}"

    def go(self, layouts: Layouts, address: Address, pending: int) -> Taken:
        return self.measured(["node", str(BENCH / "prisma.mjs"), str(layouts.prisma), address.url])


ALL: tuple[type[Contender], ...] = (
    Each, Together, Lockstep, LockstepTls, LockstepPlan, PsqlAll, PsqlEach, Sqlx, Dbmate, Prisma,
)


def _reason(log: str) -> str:
    """Returns a failure's reason from a log: the first line with an error, or the end of the log."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return next((line for line in lines if "error:" in line.lower()), " ".join(lines[-3:]))[:300]


def _first_line(*command: str) -> str:
    shown = subprocess.run(command, check=False, capture_output=True, text=True)
    return (shown.stdout or shown.stderr).strip().split("\n")[0]
