"""What a release says of the project: its version, its commit's time, its repository."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from dataclasses import dataclass

from scripts.dist.parts import Unfit
from scripts.setup import ROOT

DESCRIPTION = "Database migrations for a private RDS PostgreSQL, run by AWS Step Functions from a plan"
LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Project:
    """The project at one commit."""

    version: str
    #: The time of everything in the release, in Unix seconds.
    epoch: int
    #: The repository on GitHub, as `owner/name`; None where it is not known.
    repository: str | None = None

    @property
    def url(self) -> str | None:
        """The repository's address."""
        return f"https://github.com/{self.repository}" if self.repository else None

    def linked(self, text: str) -> str:
        """Lets the links of a Markdown text lead to the release's own pages. Outside of the repository a relative link leads
        nowhere."""
        if not self.url:
            return text
        pages = f"{self.url}/blob/v{self.version}/"
        return re.sub(r"\]\((?!https?://|#)([^)\s]+)\)", lambda link: f"]({pages}{link[1]})", text)


def read(repository: str | None = None) -> Project:
    """Returns the project of this checkout. Raises `Unfit` if the repository's name is none."""
    if repository is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise Unfit(f"the repository {repository!r} is not of the form owner/name")
    return Project(version(), epoch(), repository)


def version() -> str:
    """Returns the version of Cargo.toml."""
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def epoch() -> int:
    """Returns SOURCE_DATE_EPOCH, or the time of the commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        if not given.isdecimal():
            raise Unfit(f"SOURCE_DATE_EPOCH is {given!r}, and has to be a number of seconds")
        return int(given)
    told = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    if told.returncode:
        raise Unfit("this is no checkout of git, so the commit's time is not known: set SOURCE_DATE_EPOCH")
    return int(told.stdout)
