"""One tool and Lockstep on one server, and what has to be true of a database after they have worked on it in turns."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from proofs.conformance import ledgers
from proofs.conformance.lockstep import Lockstep, Refused
from proofs.conformance.prisma import Prisma
from proofs.conformance.schemas import Reference
from proofs.conformance.sqlx import Sqlx
from proofs.harness.histories import PRISMA, History
from proofs.harness.rows import one_value
from proofs.harness.server import Server

T = TypeVar("T")

#: The timeout in seconds for what should happen at once.
PATIENCE = 30.0


class Mismatch(AssertionError):
    """Something differs from what the tool does."""


class Scene:
    """The two sides, and fresh databases."""

    def __init__(self, server: Server, tool: str, binaries: Path, place: Path) -> None:
        self.server = server
        self.tool = tool
        self.binaries = binaries
        self.place = place
        self.ours = Lockstep(server, binaries)
        self._oracle = binaries / "sqlx-oracle"
        self.theirs: Prisma | Sqlx = self.another_tool()
        self._expected: dict[str, str] = {}
        self._references: dict[str, Reference] = {}
        self._numbers = itertools.count(1)
        self._beside: list[Meanwhile[Any]] = []

    def settle(self) -> None:
        """Waits for the threads that a scenario left running when it ended early."""
        while self._beside:
            self._beside.pop().wait()

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()

    def another_tool(self, **options: str) -> Prisma | Sqlx:
        """Returns another instance of the tool."""
        return Prisma(self.server) if self.tool == PRISMA else Sqlx(self.server, self._oracle, **options)

    @property
    def prisma(self) -> Prisma:
        """The tool, in a scenario for Prisma."""
        if not isinstance(self.theirs, Prisma):
            raise TypeError(f"this is a scenario of Prisma's, and the tool is {self.tool}")
        return self.theirs

    @property
    def sqlx(self) -> Sqlx:
        """The tool, in a scenario for sqlx."""
        if not isinstance(self.theirs, Sqlx):
            raise TypeError(f"this is a scenario of sqlx's, and the tool is {self.tool}")
        return self.theirs

    def database(self) -> str:
        """Makes a fresh database and returns its name."""
        return self.server.database()

    def directory(self) -> Path:
        """Returns a new, empty directory for another history."""
        return self.place / f"{self.tool}-{next(self._numbers)}"

    def execute(self, database: str, statement: str) -> None:
        """Executes a statement, as a person would by hand."""
        with self.server.connect(database) as session:
            session.execute(statement)

    # The expected results.

    def expected(self, history: History) -> str:
        """Returns a database in which the tool alone has run a history."""
        if history.name not in self._expected:
            database = self.database()
            if wrong := self.theirs.run(history.directory, database):
                raise RuntimeError(f"{self.tool} itself cannot run {history.name}: {wrong}")
            self._expected[history.name] = database
        return self._expected[history.name]

    def reference(self, history: History) -> Reference:
        """Returns what the scripts make of a database."""
        if history.name not in self._references:
            self._references[history.name] = Reference(self.server, history)
        return self._references[history.name]

    def schema(self, history: History, database: str) -> list[str]:
        """Returns how a database differs from what the scripts make of it."""
        with self.server.look(database) as session:
            return self.reference(history).differences(session)

    def ledger(self, expected: str, found: str, aside: tuple[str, ...] = ()) -> list[str]:
        """Returns how a database's ledger differs from another's, without the columns `aside`."""
        with self.server.look(expected) as one, self.server.look(found) as other:
            return ledgers.compare(one, other, self.theirs.ledger, aside)

    def cleanliness(self, history: History, database: str, settled: str = "") -> list[str]:
        """Returns why one of the two tools would not call a history complete and untouched. The check changes nothing.
        A plan may mention a migration that was `settled`."""
        before = self.rows(database)
        found = {
            self.theirs.name: self.theirs.unclean(history.directory, database),
            self.ours.name: self.ours.unclean(history.directory, database, settled),
        }
        result = [f"not clean to {side}: {wrong}" for side, wrong in found.items() if wrong]
        return result + [f"after a look: {what}" for what in ledgers.differences(before, self.rows(database))]

    def rows(self, database: str, table: str | None = None) -> list[ledgers.Row]:
        """Returns the ledger's rows, from another table if one is given."""
        with self.server.look(database) as session:
            return ledgers.read(session, self.theirs.ledger, table)

    # The demands of a scenario.

    def demand(self, holds: object, otherwise: str) -> None:
        """Raises `Mismatch` if a condition does not hold."""
        if not holds:
            raise Mismatch(otherwise)

    def no(self, *found: list[str] | str) -> None:
        """Raises `Mismatch` if anything was found."""
        every = [what for part in found for what in ([part] if isinstance(part, str) else part) if what]
        if every:
            raise Mismatch("\n".join(every))

    def refused(self, error: str, action: Callable[[], object]) -> None:
        """Raises `Mismatch` unless Lockstep refuses with a certain error."""
        try:
            action()
        except Refused as refused:
            self.demand(refused.error == error, f"refused with {refused} instead of {error}")
        else:
            raise Mismatch(f"done instead of refused with {error}")

    def complete(
        self, history: History, database: str, expected: str | None = None, settled: str = "", aside: tuple[str, ...] = (),
    ) -> None:
        """Demands that a database is what the tool alone makes of it, and that both tools call it clean."""
        self.no(
            self.schema(history, database),
            self.ledger(expected or self.expected(history), database, aside),
            self.cleanliness(history, database, settled),
        )

    # The actions of other sessions meanwhile.

    @contextmanager
    def holding(self, database: str, statement: str) -> Iterator[None]:
        """Keeps the transaction of another session open after a statement."""
        with self.server.connect(database) as session:
            session.execute(f"BEGIN; {statement}")
            yield

    def meanwhile(self, action: Callable[[], T]) -> Meanwhile[T]:
        """Runs an action in another thread."""
        beside = Meanwhile(action)
        self._beside.append(beside)
        return beside

    def until(self, database: str, condition: str, beside: Meanwhile[Any] | None = None) -> None:
        """Waits until a query returns true. It fails if the action `beside` ends before that."""
        deadline, shown = time.monotonic() + PATIENCE, " ".join(condition.split())
        with self.server.look(database) as session:
            while not one_value(session.execute(condition)):
                if beside and beside.is_over():
                    raise Mismatch(f"over before it came to {shown}: {beside.result()!r}")
                self.demand(time.monotonic() < deadline, f"in {PATIENCE} s it did not come to {shown}")
                time.sleep(0.01)


class Meanwhile(Generic[T]):
    """An action in another thread."""

    def __init__(self, action: Callable[[], T]) -> None:
        self._outcome: Future[T] = Future()

        def run() -> None:
            try:
                self._outcome.set_result(action())
            except BaseException as failure:  # noqa: BLE001 - raised again in `result`
                self._outcome.set_exception(failure)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> None:
        self._thread.join(PATIENCE)

    def result(self) -> T:
        """Waits for the action's end and returns its result."""
        self.wait()
        if self._thread.is_alive():
            raise Mismatch(f"not over in {PATIENCE} s")
        return self._outcome.result()
