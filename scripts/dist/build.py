"""Builds the parts of one target, with the release profile of Cargo.toml, so that the same commit gives the same bytes."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from scripts.dist import glibc
from scripts.dist.crates import package
from scripts.dist.parts import Unfit
from scripts.dist.targets import COMMAND, GLIBC, Target
from scripts.setup import ROOT, install_sam

#: What is compiled for a release. It is below the project's root, whose own path gets into no binary.
COMPILED = ROOT / "target" / "dist"

#: The time for whatever asks for one. It is no commit's, so that a function that did not change is the same in every release.
_TIME = "315532800"

#: Variables with which a caller would build something else.
_OTHERS = (
    "AWS_", "CARGO_BUILD_", "CARGO_ENCODED_RUSTFLAGS", "CARGO_LAMBDA_", "CARGO_PROFILE_", "CARGO_TARGET_", "CC_", "CFLAGS", "RUSTC_",
    "RUSTFLAGS",
)


def build(target: Target, parts: Path) -> None:
    """Builds a target's binaries into its directory among the parts. Raises `Unfit` if that fails."""
    if target.os == "darwin" and platform.system() != "Darwin":
        raise Unfit(f"{target.triple} is built on a Mac only")
    arguments = [f"--target={target.triple}", *(f"--package={package(name)}" for name in target.binaries)]
    arguments += ["--release", "--locked", *(f"--bin={name}" for name in target.binaries)]
    if target.os == "darwin":
        command, built = ["cargo", "build"], COMPILED / target.triple / "release"
        found = {name: built / name for name in target.binaries}
    else:
        # cargo-lambda builds any binary. It links with zig, against the glibc that the target's name ends in.
        arguments[0] += f".{GLIBC}"
        built = COMPILED / "lambda"
        # Its own optimisations are another processor than all have, and panics that tell nothing.
        command = ["cargo", "lambda", "build", "--disable-optimizations", f"--lambda-dir={built}"]
        found = {name: built / name / "bootstrap" for name in target.binaries}
    if subprocess.run([*command, *arguments], cwd=ROOT, env=_environment(target), check=False).returncode:
        raise Unfit(f"{' '.join(command[:3])} failed for {target.triple}; its message is above")
    place = parts / target.triple
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name, binary in found.items():
        shutil.copy(binary, place / name)
    if target.os == "linux":
        _check_glibc(place / COMMAND)


def flags() -> list[str]:
    """Returns the compiler's flags. The paths of this machine do not get into the binaries."""
    cargo = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo").resolve()
    return [f"--remap-path-prefix={ROOT}=/lockstep", f"--remap-path-prefix={cargo}=/cargo"]


def _environment(target: Target) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
    own |= {
        "CARGO_TARGET_DIR": str(COMPILED), "CARGO_INCREMENTAL": "0",
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags()), "SOURCE_DATE_EPOCH": _TIME,
    }
    if target.os == "linux":
        own["PATH"] = f"{install_sam()}{os.pathsep}{own['PATH']}"
    return own


def _check_glibc(program: Path) -> None:
    oldest = tuple(map(int, GLIBC.split(".")))
    needed = glibc.versions(program.read_bytes())
    newer = sorted(version for version in needed or () if glibc.is_newer(version, oldest))
    if needed is None or newer:
        raise Unfit(f"{program} needs {', '.join(newer) or 'another system'}, and is meant to start with glibc {GLIBC}")
