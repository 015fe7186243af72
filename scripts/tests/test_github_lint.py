"""The linters of the workflows find what is wrong, and the list of what is meant hides nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.operate import github_lint


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A copy of the repository's workflows."""
    return Path(shutil.copytree(github_lint.WORKFLOWS, tmp_path / "workflows"))


def test_the_repositorys_own_are_clean(workflows: Path) -> None:
    assert github_lint.main([str(workflows)]) == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        # actionlint
        ("needs: deploy", "needs: deplyo", 'needs job "deplyo" which does not exist'),
        ("needs.start.outputs.waiting == ", "needs.start.outputs.waits == ", 'property "waits" is not defined'),
        ("queue: max", "queued: max", 'unexpected key "queued"'),
        ("timeout-minutes: 55", "timeout-minute: 55", 'unexpected key "timeout-minute"'),
        # zizmor
        ('scripts/deploy "$ENVIRONMENT"', "scripts/deploy ${{ inputs.reason }}", "template-injection"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2", "actions/checkout@v4", "unpinned-uses"),
        ("        with:\n          persist-credentials: false\n", "", "artipacked"),
        ("actions: read # who reviewed", "actions: write", "undocumented-permissions"),
    ],
)
def test_a_seeded_fault_is_found(
    old: str, new: str, said: str, workflows: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = workflows / "deploy-migrations.yml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    assert github_lint.main([str(workflows)]) == 1
    assert said in "".join(capfd.readouterr())
