"""The release on GitHub. It is drafted first: what is published can no longer be changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scripts.dist.parts import Unfit
from scripts.dist.release import Packed, done, run, version_of


def publish(packed: Packed, tag: str) -> str:
    """Publishes a release, and returns what was done. A release that is there already stays, if it has the same files.

    Raises `Unfit` if it has others, or GitHub lets releases be changed.
    """
    version_of(tag)
    there = _release(tag)
    if there and not there["isDraft"]:
        _check_same(there, packed, tag)
        return f"{tag} is published already, with the same files"
    if there:
        # An earlier attempt was interrupted. A draft is seen by those alone who may write.
        done("gh", "release", "delete", tag, "--yes")
    is_candidate = ["--prerelease"] if "-" in tag else []
    notes: list[str | Path] = ["--title", tag, "--notes-file", packed.directory / "notes.md"]
    done("gh", "release", "create", tag, "--draft", "--verify-tag", *notes, *is_candidate, *packed.files)
    done("gh", "release", "edit", tag, "--draft=false")
    published = _release(tag)
    if not published:
        raise Unfit(f"the release {tag} is gone: run the workflow again")
    _check_same(published, packed, tag)
    if not published["isImmutable"]:
        raise Unfit(
            f"the release {tag} can be changed: switch on immutable releases in the settings of the repository, delete this release "
            "and run the workflow again"
        )
    return f"{tag} is published, with {len(packed.files)} files"


def _release(tag: str) -> dict[str, Any] | None:
    told = run("gh", "release", "view", tag, "--json", "isDraft,isImmutable,assets")
    if told.returncode == 0:
        return json.loads(told.stdout)
    if "release not found" in told.stderr:
        return None
    raise Unfit(f"gh release view failed: {told.stderr.strip()}")


def _check_same(release: dict[str, Any], packed: Packed, tag: str) -> None:
    """Raises `Unfit` unless a release has exactly these files."""
    digests = {asset["name"]: asset["digest"].removeprefix("sha256:") for asset in release["assets"]}
    digests.pop("checksums.txt", None)
    if digests != packed.checksums:
        different = sorted(name for name, _ in digests.items() ^ packed.checksums.items())
        raise Unfit(f"the release {tag} is published with other files than these: {', '.join(dict.fromkeys(different))}")
