"""The crates that a binary consists of, as cargo itself resolves them for the build of a target."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scripts.dist.parts import Unfit
from scripts.dist.targets import Target
from scripts.setup import ROOT

#: The package of each binary whose name is another one.
_PACKAGES = {"lockstep": "cli"}

_LINE = re.compile(r"(\d+)(\S+) v(\S+)")


def package(binary: str) -> str:
    """Returns the package that a binary is built from."""
    return _PACKAGES.get(binary, binary)


@dataclass(frozen=True, order=True)
class Crate:
    """One version of a crate."""

    name: str
    version: str


@dataclass
class Graph:
    """Which crate uses which."""

    uses: dict[Crate, set[Crate]] = field(default_factory=dict)
    roots: dict[str, Crate] = field(default_factory=dict)

    def below(self, root: Crate) -> set[Crate]:
        """Returns all that a crate uses, and what that uses, and so on."""
        found: set[Crate] = set()
        ahead = [root]
        while ahead:
            crate = ahead.pop()
            ahead.extend(self.uses[crate] - found)
            found |= self.uses[crate]
        return found


def graph(target: Target, edges: str) -> Graph:
    """Returns the crates of a target's binaries. `edges` are the kinds of dependencies, as `cargo tree --edges` names them.

    All binaries of a target are built in one command, which gives a crate the features that any of them wants. So this asks for
    all of them at once too.
    """
    packages = [package(name) for name in target.binaries]
    command = ["cargo", "tree", "--locked", "--target", target.triple, "--edges", edges, "--prefix", "depth", "--format", "{p}"]
    return parsed(_cargo([*command, *(option for name in packages for option in ("--package", name))]).splitlines())


def parsed(lines: Iterable[str]) -> Graph:
    """Returns the graph that lines of `cargo tree` describe. What is below a crate is written once."""
    found = Graph()
    above: list[Crate] = []
    for line in lines:
        if not line:
            continue
        read = _LINE.match(line)
        if not read:
            raise Unfit(f"cargo tree says {line!r}, which is not understood")
        depth, crate = int(read[1]), Crate(read[2], read[3])
        del above[depth:]
        found.uses.setdefault(crate, set())
        if above:
            found.uses[above[-1]].add(crate)
        else:
            found.roots[crate.name] = crate
        above.append(crate)
    return found


@dataclass(frozen=True)
class About:
    """What cargo knows of a crate."""

    description: str
    licence: str
    #: The SHA-256 of its package on crates.io; None for a crate of this repository.
    checksum: str | None


def known() -> dict[Crate, About]:
    """Returns what cargo knows of the workspace's crates, and of all that they may use."""
    metadata = json.loads(_cargo(["cargo", "metadata", "--locked", "--format-version", "1"]))
    locked: list[dict[str, Any]] = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {Crate(one["name"], one["version"]): one.get("checksum") for one in locked}
    return {
        (crate := Crate(one["name"], one["version"])): About(
            " ".join((one["description"] or "").split()), (one["license"] or "").replace("/", " OR "), checksums[crate]
        )
        for one in metadata["packages"]
    }


def _cargo(command: list[str]) -> str:
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if told.returncode:
        raise Unfit(f"{' '.join(command[:2])} failed:\n{told.stderr.strip()}")
    return told.stdout
