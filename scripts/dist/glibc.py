"""Reads from a program which versions of glibc's symbols it needs. It starts only where glibc has all of them."""

from __future__ import annotations

import re
import struct

#: The glibc version of the runtime provided.al2023.
LAMBDAS = (2, 34)

_SHT_GNU_VERNEED = 0x6FFFFFFE


def versions(elf: bytes) -> set[str] | None:
    """Returns the symbol versions that a file needs, such as GLIBC_2.34. The file is a 64-bit ELF, little-endian. Returns
    `None` for another file."""
    if not elf.startswith(b"\x7fELF\x02\x01"):
        return None
    try:
        return _versions(elf)
    except (struct.error, ValueError, IndexError):
        return None


def _versions(elf: bytes) -> set[str]:
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


def is_newer(version: str, than: tuple[int, ...]) -> bool:
    """Returns whether a symbol version is one of a newer glibc."""
    # A version without a number, such as GLIBC_ABI_DT_RELR, is newer than any that is asked for here.
    number = re.fullmatch(r"GLIBC_(\d+(?:\.\d+)*)", version)
    return version.startswith("GLIBC_") and (not number or tuple(map(int, number[1].split("."))) > than)
