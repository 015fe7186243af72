"""The notes of a release: the newest section of the changelog."""

from __future__ import annotations

import re

from scripts.dist.parts import Unfit
from scripts.dist.project import Project

UNRELEASED = "Unreleased"


def notes(changelog: str, project: Project, tag: str | None) -> str:
    """Returns the newest section. For a tag it is the section of the version, which has to be the tag's.

    Raises `Unfit` if the tag is another one, or the newest section is not the version's.
    """
    heading, text = newest(changelog)
    if tag is not None:
        if tag != f"v{project.version}":
            raise Unfit(f"the tag is {tag}, and the version in Cargo.toml is {project.version}: make them equal")
        if _version(heading) != project.version:
            raise Unfit(
                f"the newest section of CHANGELOG.md is {heading!r}, and has to be the one of {project.version}: give what is "
                f"released its heading, '## {project.version}'"
            )
    elif _version(heading) not in (UNRELEASED, project.version):
        raise Unfit(f"the newest section of CHANGELOG.md is {heading!r}, and has to be {UNRELEASED} or {project.version}")
    if not text:
        raise Unfit(f"the section {heading!r} of CHANGELOG.md says nothing")
    return f"{project.linked(text)}\n"


def newest(changelog: str) -> tuple[str, str]:
    """Returns the newest section's heading and text."""
    found = re.search(r"^## (.+)\n((?:(?!## ).*\n?)*)", changelog, re.MULTILINE)
    if not found:
        raise Unfit("CHANGELOG.md has no section")
    return found[1].strip(), found[2].strip()


def _version(heading: str) -> str:
    """Returns a heading's version, of `1.2.3` as of `[1.2.3] - 2026-01-31`."""
    return heading.split()[0].strip("[]")
