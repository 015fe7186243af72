"""The linters of the workflows find what is wrong, and the list of what is meant hides nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from scripts.operate import github_lint
from scripts.operate.target import ROOT


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
        ("timeout-minutes: 110", "timeout-minute: 110", 'unexpected key "timeout-minute"'),
        # zizmor
        ('scripts/deploy "$ENVIRONMENT"', "scripts/deploy ${{ inputs.reason }}", "template-injection"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "actions/checkout@v7", "unpinned-uses"),
        ("        with:\n          persist-credentials: false\n", "", "artipacked"),
        # the list of actions
        ("90b1 # v7.0.1", "90b1 # v7.0.0", "# v7.0.0 is not the pin that actions.toml has"),
        ("actions/upload-artifact@", "actions/download-artifact@", "actions/upload-artifact is used by no workflow"),
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


def test_an_action_that_the_runners_cannot_run_is_found(workflows: Path) -> None:
    """The pins of before, which run on node20."""
    file = workflows / "ci.yml"
    old = {"commit": "11bd71901bbe5b1630ceea73d27597364c9af683", "version": "v4.2.2", "runs": "node20"}
    file.write_text(f"      - uses: actions/checkout@{old['commit']} # {old['version']}\n")
    assert github_lint.actions([file], {"actions/checkout": old}) == [
        "actions.toml: actions/checkout v4.2.2 runs on node20, not on node24"
    ]
    assert github_lint.actions([file], {"actions/checkout": old | {"runs": "node24"}}) == []


def test_credentials_outlive_the_job() -> None:
    """And are no longer valid than the role allows."""
    longest = {
        name: role["Properties"].get("MaxSessionDuration", 3600)
        for name, role in yaml_parse((ROOT / "template.yaml").read_text())["Resources"].items() if role["Type"] == "AWS::IAM::Role"
    }
    roles = {"DEPLOYER_ROLE": "GitHubDeployerRole", "RUNNER_ROLE": "GitHubRunnerRole", "APPROVER_ROLE": "GitHubApproverRole"}
    jobs = yaml.safe_load((github_lint.WORKFLOWS / "deploy-migrations.yml").read_text())["jobs"]
    for name, job in jobs.items():
        [given] = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("aws-actions/")]
        asked = given.get("role-duration-seconds", 3600)
        assert job["timeout-minutes"] * 60 < asked, name
        for variable in re.findall(r"env\.(\w+_ROLE)", given["role-to-assume"]):
            assert asked <= longest[roles[variable]], f"{name} as {variable}"
