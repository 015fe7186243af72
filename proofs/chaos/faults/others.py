"""Other sessions are active: readers that hold tables, and more runs of the same plan."""

from __future__ import annotations

import time

from proofs.chaos.cases import Result
from proofs.chaos.faults.scene import Scene, at_boundary, fault, judged
from proofs.harness.compare import LEDGERS
from proofs.harness.proxy import CLIENT, SERVER, Link, Message, Trap


@at_boundary("reader", CLIENT, "a reader holds every table for a while, from a message of ours on")
def _reader(scene: Scene, _link: Link) -> bool:
    session = scene.server.connect(scene.database)
    session.execute("BEGIN")
    tables = session.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384"
        f" AND relname NOT IN {LEDGERS}"
    ).fetchall()
    if tables:
        session.execute(f"LOCK TABLE {', '.join(name for name, in tables)} IN ACCESS SHARE MODE")
    scene.later(scene.random.uniform(0.1, 0.6), session.close)
    return True


@fault("together", "as many runs of one plan at once")
def _together(scene: Scene, users: int) -> Result:
    started = time.monotonic()
    return judged(scene, scene.bench.together(users, scene.seed, []), [started])


def _cut(link: Link) -> bool:
    link.cut()
    return False


@fault("together-cut", "the same, each connection cut somewhere")
def _together_cut(scene: Scene, users: int) -> Result:
    traps = [
        Trap(ordinal, SERVER, scene.random.randrange(scene.case.count(SERVER)), lambda link, _: _cut(link))
        for ordinal in range(users)
    ]
    started = time.monotonic()
    return judged(scene, scene.bench.together(users, scene.seed, traps), [started])


@fault("together-kill", "the same, a function killed somewhere")
def _together_kill(scene: Scene, users: int) -> Result:
    def kill(_link: Link, _message: Message) -> bool:
        scene.bench.functions[scene.random.randrange(users)].kill()
        return True

    traps = [
        Trap(ordinal, SERVER, scene.random.randrange(scene.case.count(SERVER)), kill) for ordinal in range(users)
    ]
    started = time.monotonic()
    return judged(scene, scene.bench.together(users, scene.seed, traps), [started])
