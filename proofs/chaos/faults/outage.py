"""The server crashes, has no free connection, or is read-only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from proofs.chaos.cases import Result
from proofs.chaos.faults.scene import FAULTS, Scene, at_boundary, fault, judged
from proofs.harness.proxy import CLIENT, SERVER, Link


@at_boundary("crash-server", SERVER, "server crashes when it has answered", exclusive=True)
def _crash(scene: Scene, link: Link) -> bool:
    scene.server.crash()
    if scene.random.random() < 0.5:
        return True
    # If one message does not arrive, no later message may arrive either.
    link.cut()
    return False


@at_boundary("crash-client", CLIENT, "server crashes some moment after a message of ours", exclusive=True)
def _crash_after(scene: Scene, _link: Link) -> bool:
    scene.later(scene.random.uniform(0, 0.01), scene.server.crash)
    return True


@fault("crash-report", "server crashes when success was reported", exclusive=True)
def _crash_report(scene: Scene, _index: int) -> Result:
    ending = scene.bench.migrate(scene.seed, traps=[])
    scene.server.crash()
    return judged(scene, [ending], [ending.ended_at])


@contextmanager
def asynchronous(scene: Scene) -> Iterator[None]:
    """Makes commits not wait for the disk by default. The WAL writer rarely writes them meanwhile."""
    settings = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
    for name, value in settings.items():
        scene.server.set_everywhere(name, value)
    try:
        yield
    finally:
        for name in settings:
            scene.server.set_everywhere(name, None)


@fault("crash-report-async", "the same with synchronous_commit off by default", exclusive=True)
def _crash_report_async(scene: Scene, index: int) -> Result:
    with asynchronous(scene):
        return _crash_report(scene, index)


@fault("crash-server-async", "server crashes when it has answered, synchronous_commit off", SERVER, exclusive=True)
def _crash_server_async(scene: Scene, index: int) -> Result:
    with asynchronous(scene):
        return FAULTS["crash-server"].conduct(scene, index)


@at_boundary("full", SERVER, "connection cut, and no other is to be had for a while", exclusive=True)
def _full(scene: Scene, link: Link) -> bool:
    take_all_connections(scene, scene.random.uniform(0.1, 0.5))
    link.cut()
    return False


def take_all_connections(scene: Scene, seconds: float) -> None:
    """Takes all free connections for a while."""
    taken = scene.server.take_all_connections()

    def free() -> None:
        for session in taken:
            session.close()

    scene.later(seconds, free)


@at_boundary("read-only", CLIENT, "server read-only for a while, from a message of ours on", exclusive=True)
def _read_only(scene: Scene, _link: Link) -> bool:
    read_only_for(scene, scene.random.uniform(0.1, 0.4))
    return True


@at_boundary("fail-over", SERVER, "connection cut, and the server read-only for a while", exclusive=True)
def _fail_over(scene: Scene, link: Link) -> bool:
    read_only_for(scene, scene.random.uniform(0.1, 0.4))
    link.cut()
    return False


def read_only_for(scene: Scene, seconds: float) -> None:
    """Makes the server read-only for a while."""
    scene.server.set_everywhere("default_transaction_read_only", "on")
    time.sleep(0.02)  # the signal has to reach the session
    scene.later(seconds, lambda: scene.server.set_everywhere("default_transaction_read_only", None))
