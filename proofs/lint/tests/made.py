"""Makes the files that a test of a check reads."""

from __future__ import annotations

from pathlib import Path


def files(root: Path, texts: dict[str, str]) -> Path:
    """Writes each text to its file below `root`. Returns `root`."""
    for name, text in texts.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root
