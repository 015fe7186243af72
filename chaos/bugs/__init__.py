"""Bugs that the harness has to find, and the function that has them.

Each `*.patch` here plants one, which the variable CHAOS_BUG switches on. They are applied to a copy of the sources; the
project itself never has them.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from local import build, environment, paths

PATCHES = sorted(Path(__file__).parent.glob("*.patch"))
NAMES = [patch.stem for patch in PATCHES]

VARIABLE = "CHAOS_BUG"

#: Always the same place, so that cargo compiles again only what has changed.
COPY = paths.LOCAL / "chaos" / "with-bugs"

#: A name of its own, so that the real function is never overwritten.
BINARY = "apply-with-bugs"


class PatchFailed(RuntimeError):
    """A patch does not fit the sources any more; the message says which."""


def apply_with_bugs() -> Path:
    """The apply function with every bug in it, all switched off."""
    sources = [path for top in _TOPS for path in _files(paths.ROOT / top)]
    stamp, digest = COPY / "stamp", _digest(sources + PATCHES)
    binary = build.target() / "debug" / BINARY
    if not binary.exists() or not stamp.exists() or stamp.read_text() != digest:
        _copy(sources)
        subprocess.run(
            ["cargo", "build", "--quiet", "--offline", "--package", "apply", "--bin", BINARY], check=True, cwd=COPY,
            env=environment.building(CARGO_TARGET_DIR=str(build.target())),
        )
        stamp.write_text(digest)
    return binary


_TOPS = (
    "Cargo.toml", "Cargo.lock", "analysis", "bench/native", "conformance/parser-oracle", "conformance/sqlx-oracle", "engine", "functions", "report",
    "scan", "statemachine",
)


def _files(top: Path) -> list[Path]:
    return [path for path in sorted(top.rglob("*")) if path.is_file()] if top.is_dir() else [top]


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _copy(sources: list[Path]) -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    for source in sources:
        target = COPY / source.relative_to(paths.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    for patch in PATCHES:
        applied = subprocess.run(
            ["patch", "--strip=1", "--forward", "--no-backup-if-mismatch", f"--input={patch}"],
            check=False, cwd=COPY, capture_output=True, text=True,
        )
        if applied.returncode != 0:
            raise PatchFailed(f"{patch.name} does not fit the sources any more: renew it.\n{applied.stdout}")
    with open(COPY / "functions" / "apply" / "Cargo.toml", "a") as manifest:
        manifest.write(f'\n[[bin]]\nname = "{BINARY}"\npath = "src/main.rs"\n')
