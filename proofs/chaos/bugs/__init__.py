"""Bugs that the harness has to find, and the functions that have them.

Each `*.edits` file here plants one bug. The variable CHAOS_BUG switches it on by its name. The edits are made in a copy
of the sources; the project itself never has them. A file describes the bug, and then lists its replacements:

    @@ a/source/file.rs
    <<<<
    text that the file has once
    ====
    what is there instead
    >>>>
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

from proofs.harness import build
from scripts.checks.steps import EVERYTHING, FEATURES_OF_TESTS
from scripts.operate import environment, paths

EDITS = sorted(Path(__file__).parent.glob("*.edits"))

#: The bug in the reader under which the promises have to hold; see `chaos.wrong_reader`.
WRONG_READER = "wrong-reader"

NAMES = [file.stem for file in EDITS if file.stem != WRONG_READER]

VARIABLE = "CHAOS_BUG"

#: Always the same directory, so that cargo compiles only what has changed.
COPY = paths.LOCAL / "chaos" / "with-bugs"

#: The functions that are built from the copy. They have names of their own, so that the real ones are never overwritten.
FUNCTIONS = ("apply", "plan")


class EditFailed(RuntimeError):
    """An edit no longer fits the sources. The message says which."""


def apply_with_bugs() -> Path:
    """Builds the apply function with every bug in it, all switched off. Returns its path."""
    return _built("apply")


def plan_with_bugs() -> Path:
    """Builds the plan function with every bug in it, all switched off. Returns its path."""
    return _built("plan")


def _built(function: str) -> Path:
    sources = [path for top in _TOPS for path in _files(paths.ROOT / top)]
    stamp, digest = COPY / f"stamp-{function}", _digest([*sources, *EDITS, Path(__file__)])
    binary = build.target() / "debug" / _binary(function)
    if not binary.exists() or not stamp.exists() or stamp.read_text() != digest:
        _copy(sources)
        subprocess.run(
            ["cargo", "build", "--quiet", "--offline", *EVERYTHING, *FEATURES_OF_TESTS, "--bin", binary.name], check=True, cwd=COPY,
            env=environment.building(CARGO_TARGET_DIR=str(build.target())),
        )
        stamp.write_text(digest)
    return binary


_TOPS = (
    "Cargo.toml", "Cargo.lock", "crates", "functions", "proofs/bench/native", "proofs/conformance/parser-oracle",
    "proofs/conformance/sqlx-oracle", "statemachine",
)


def _binary(function: str) -> str:
    return f"{function}-with-bugs"


def _files(top: Path) -> list[Path]:
    return [path for path in sorted(top.rglob("*")) if path.is_file()] if top.is_dir() else [top]


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _copy(sources: list[Path]) -> None:
    """Brings the copy up to date. An unchanged file is not written again, because cargo compares modification times."""
    wanted = {COPY / source.relative_to(paths.ROOT): source.read_bytes() for source in sources}
    for file in EDITS:
        for name, old, new in edits(file.read_text()):
            target = COPY / name
            text = wanted.get(target, b"").decode()
            if text.count(old) != 1:
                raise EditFailed(f"{file.name} does not fit {name} any more: {text.count(old)} places have this text\n{old}")
            wanted[target] = text.replace(old, new).encode()
    # A version of its own makes cargo keep the copy's crates and the project's apart. Both share one target directory
    # for all other crates.
    workspace = COPY / "Cargo.toml"
    wanted[workspace] = re.sub(rb'(?m)^version = "([^"]+)"', rb'version = "\1-with-bugs"', wanted[workspace], count=1)
    for function in FUNCTIONS:
        manifest = COPY / "functions" / function / "Cargo.toml"
        wanted[manifest] += f'\n[[bin]]\nname = "{_binary(function)}"\npath = "src/main.rs"\n'.encode()
    for there in _files(COPY) if COPY.exists() else []:
        if there not in wanted and not there.name.startswith("stamp-"):
            there.unlink()
    for target, content in wanted.items():
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def edits(text: str) -> list[tuple[str, str, str]]:
    """Returns the replacements of an edits file: the source's name, the text to find, and its replacement, each in
    whole lines."""
    found: list[tuple[str, str, str]] = []
    name, parts, part = "", {}, ""
    for line in text.splitlines(keepends=True):
        match line.rstrip("\n"):
            case "<<<<":
                parts, part = {"old": "", "new": ""}, "old"
            case "====" if part == "old":
                part = "new"
            case ">>>>" if part == "new":
                found.append((name, parts["old"], parts["new"]))
                part = ""
            case head if not part and head.startswith("@@ "):
                name = head.removeprefix("@@ ")
            case _ if part:
                parts[part] += line
    if part or not found:
        raise ValueError("an edit has no end")
    return found
