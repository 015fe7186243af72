"""The notes of a release are the newest section of the changelog."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scripts.dist.notes import notes
from scripts.dist.parts import Unfit
from scripts.dist.project import Project, version
from scripts.setup import ROOT

PROJECT = Project("1.2.3", 0, "example/lockstep")
CHANGELOG = "# Changelog\n\nWhat changed.\n\n## {}\n\n### Added\n\n- [This](pages/json.md#a) and [that](https://example.com).\n\n## 1.0.0\n\n- Old.\n"


@pytest.mark.parametrize("heading", ["1.2.3", "1.2.3 - 2026-01-31", "[1.2.3] - 2026-01-31"])
def test_a_tag_has_the_section_of_its_version(heading):
    told = notes(CHANGELOG.format(heading), PROJECT, "v1.2.3")
    assert told == (
        "### Added\n\n- [This](https://github.com/example/lockstep/blob/v1.2.3/pages/json.md#a) and [that](https://example.com).\n"
    )


def test_without_a_repository_the_links_stay():
    assert "](pages/json.md#a)" in notes(CHANGELOG.format("Unreleased"), replace(PROJECT, repository=None), None)


@pytest.mark.parametrize(("heading", "tag", "why"), [
    ("Unreleased", "v1.2.3", "the newest section of CHANGELOG.md is 'Unreleased', and has to be the one of 1.2.3"),
    ("1.2.30", "v1.2.3", "has to be the one of 1.2.3"),
    ("1.2.3", "v1.2.4", "the tag is v1.2.4, and the version in Cargo.toml is 1.2.3"),
    ("1.2.3", "1.2.3", "the tag is 1.2.3"),
    ("1.1.0", None, "has to be Unreleased or 1.2.3"),
])
def test_another_section_is_refused(heading, tag, why):
    with pytest.raises(Unfit, match=why):
        notes(CHANGELOG.format(heading), PROJECT, tag)


def test_a_section_without_a_word_is_refused():
    for text, why in (("# Changelog\n", "has no section"), ("# Changelog\n\n## Unreleased\n\n## 1.0.0\n\n- Old.\n", "says nothing")):
        with pytest.raises(Unfit, match=why):
            notes(text, PROJECT, None)


def test_the_changelog_of_the_project_has_notes():
    assert "### Added" in notes((ROOT / "CHANGELOG.md").read_text(), Project(version(), 0), None)
