"""Bugs that the harness has to find, and the functions that have them.

Each `*.edits` here plants one, which the variable CHAOS_BUG switches on by its name. They are made in a copy of the sources;
the project itself never has them. A file says what the bug is, and then what is put for what:

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

#: The hole in the reader under which the promises have to hold; see `chaos.wrong_reader`.
WRONG_READER = "wrong-reader"

NAMES = [file.stem for file in EDITS if file.stem != WRONG_READER]

VARIABLE = "CHAOS_BUG"

#: Always the same place, so that cargo compiles again only what has changed.
COPY = paths.LOCAL / "chaos" / "with-bugs"

#: The functions that are built of the copy, by names of their own, so that the real ones are never overwritten.
FUNCTIONS = ("apply", "plan")


class EditFailed(RuntimeError):
    """An edit does not fit the sources any more; the message says which."""


def apply_with_bugs() -> Path:
    """The apply function with every bug in it, all switched off."""
    return _built("apply")


def plan_with_bugs() -> Path:
    """The same for the plan function."""
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
    """Brings the copy up to date. What is the same stays as it is, for cargo looks at the time of its last change."""
    wanted = {COPY / source.relative_to(paths.ROOT): source.read_bytes() for source in sources}
    for file in EDITS:
        for name, old, new in edits(file.read_text()):
            target = COPY / name
            text = wanted.get(target, b"").decode()
            if text.count(old) != 1:
                raise EditFailed(f"{file.name} does not fit {name} any more: {text.count(old)} places have this text\n{old}")
            wanted[target] = text.replace(old, new).encode()
    # By their version cargo keeps the copy's crates and the project's apart, in one target directory for all others.
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
    """What a file of edits says: the source's name, the text to be found there, and what is put for it, each a whole line."""
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
