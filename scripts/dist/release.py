"""A release that is packed: its files, checked, and how they are published."""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.dist.pack import CHECKSUMS
from scripts.dist.parts import Unfit


@dataclass(frozen=True)
class Packed:
    """The files of a release in a directory."""

    directory: Path
    #: The SHA-256 of each file but the checksums' own.
    checksums: dict[str, str]

    @property
    def files(self) -> list[Path]:
        """All files, by name."""
        return sorted(self.directory / name for name in (*self.checksums, CHECKSUMS))


def read(directory: Path) -> Packed:
    """Returns a release. Raises `Unfit` unless the directory has the files of the checksums, and no other."""
    if not (directory / CHECKSUMS).is_file():
        raise Unfit(f"{directory} has no release: pack it first")
    checksums = {}
    for line in (directory / CHECKSUMS).read_text().splitlines():
        digest, _, name = line.partition("  ")
        checksums[name] = digest
    there = {path.name for path in directory.iterdir()} - {CHECKSUMS}
    if different := sorted(there ^ checksums.keys()):
        raise Unfit(f"{CHECKSUMS} and {directory} do not have the same files: {', '.join(different)}")
    for name, digest in checksums.items():
        if hashlib.sha256((directory / name).read_bytes()).hexdigest() != digest:
            raise Unfit(f"{name} is not the file that was packed: its digest is not the one in {CHECKSUMS}")
    return Packed(directory, checksums)


def version_of(tag: str) -> str:
    """Returns the version of a tag. Raises `Unfit` if it is the tag of none."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", tag):
        raise Unfit(f"{tag!r} is no tag of a release: one is like v1.2.3")
    return tag.removeprefix("v")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a program, and returns how it ended. Raises `Unfit` if it cannot be started."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unfit(f"{command[0]} cannot be started: {error}") from error


def done(*command: str | Path) -> str:
    """Runs a program to its good end, and returns its output. Raises `Unfit` if it fails."""
    ended = run(*command)
    if ended.returncode:
        raise Unfit(f"{' '.join(map(str, command[:3]))} failed: {(ended.stderr or ended.stdout).strip()}")
    return ended.stdout
