"""Proves that Lambda's glibc has every symbol that a built function needs. Without one of them no invocation would ever
start."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from scripts.operate.samconfig import NotReady

#: The glibc version of the runtime provided.al2023.
_LAMBDAS = (2, 34)

_SHT_GNU_VERNEED = 0x6FFFFFFE


def check(build: Path) -> None:
    """Raises `NotReady` if a function in `sam build`'s directory could not start on Lambda."""
    for binary in sorted(build.glob("*/bootstrap")):
        if newer := sorted(filter(_is_newer, versions(binary.read_bytes()))):
            raise NotReady(
                f"{binary.parent.name} needs {', '.join(newer)}, and Lambda's glibc is {'.'.join(map(str, _LAMBDAS))}: it could "
                "not start there. Let cargo-lambda link with zig, as it does unless CARGO_LAMBDA_COMPILER or Cargo.toml names "
                "another compiler, and run scripts/deploy without --no-build"
            )


def versions(elf: bytes) -> set[str]:
    """Returns the symbol versions that a file needs, such as GLIBC_2.34. The file is a 64-bit ELF, little-endian."""
    sections_at, = struct.unpack_from("<Q", elf, 0x28)
    size, count = struct.unpack_from("<HH", elf, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, sections_at + size * index) for index in range(count)]
    found = set()
    for _, kind, _, _, library, _, names, libraries, _, _ in sections:
        if kind != _SHT_GNU_VERNEED:
            continue
        text = sections[names][4]
        for _ in range(libraries):
            _, symbols, _, first, following = struct.unpack_from("<HHIII", elf, library)
            symbol = library + first
            for _ in range(symbols):
                _, _, _, name, next_symbol = struct.unpack_from("<IHHII", elf, symbol)
                found.add(elf[text + name : elf.index(b"\0", text + name)].decode())
                symbol += next_symbol
            library += following
    return found


def _is_newer(version: str) -> bool:
    # A version without a number, such as GLIBC_ABI_DT_RELR, is newer than 2.34 or not for programs.
    number = re.fullmatch(r"GLIBC_(\d+(?:\.\d+)*)", version)
    return version.startswith("GLIBC_") and (not number or tuple(map(int, number[1].split("."))) > _LAMBDAS)
