"""Proves that Lambda can read and start what is about to be packed. SAM packs files with the modes that they have here."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from scripts.operate.samconfig import NotReady

#: The `e_machine` of an ELF file, by the template's name of the processor.
_MACHINES = {"x86_64": 62, "arm64": 183}

#: The variable that switches a planted bug on. Only a test build knows it (`crates/engine/src/planted.rs`).
PLANTED_BUG = "PLANTED_BUG"

_READ, _READ_AND_ENTER = 0o004, 0o005


def check_history(layer: Path) -> None:
    """Raises `NotReady` if the layer has no history, or one that the functions cannot read."""
    history = layer / "migrations"
    if not history.is_dir():
        raise NotReady(
            f"{history} leads to no directory: it has to be a symbolic link to your migrations (git checks it out as a text "
            "file where core.symlinks is false). Make it with: ln -sfn ../migrations layer/migrations"
        )
    if not any(path.is_file() for path in _below(history)):
        raise NotReady(f"{history} has no file in it: put your migrations there, or let the link point to them")
    for path in [layer, *_below(layer)]:
        wanted = _READ_AND_ENTER if path.is_dir() else _READ
        if path.stat().st_mode & wanted != wanted:
            raise NotReady(
                f"{path} may not be read by others, so the functions could not read it either: run chmod -R a+rX on its directory"
            )


def check_functions(build: Path, architecture: str) -> None:
    """Raises `NotReady` if `sam build` has left no function, or one that could not start."""
    programs = sorted(build.glob("*/bootstrap"))
    if not programs:
        raise NotReady("no function has been built: run scripts/deploy without --no-build")
    for program in programs:
        name = program.parent.name
        if program.stat().st_mode & _READ_AND_ENTER != _READ_AND_ENTER:
            raise NotReady(
                f"{program} may not be read and executed by others, so Lambda could not start it: set umask 022, delete "
                f"{build} and target/lambda, and run scripts/deploy without --no-build"
            )
        if has_planted_bugs(program):
            raise NotReady(f"{name} is a test build with planted bugs: run scripts/deploy without --no-build")
        (machine,) = struct.unpack_from("<H", program.read_bytes(), 0x12)
        if machine != _MACHINES[architecture]:
            raise NotReady(f"{name} was built for another processor than {architecture}: run scripts/deploy without --no-build")


def has_planted_bugs(program: Path) -> bool:
    """Returns whether bugs can be switched on in a program: whether it knows the variable."""
    return PLANTED_BUG.encode() in program.read_bytes()


def _below(directory: Path) -> Iterator[Path]:
    """Yields all that is packed of a directory, through links too."""
    for place, directories, files in os.walk(directory, followlinks=True):
        yield from (Path(place) / name for name in [*directories, *files])
