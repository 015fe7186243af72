"""The connection is cut, or becomes silent, before or after a message."""

from __future__ import annotations

from proofs.chaos.cases import Result
from proofs.chaos.faults.scene import SHORT_PATIENCE, Scene, at_boundary, fault, migrate
from proofs.harness.proxy import CLIENT, SERVER, Link, Trap


@at_boundary("cut-server", SERVER, "connection cut before a message of the server arrives")
@at_boundary("cut-client", CLIENT, "connection cut before a message of ours arrives")
def _cut(_scene: Scene, link: Link) -> bool:
    link.cut()
    return False


@at_boundary("lose-answer", CLIENT, "our message arrives, the connection is gone before any answer")
def _lose_answer(_scene: Scene, link: Link) -> bool:
    link.lose_answers()
    return True


@at_boundary("vanish-server", SERVER, "silence from a message of the server on", patience=SHORT_PATIENCE)
@at_boundary("vanish-client", CLIENT, "silence from a message of ours on", patience=SHORT_PATIENCE)
def _vanish(_scene: Scene, link: Link) -> bool:
    link.vanish()
    return False


@at_boundary("vanish-after", CLIENT, "our message arrives, then silence", patience=SHORT_PATIENCE)
def _vanish_after(_scene: Scene, link: Link) -> bool:
    link.vanish()
    return True


@fault("cut-twice", "cut, and the retry's connection too", SERVER)
def _cut_twice(scene: Scene, index: int) -> Result:
    second = scene.random.randrange(scene.case.count(SERVER))
    traps = [
        Trap(0, SERVER, index, lambda link, _: _cut(scene, link)),
        Trap(1, SERVER, second, lambda link, _: _cut(scene, link)),
    ]
    return migrate(scene, traps)
