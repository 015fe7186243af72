"""The targets that a release has binaries for."""

from __future__ import annotations

import platform
from dataclasses import dataclass

#: The functions, by the names of their binaries.
FUNCTIONS = ("preflight", "plan", "apply", "approve", "notify")

#: The command.
COMMAND = "lockstep"

#: The glibc of the Linux binaries. No older one has all that Rust's standard library needs.
GLIBC = "2.17"


@dataclass(frozen=True)
class Target:
    """A machine that binaries are made for."""

    #: Rust's name of it.
    triple: str
    #: npm's names of its system, of its processor and of its C library.
    os: str
    cpu: str
    libc: str | None
    #: The processor of the functions in Lambda's terms; None where there are only binaries of the command.
    architecture: str | None
    #: The processor in the header of an ELF file; None for another kind of file.
    machine: int | None

    @property
    def binaries(self) -> tuple[str, ...]:
        """The names of the binaries that it has."""
        return (COMMAND, *FUNCTIONS) if self.architecture else (COMMAND,)


TARGETS = (
    Target("x86_64-unknown-linux-gnu", "linux", "x64", "glibc", "x86_64", 62),
    Target("aarch64-unknown-linux-gnu", "linux", "arm64", "glibc", "arm64", 183),
    Target("aarch64-apple-darwin", "darwin", "arm64", None, None, None),
)


def named(triple: str) -> Target:
    """Returns a target. Raises `ValueError` if there is none of this name."""
    for target in TARGETS:
        if target.triple == triple:
            return target
    raise ValueError(f"there is no target {triple}; there are {', '.join(target.triple for target in TARGETS)}")


def own() -> Target:
    """Returns the target of this machine. Raises `ValueError` if there is none."""
    processor = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return named(f"{processor}-{'apple-darwin' if platform.system() == 'Darwin' else 'unknown-linux-gnu'}")
