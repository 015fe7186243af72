"""The parts of a release: binaries that were built before, in a directory for each target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.dist import glibc
from scripts.dist.targets import FUNCTIONS, TARGETS, Target

#: The variable that switches a planted bug on. Only a test build knows it (`crates/engine/src/planted.rs`).
PLANTED_BUG = "PLANTED_BUG"


class Unfit(ValueError):
    """Something cannot be part of a release; the message says what, and the way out."""


@dataclass(frozen=True)
class Parts:
    """A directory with a directory for each target, which has the target's name and its binaries in it."""

    directory: Path

    def targets(self) -> list[Target]:
        """Returns the targets whose parts are there. Raises `Unfit` if there are none, or a part is missing."""
        found = [target for target in TARGETS if (self.directory / target.triple).is_dir()]
        if not found:
            raise Unfit(f"{self.directory} has parts of no target: build them first (python -m scripts.dist build)")
        for target in found:
            for name in target.binaries:
                if not self.binary(target, name).is_file():
                    raise Unfit(f"{self.binary(target, name)} is missing: build the parts of {target.triple} again")
        return found

    def binary(self, target: Target, name: str) -> Path:
        """Returns where a binary is."""
        return self.directory / target.triple / name

    def content(self, target: Target, name: str) -> bytes:
        """Returns a binary. Raises `Unfit` if it cannot run where it is meant to."""
        content = self.binary(target, name).read_bytes()
        for why in _unfit(content, target, name):
            raise Unfit(f"{self.binary(target, name)} {why}")
        return content


def _unfit(content: bytes, target: Target, name: str) -> Iterator[str]:
    """Yields what is wrong with a binary."""
    if target.machine is None:
        return
    needed = glibc.versions(content)
    if needed is None or int.from_bytes(content[0x12:0x14], "little") != target.machine:
        yield f"is no program for {target.triple}"
        return
    if name not in FUNCTIONS:
        return
    if newer := sorted(version for version in needed if glibc.is_newer(version, glibc.LAMBDAS)):
        yield f"needs {', '.join(newer)}, and Lambda's glibc is {'.'.join(map(str, glibc.LAMBDAS))}: it could not start there"
    if PLANTED_BUG.encode() in content:
        yield "is a test build with planted bugs"
