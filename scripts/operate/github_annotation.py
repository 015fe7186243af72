"""The annotation that GitHub shows at a line of a file: the script at which a run failed.

A workflow command is one line. Its text comes from outside, so each character that is more than text becomes an escape.
What would end the line, a property or the command is encoded as GitHub decodes it.
"""

from __future__ import annotations

from pathlib import Path

from scripts.operate.paths import ROOT
from scripts.operate.text import harmless, lines
from scripts.wire.record import Place


def error(place: Place | None, title: str, message: str, root: Path = ROOT) -> str | None:
    """Returns the command for a failure, if this checkout has the file of the failed script; else None."""
    file = in_checkout(place.get("file", ""), root) if place else None
    if not place or file is None:
        return None
    properties = {"file": file, "line": place.get("line"), "title": title}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::error {written}::{_data(message)}"


def in_checkout(file: str, root: Path = ROOT) -> str | None:
    """Returns the place of a layer's file in the repository: an entry of `layer/` may be a link to it."""
    found = (root / "layer" / file).resolve()
    if not file or not found.is_file() or not found.is_relative_to(root.resolve()):
        return None
    return found.relative_to(root.resolve()).as_posix()


def _data(text: str) -> str:
    return "%0A".join(harmless(line).replace("%", "%25") for line in lines(text))


def _property(value: object) -> str:
    return harmless(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
