"""The scene in which a fault is tried, and the register of the kinds of faults."""

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

#: Long enough for the server to notice that its client is gone: `client_connection_check_interval` is 1 s.
SHORT_PATIENCE = 12.0


@dataclass
class Scene:
    """The server, the functions and the database on which a fault is tried."""

    server: Server
    bench: Bench
    case: Case
    database: str
    random: random.Random
    seed: str
    _timers: list[threading.Timer] = field(default_factory=list)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Runs an action in another thread. It is done before the result is judged."""
        timer = threading.Timer(seconds, action)
        timer.start()
        self._timers.append(timer)

    def settle(self) -> None:
        """Waits for all actions of `later`."""
        for timer in self._timers:
            timer.join()


#: Tries a fault at a point.
Conduct = Callable[[Scene, int], Result]

#: Acts on a link before a message. Returns whether the message passes.
OnLink = Callable[[Scene, Link], bool]


@dataclass(frozen=True)
class Fault:
    """One kind of fault."""

    name: str
    #: The side whose messages its index counts; None if the index counts something else.
    side: str | None
    #: The description in the report's table.
    about: str
    conduct: Conduct
    #: Whether it affects the whole server, so that no other point may run beside it.
    exclusive: bool = False


#: Every fault, in the order of the report's table.
FAULTS: dict[str, Fault] = {}


def fault(name: str, about: str, side: str | None = None, exclusive: bool = False) -> Callable[[Conduct], Conduct]:
    """Registers a function that tries a fault at a point."""
    def register(conduct: Conduct) -> Conduct:
        FAULTS[name] = Fault(name, side, about, conduct, exclusive)
        return conduct

    return register


def at_boundary(name: str, side: str, about: str, *, exclusive: bool = False, **options: Any) -> Callable[[OnLink], OnLink]:
    """Registers an action on the link, before a message. The action returns whether the message passes."""
    def register(action: OnLink) -> OnLink:
        def conduct(scene: Scene, index: int) -> Result:
            trap = Trap(0, side, index, lambda link, _message: action(scene, link))
            return migrate(scene, [trap], **options)

        FAULTS[name] = Fault(name, side, about, conduct, exclusive)
        return action

    return register


def migrate(scene: Scene, traps: list[Trap], **options: Any) -> Result:
    """Makes one user's runs with traps set, and returns the result."""
    ending = scene.bench.migrate(scene.seed, traps=traps, **options)
    return judged(scene, [ending], [trap.sprung_at for trap in traps])


def judged(scene: Scene, endings: list[Ending], sprung: list[float]) -> Result:
    """Returns the result of the runs. `sprung` has the times of the faults, with 0 for a fault that did not happen."""
    # No run waits for the last message of a session, so a fault at that message may happen after the run has ended.
    time.sleep(0.05)
    scene.settle()
    reached = any(sprung)
    seconds = max(ending.ended_at for ending in endings) - max(sprung) if reached else 0.0
    found = judge(scene.case, scene.server, scene.database, endings)
    return Result(found, endings, reached, max(seconds, 0.0))
