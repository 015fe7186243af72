"""What GitHub shows at a line of a file: the script that a run failed at.

A command of GitHub's is one line. Its text was written by others, so each character that is more than text is an escape,
and what would end the line, a property or the command is encoded as GitHub decodes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripts.operate.paths import ROOT
from scripts.operate.text import harmless, lines


def error(place: dict[str, Any], title: str, message: str, root: Path = ROOT) -> str | None:
    """The command for a failure, if the file of the script that it is about is in this checkout."""
    file = in_checkout(str(place.get("file") or ""), root)
    if file is None:
        return None
    properties = {"file": file, "line": place.get("line"), "title": title}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::error {written}::{_data(message)}"


def in_checkout(file: str, root: Path = ROOT) -> str | None:
    """Where a file of the layer is in the repository: what is in `layer/` may be a link to it."""
    found = (root / "layer" / file).resolve()
    if not file or not found.is_file() or not found.is_relative_to(root.resolve()):
        return None
    return found.relative_to(root.resolve()).as_posix()


def _data(text: str) -> str:
    return "%0A".join(harmless(line).replace("%", "%25") for line in lines(text))


def _property(value: object) -> str:
    return harmless(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
