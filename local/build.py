"""Builds what the local stack runs: the real functions and the command.

Cargo builds them for this machine, in cargo's dev profile. The crates of other authors have the same features as in the tests:
so they are compiled once for both. What goes to AWS is built by `lockstep deploy` or by `make dist`, in other directories.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from local import environment, paths, processes
from scripts import setup
from scripts.dist.archives import Entry, zipped
from scripts.dist.located import located
from scripts.dist.targets import COMMAND, FUNCTIONS, own

#: What was built: the programs, a zip of each function, and the template that names the zips.
BUILD = paths.LOCAL / "build"
TEMPLATE = BUILD / "template.yaml"

#: The command's file.
PROGRAM = paths.COMMANDS / COMMAND

_CARGO = (
    "cargo", "build", "--locked", "--workspace",
    # The smallest example, with the features that the tests and their dependencies have. The parser itself is not compiled.
    "--features", "report/sample,parser-oracle/postgresql", "--example", "sample",
    *(argument for name in (*FUNCTIONS, COMMAND) for argument in ("--bin", name)),
)

#: Without a terminal cargo shows its progress only if it is told to.
_SHOW_PROGRESS = {"CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "100"}

#: Whether this process has built. What changes meanwhile counts from the next command on.
_is_built = False


class BuildFailed(RuntimeError):
    """A build failed; the message has its output."""


def architecture() -> str:
    """Returns this machine's processor in Lambda's terms. The functions run natively, so they are built for it."""
    if platform.system() != "Linux":
        raise BuildFailed(
            "The local stack runs the functions' real binaries, which are Linux programs: use Linux, WSL or a container"
        )
    return own().architecture or ""


def build(say: Callable[[str], None]) -> None:
    """Builds the functions and the command, as far as their sources have changed, and packs the functions."""
    global _is_built
    with setup.only_one("build"):
        if _is_built:
            return
        architecture()
        say("Building the functions and the command (the first time takes some minutes)")
        run([*_CARGO], environment.building(**_SHOW_PROGRESS), say)
        BUILD.mkdir(parents=True, exist_ok=True)
        for name in (*FUNCTIONS, COMMAND):
            _take(name)
        for name in FUNCTIONS:
            pack(BUILD / name)
        text = located(
            paths.TEMPLATE.read_text(), lambda binary: f"{binary}.zip",
            str(paths.ROOT / "statemachine" / "migrate.asl.json"), f"{paths.ROOT / 'layer'}/",
        )
        TEMPLATE.write_text(text)
        PROGRAM.parent.mkdir(parents=True, exist_ok=True)
        PROGRAM.unlink(missing_ok=True)
        PROGRAM.symlink_to(BUILD / COMMAND)
        _is_built = True


def target() -> Path:
    """Returns cargo's target directory."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or paths.ROOT / "target")


def _take(name: str) -> None:
    """Copies a program out of cargo's directory, which other builds use too. The debug information is left behind: every
    deployment would carry it."""
    fresh = BUILD / f"{name}.new"
    built = target() / "debug" / name
    if strip := shutil.which("strip"):
        subprocess.run([strip, "--strip-all", "-o", str(fresh), str(built)], check=True)
    else:
        shutil.copy(built, fresh)
    fresh.replace(BUILD / name)


def pack(program: Path) -> None:
    """Makes the zip of a function, unless it is there already."""
    content = program.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    stamp = program.with_suffix(".sha256")
    package = program.with_suffix(".zip")
    if package.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    stamp.unlink(missing_ok=True)
    package.write_bytes(zipped(Entry("bootstrap", content, is_program=True), level=1))
    stamp.write_text(digest)


def run(command: list[str], settings: dict[str, str], say: Callable[[str], None]) -> None:
    """Runs a command and says every ten seconds how far it is. Its output is shown only if it fails."""
    process = subprocess.Popen(
        command, cwd=paths.ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[str] = []
    output = processes.pipe(process.stdout)
    reader = threading.Thread(target=lambda: lines.extend(iter(output.readline, "")), daemon=True)
    reader.start()
    started = time.monotonic()
    try:
        while True:
            try:
                process.wait(timeout=10)
                break
            except subprocess.TimeoutExpired:
                say(f"  {time.monotonic() - started:.0f} s: {_at(lines)}")
    except BaseException:
        process.terminate()
        process.wait()
        raise
    reader.join(timeout=5)
    if process.returncode != 0:
        raise BuildFailed(f"{' '.join(command[:2])} failed:\n{''.join(lines).strip()}")


def _at(lines: list[str]) -> str:
    """Returns how far a command is, judging by its output. Cargo's progress bar has the number of compiled crates and
    of all crates; the name of the next crate follows it."""
    bars = (re.match(r" *Building \[.*\] (\d+)/(\d+)", line) for line in reversed(lines))
    if bar := next(filter(None, bars), None):
        return f"{bar[1]} of {bar[2]} crates are compiled"
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:100]
