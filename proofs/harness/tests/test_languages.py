"""A missing PostgreSQL with other languages is reported, and a command that fails is never hidden."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from local import postgres
from proofs.harness import debian, with_languages
from scripts import setup


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(setup, "LOCAL", tmp_path)
    monkeypatch.setattr(debian, "PLACE", tmp_path / "debian")
    monkeypatch.setattr(debian, "PACKAGE", tmp_path / "debian" / "postgresql")
    return tmp_path


@pytest.mark.parametrize(
    ("programs", "reason"),
    [
        ({}, "no apt-get and no apt-cache and no dpkg-deb and no localedef"),
        ({"dpkg-deb": "", "localedef": "", "apt-cache": "", "apt-get": "echo W: slow >&2; echo E: no network >&2; exit 100"},
         "apt-get failed: E: no network"),
        ({"dpkg-deb": "", "localedef": "", "apt-get": "", "apt-cache": "echo postgresql Depends: postgresql-common"},
         "the system's packages have no postgresql"),
    ],
)
def test_what_is_missing_is_told(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], programs: dict[str, Any], reason: str
) -> None:
    for name, script in programs.items():
        (elsewhere / name).write_text(f"#!/bin/sh\n{script}\n")
        (elsewhere / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(elsewhere))
    monkeypatch.setattr(sys, "argv", ["with_languages", "false"])
    assert with_languages.main() == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("Skipped: ") and reason in said
    assert not (elsewhere / "debian" / "apt").exists(), "what apt keeps is left behind"


def test_a_command_that_fails_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    # The stack's own server, so that nothing has to be downloaded here.
    monkeypatch.setattr(debian, "postgresql", postgres.package)
    monkeypatch.setattr(sys, "argv", ["with_languages", "sh", "-c", 'test -n "$TEST_POSTGRES_SPEAKS" && exit 7'])
    monkeypatch.setenv("TEST_POSTGRES_SPEAKS", "")
    assert with_languages.main() == 7
