"""The linters of the workflows find what is wrong, and the list of accepted findings hides nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from scripts.checks import workflows as lint
from scripts.setup import ROOT

BOOTSTRAP = ROOT / "bootstrap" / "github.yaml"


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A copy of the repository's workflows."""
    return Path(shutil.copytree(lint.WORKFLOWS, tmp_path / "workflows"))


def test_the_repositorys_own_are_clean(workflows: Path) -> None:
    assert lint.main([str(workflows)]) == 0


#: A fault, made by a replacement in a workflow, and what is said of it.
FAULTS = [
    # actionlint
    ("needs: deploy", "needs: deplyo", 'needs job "deplyo" which does not exist'),
    ("needs.start.outputs.waiting == ", "needs.start.outputs.waits == ", 'property "waits" is not defined'),
    ("queue: max", "queued: max", 'unexpected key "queued"'),
    ("timeout-minutes: 110", "timeout-minute: 110", 'unexpected key "timeout-minute"'),
    # zizmor
    ('lockstep deploy "$ENVIRONMENT"', "lockstep deploy ${{ inputs.reason }}", "template-injection"),
    ("permissions: {}", "permissions: write-all", "excessive-permissions"),
    ("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "actions/checkout@v7", "unpinned-uses"),
    ("        with:\n          persist-credentials: false\n", "", "artipacked"),
    # the list of actions
    ("90b1 # v7.0.1", "90b1 # v7.0.0", "# v7.0.0 is not the pin that actions.toml has"),
    ("actions: read # who reviewed", "actions: write", "undocumented-permissions"),
]


def test_seeded_faults_are_found(workflows: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each fault is in a copy of its own, and all copies are linted at once: a linter takes seconds to start."""
    file = workflows / "deploy-migrations.yml"
    text = file.read_text()
    for number, (old, new, _) in enumerate(FAULTS):
        assert old in text
        (workflows / f"fault-{number}.yml").write_text(text.replace(old, new, 1))
    assert lint.main([str(workflows)]) == 1
    printed = "".join(capfd.readouterr())
    assert [said for *_, said in FAULTS if said not in printed] == []


PIN = {"commit": "1" * 40, "version": "v1.0.0", "runs": "node24"}


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ({"a/b": PIN}, []),
        ({"a/b": PIN | {"runs": "node20"}}, ["actions.toml: a/b v1.0.0 runs on node20, not on node24"]),
        ({"a/b": PIN | {"commit": "2" * 40}}, [f"w.yml: a/b@{'1' * 40} # v1.0.0 is not the pin that actions.toml has"]),
        ({}, [f"w.yml: a/b@{'1' * 40} # v1.0.0 is not the pin that actions.toml has"]),
        ({"a/b": PIN, "c/d": PIN}, ["actions.toml: c/d is used by no workflow"]),
    ],
)
def test_actions_are_pinned_to_what_the_runners_can_run(listed: dict[str, Any], found: list[str], tmp_path: Path) -> None:
    file = tmp_path / "w.yml"
    file.write_text(f"      - uses: a/b@{PIN['commit']} # {PIN['version']}\n")
    assert lint.actions([file], listed) == found


def test_credentials_outlive_the_job() -> None:
    """The credentials last longer than the job, and no longer than the role allows."""
    longest = {
        name: role["Properties"].get("MaxSessionDuration", 3600)
        for name, role in yaml_parse(BOOTSTRAP.read_text())["Resources"].items()
    }
    roles = {"DEPLOYER_ROLE": "GitHubDeployerRole", "RUNNER_ROLE": "GitHubRunnerRole", "APPROVER_ROLE": "GitHubApproverRole"}
    jobs = yaml.safe_load((lint.WORKFLOWS / "deploy-migrations.yml").read_text())["jobs"]
    for name, job in jobs.items():
        [given] = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("aws-actions/")]
        asked = given.get("role-duration-seconds", 3600)
        assert job["timeout-minutes"] * 60 < asked, name
        for variable in re.findall(r"env\.(\w+_ROLE)", given["role-to-assume"]):
            assert asked <= longest[roles[variable]], f"{name} as {variable}"
