"""Archives whose bytes depend on nothing but their content: no time, no owner, no order of a directory."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from dataclasses import dataclass

#: The oldest time that a zip file can name.
_OLDEST = (1980, 1, 1, 0, 0, 0)

_REGULAR_FILE = 0o100000


@dataclass(frozen=True)
class Entry:
    """One file of an archive."""

    name: str
    content: bytes
    is_program: bool = False

    @property
    def mode(self) -> int:
        """Its permissions: all may read it, and run it if it is a program."""
        return 0o755 if self.is_program else 0o644


def zipped(*entries: Entry, level: int = 9) -> bytes:
    """Returns a zip file, compressed at a level of 1 to 9. It has no time of its own, so that equal content is equal in every
    release."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for entry in sorted(entries, key=lambda entry: entry.name):
            about = zipfile.ZipInfo(entry.name, _OLDEST)
            # Otherwise the file says on which system it was made, and has no modes.
            about.create_system = 3
            about.external_attr = (_REGULAR_FILE | entry.mode) << 16
            archive.writestr(about, entry.content, zipfile.ZIP_DEFLATED, level)
    return written.getvalue()


def tarred(*entries: Entry, epoch: int) -> bytes:
    """Returns a gzipped tar file, with one time for all of its files."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for entry in sorted(entries, key=lambda entry: entry.name):
            about = tarfile.TarInfo(entry.name)
            about.size, about.mode, about.mtime = len(entry.content), entry.mode, epoch
            archive.addfile(about, io.BytesIO(entry.content))
    written = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=written, mtime=0) as compressed:
        compressed.write(plain.getvalue())
    return written.getvalue()
