"""Where a fault is tried, and how a kind of fault is made known."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from proofs.chaos.cases import Case, Result, judge
from proofs.chaos.runs import Bench, Ending
from proofs.chaos.server import Server
from proofs.harness.proxy import Link, Trap

#: Long enough for the server to notice that nobody listens any more: `client_connection_check_interval` is 1 s.
SHORT_PATIENCE = 12.0


@dataclass
class Scene:
    """Where a fault is tried."""

    server: Server
    bench: Bench
    case: Case
    database: str
    random: random.Random
    seed: str
    _timers: list[threading.Timer] = field(default_factory=list)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Does something from another thread, before anything is judged."""
        timer = threading.Timer(seconds, action)
        timer.start()
        self._timers.append(timer)

    def settle(self) -> None:
        """Waits for all that was put off."""
        for timer in self._timers:
            timer.join()


#: What tries a fault at a place.
Conduct = Callable[[Scene, int], Result]

#: What is done on a link before a message; it says whether the message passes.
OnLink = Callable[[Scene, Link], bool]


@dataclass(frozen=True)
class Fault:
    """One kind of fault."""

    name: str
    #: Whose messages its index counts; none when it counts something else.
    side: str | None
    #: What it means, for the table.
    about: str
    conduct: Conduct
    #: Whether it concerns the server as a whole, so that nothing else may go on.
    exclusive: bool = False


#: Every fault, in the table's order.
FAULTS: dict[str, Fault] = {}


def fault(name: str, about: str, side: str | None = None, exclusive: bool = False) -> Callable[[Conduct], Conduct]:
    """Registers what conducts a fault at a point."""
    def register(conduct: Conduct) -> Conduct:
        FAULTS[name] = Fault(name, side, about, conduct, exclusive)
        return conduct

    return register


def at_boundary(name: str, side: str, about: str, *, exclusive: bool = False, **options: Any) -> Callable[[OnLink], OnLink]:
    """Registers an action on the link, before a message; it says whether the message passes."""
    def register(action: OnLink) -> OnLink:
        def conduct(scene: Scene, index: int) -> Result:
            trap = Trap(0, side, index, lambda link, _message: action(scene, link))
            return migrate(scene, [trap], **options)

        FAULTS[name] = Fault(name, side, about, conduct, exclusive)
        return action

    return register


def migrate(scene: Scene, traps: list[Trap], **options: Any) -> Result:
    """One user's runs, with traps set, and what came of them."""
    ending = scene.bench.migrate(scene.seed, traps=traps, **options)
    return judged(scene, [ending], [trap.sprung_at for trap in traps])


def judged(scene: Scene, endings: list[Ending], sprung: list[float]) -> Result:
    """What came of the runs; `sprung` is when the faults happened, with 0 for one that did not."""
    # Nobody waits for the last message of a session, so a fault that strikes at it may come after the run has ended.
    time.sleep(0.05)
    scene.settle()
    reached = any(sprung)
    seconds = max(ending.ended_at for ending in endings) - max(sprung) if reached else 0.0
    found = judge(scene.case, scene.server, scene.database, endings)
    return Result(found, endings, reached, max(seconds, 0.0))
