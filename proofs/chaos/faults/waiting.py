"""A fault while a statement such as CREATE INDEX CONCURRENTLY waits for an old transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from proofs.chaos.cases import Result
from proofs.chaos.faults.outage import asynchronous, read_only_for, take_all_connections
from proofs.chaos.faults.scene import FAULTS, SHORT_PATIENCE, Fault, Scene, fault, judged
from proofs.chaos.runs import TRY_AGAIN, Ending
from proofs.harness.proxy import CLIENT, Link, Message, Trap
from proofs.harness.rows import one_value

#: The fault that happens while the statement waits.
Action = Callable[[Scene], None]

#: How another session makes it wait: with an old snapshot, or with a lock on the table.
HOLDS = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM held",
    "BEGIN; LOCK TABLE held IN ROW EXCLUSIVE MODE",
)

#: The seconds from the fault until the statement can go on. After the longest, the retries have met what the fault left.
RELEASED_AFTER = (0.0, 0.3, 1.8)


def _while_held(
    name: str, about: str, *, exclusive: bool = False, users: int = 1, **options: Any
) -> Callable[[Action], Action]:
    """Registers an action that happens while the statement waits."""
    def register(action: Action) -> Action:
        def conduct(scene: Scene, index: int) -> Result:
            holder = scene.server.connect(scene.database)
            trap = _WhenSent(scene.case.script(), lambda: holder.execute(HOLDS[index % len(HOLDS)]))
            endings: list[Ending] = []

            def run() -> None:
                if users > 1:
                    endings.extend(scene.bench.together(users, scene.seed, [trap]))
                else:
                    endings.append(scene.bench.migrate(scene.seed, traps=[trap], **options))

            running = threading.Thread(target=run)
            running.start()
            waits = _wait_until_held(scene, running)
            acted = time.monotonic()
            if waits:
                action(scene)
                time.sleep(RELEASED_AFTER[index // len(HOLDS) % len(RELEASED_AFTER)])
            holder.close()
            running.join()
            return judged(scene, endings, [acted if waits else 0.0])

        FAULTS[name] = Fault(name, None, about, conduct, exclusive)
        return action

    return register


class _WhenSent(Trap):
    """Acts before a script is passed on, on any connection. Earlier, the function would see the other session's lock
    and not send the script at all."""

    def __init__(self, script: str, action: Callable[[], object]) -> None:
        super().__init__(0, CLIENT, 0, lambda _link, _message: action() is not None)
        self._script = script

    def meets(self, _link: Link, message: Message) -> bool:
        return message.side == CLIENT and message.text == self._script


def _wait_until_held(scene: Scene, running: threading.Thread) -> bool:
    """Waits until the statement waits for a lock, and returns whether it does. It does not if the runs end before."""
    with scene.server.connect(scene.database) as session:
        while running.is_alive():
            waits = session.execute(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name LIKE 'lockstep%' AND state = 'active' AND wait_event_type = 'Lock')"
            )
            if one_value(waits):
                return True
            time.sleep(0.005)
    return False


@_while_held("held-cut", "connection cut while the statement waits")
def _held_cut(scene: Scene) -> None:
    scene.bench.proxy.links[0].cut()


@_while_held("held-vanish", "silence while it waits", patience=SHORT_PATIENCE)
def _held_vanish(scene: Scene) -> None:
    scene.bench.proxy.links[0].vanish()


@_while_held("held-terminate", "pg_terminate_backend while it waits")
def _held_terminate(scene: Scene) -> None:
    with scene.server.connect() as administrator:
        scene.server.terminate(scene.database, administrator)


@_while_held("held-kill", "function killed while it waits")
def _held_kill(scene: Scene) -> None:
    scene.bench.functions[0].kill()


# A statement that used all of a function's time fails for good. The user raises the timeout and starts a new run.
@_while_held(
    "held-deadline", "the function's time is up while it waits", patience=2.6, excused=TRY_AGAIN | {"Migration.Failed"},
)
def _held_deadline(_scene: Scene) -> None:
    time.sleep(1)


@_while_held("held-together", "several runs while it waits, the connection of the first cut", users=4)
def _held_together(scene: Scene) -> None:
    for link in list(scene.bench.proxy.links)[:2]:
        link.cut()


@_while_held("held-crash", "server crashes while it waits", exclusive=True)
def _held_crash(scene: Scene) -> None:
    scene.server.crash()


@fault("held-crash-async", "the same with synchronous_commit off by default", exclusive=True)
def _held_crash_async(scene: Scene, index: int) -> Result:
    with asynchronous(scene):
        return FAULTS["held-crash"].conduct(scene, index)


@_while_held("held-full", "cut while it waits, and no other connection for a while", exclusive=True)
def _held_full(scene: Scene) -> None:
    take_all_connections(scene, 0.3)
    scene.bench.proxy.links[0].cut()


@_while_held("held-read-only", "cut while it waits, and read-only for a while", exclusive=True)
def _held_read_only(scene: Scene) -> None:
    read_only_for(scene, 0.3)
    scene.bench.proxy.links[0].cut()
