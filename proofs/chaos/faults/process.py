"""The session is terminated, or the function's process is killed."""

from __future__ import annotations

import time

from proofs.chaos.cases import Result
from proofs.chaos.faults.scene import Scene, at_boundary, fault, judged
from proofs.harness.proxy import CLIENT, SERVER, Link


@at_boundary("terminate", CLIENT, "pg_terminate_backend some moment after a message of ours")
def _terminate(scene: Scene, _link: Link) -> bool:
    administrator = scene.server.connect()

    def terminate() -> None:
        with administrator:
            scene.server.terminate(scene.database, administrator)

    scene.later(scene.random.uniform(0, 0.008), terminate)
    return True


@at_boundary("kill-server", SERVER, "function killed before a message of the server arrives")
def _kill(scene: Scene, _link: Link) -> bool:
    scene.bench.functions[0].kill()
    return True


@at_boundary("kill-client", CLIENT, "function killed some moment after a message of ours")
def _kill_after(scene: Scene, _link: Link) -> bool:
    scene.later(scene.random.uniform(0, 0.004), scene.bench.functions[0].kill)
    return True


@fault("kill-report", "function killed when it reports")
def _kill_report(scene: Scene, _index: int) -> Result:
    killed_at: list[float] = []

    def kill() -> bool:
        if not killed_at:
            killed_at.append(time.monotonic())
            scene.bench.functions[0].kill()
            return False
        return True

    scene.bench.functions[0].before_report = kill
    ending = scene.bench.migrate(scene.seed, traps=[])
    return judged(scene, [ending], killed_at)
