"""The workflow run of a step, from GitHub's own environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from scripts.operate.text import harmless


class NotInGitHub(RuntimeError):
    """A variable that every step of a workflow has is missing."""


@dataclass(frozen=True)
class Run:
    """One attempt of one workflow run."""

    id: str
    attempt: str
    repository: str
    commit: str
    requester: str
    server_url: str
    api_url: str
    token: str = field(repr=False)
    output: Path
    summary: Path
    #: The directory for files that the next step reads.
    temporary: Path

    @classmethod
    def current(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Returns the run of this process."""

        def said(name: str) -> str:
            if not environ.get(name):
                raise NotInGitHub(f"{name} is not set: this is a step of .github/workflows/deploy-migrations.yml")
            return environ[name]

        return cls(
            id=said("GITHUB_RUN_ID"),
            attempt=said("GITHUB_RUN_ATTEMPT"),
            repository=said("GITHUB_REPOSITORY"),
            commit=said("GITHUB_SHA"),
            # Not GITHUB_ACTOR: it stays the first person's name when another person runs the workflow again.
            requester=said("GITHUB_TRIGGERING_ACTOR"),
            server_url=said("GITHUB_SERVER_URL"),
            api_url=said("GITHUB_API_URL"),
            token=said("GITHUB_TOKEN"),
            output=Path(said("GITHUB_OUTPUT")),
            summary=Path(said("GITHUB_STEP_SUMMARY")),
            temporary=Path(said("RUNNER_TEMP")),
        )

    @property
    def execution(self) -> str:
        """The name of this attempt's execution. A later job can compute it even if `start` could not hand it over."""
        return f"github-{self.id}-{self.attempt}"

    @property
    def url(self) -> str:
        """The run's web page."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.id}"

    def hand_over(self, **values: str) -> None:
        """Sets outputs of the step. A value with a line break would set other outputs too, so it is an error."""
        if odd := [name for name, value in values.items() if harmless(value) != value]:
            raise ValueError(f"the output {odd[0]} of this step would be more than one line of text")
        with self.output.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())
