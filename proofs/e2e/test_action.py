"""The action's command `report`, run from its own file on a pull request in a repository of git.

GitHub cannot run here. A program in the place of `gh` has the release, attests it or not, and keeps the comment.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from local import paths
from proofs.e2e import gh, github_action
from proofs.e2e.application import Application
from proofs.e2e.github_expressions import interpolate
from proofs.harness.temporary import Temporary

TOKEN = "ghs_of_this_job"


class PullRequest(Application):
    """A checkout of a pull request, and the runner that the action runs on."""

    def __init__(self, place: Path, release: Path) -> None:
        super().__init__(place / "checkout")
        self.place = place
        self.temp = place / "temp"
        self.temp.mkdir()
        self.gh = gh.Gh(place / "gh", release)
        (place / "event.json").write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "c0ffee"}}}))

    def use(self, **given: str) -> tuple[int, str]:
        """Uses the action with these inputs. Returns the exit status of its last step, and what it printed."""
        contexts = github_action.contexts({"token": TOKEN, "repository": "shop/app", "event": {}}, given)
        files = {name: self.place / name.lower() for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        for file in files.values():
            file.write_text("")
        printed = ""
        for step in github_action.steps():
            added = files["GITHUB_PATH"].read_text().splitlines()
            settings = {
                "PATH": os.pathsep.join([*reversed(added), str(self.gh.programs), os.environ["PATH"]]),
                "HOME": str(self.place), "GITHUB_ACTION_PATH": str(paths.ROOT), "RUNNER_TEMP": str(self.temp),
                "GITHUB_BASE_REF": "main", "GITHUB_REPOSITORY": "shop/app", "GITHUB_EVENT_PATH": str(self.place / "event.json"),
                # Of the job. The action must not write to it.
                "DATABASE_URL": "postgresql://127.0.0.1:1/of-the-job",
                **{name: str(file) for name, file in files.items()},
                **{name: interpolate(value, contexts) for name, value in step["env"].items()},
            }
            ran = subprocess.run(
                ["bash", "-c", step["run"]], cwd=self.checkout, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, check=False, timeout=120,
            )
            printed += ran.stdout
            if ran.returncode:
                return ran.returncode, printed
        return 0, printed

    @property
    def summary(self) -> str:
        """The job's summary."""
        return (self.place / "github_step_summary").read_text()


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, as a release has it."""
    return gh.release(tmp_path_factory.mktemp("release"))


@pytest.fixture
def pull_request(tmp_path: Path, release: Path) -> PullRequest:
    """A pull request that adds one migration."""
    made = PullRequest(tmp_path, release)
    made.commit("1_orders", "CREATE TABLE orders (id int PRIMARY KEY, note text);")
    made.begin_change()
    made.commit("2_note", "ALTER TABLE orders ALTER COLUMN note TYPE varchar(40);")
    return made


def test_the_report_is_at_its_lines_in_one_comment_and_in_the_summary(pull_request):
    status, printed = pull_request.use()
    assert status == 0, printed
    assert "::error file=prisma/migrations/2_note/migration.sql,line=1" in printed
    [comment] = pull_request.gh.comments
    for text in (comment, pull_request.summary):
        assert "2" in text and "danger" in text.lower() and "CREATE TABLE" not in text
    download, attested, *_ = pull_request.gh.calls
    assert download.startswith("release download v0.1.0 --repo owner/lockstep ")
    assert "--signer-workflow owner/lockstep/.github/workflows/release.yml --source-ref refs/tags/v0.1.0" in attested
    assert TOKEN not in printed + comment + pull_request.summary


def test_a_verdict_fails_the_step_after_all_is_told(pull_request):
    status, printed = pull_request.use(**{"fail-on": "danger", "comment": "false"})
    assert status == 8 and "::error file=" in printed and "danger" in pull_request.summary.lower()
    assert pull_request.gh.comments == []


def test_a_fork_gets_its_annotations_and_no_comment(pull_request):
    pull_request.gh.be_of_a_fork()
    status, printed = pull_request.use()
    assert status == 0 and "::error file=prisma/migrations/2_note" in printed
    assert "this job may not write one" in printed and pull_request.summary


def test_a_command_that_is_not_attested_is_not_run(pull_request):
    pull_request.gh.forge()
    status, printed = pull_request.use()
    assert status == 1 and "GitHub does not attest that lockstep-" in printed
    assert not list(pull_request.temp.glob("*/lockstep"))


def test_a_throw_away_database_knows_what_the_base_has(pull_request):
    with Temporary("action") as server:
        owner = server.owner
        url = f"postgresql://{owner.user}:{quote(owner.password, safe='')}@127.0.0.1:{owner.port}/{owner.database}?sslmode=require"
        status, printed = pull_request.use(**{"throw-away-database-url": url})
    assert status == 0, printed
    # An empty table is rewritten in no time, and the database tells that it is empty.
    assert "::error file=" not in printed and "2_note" in printed
    assert owner.password not in printed + pull_request.summary


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"command": "deploy"}, "command is 'deploy': give report, plan, run, decide or clean-up"),
        ({"command": "run"}, "environment is empty: run needs dev, qa or prod"),
        ({"command": "decide", "environment": "prod", "comment": "no"}, "comment is 'no'"),
        ({"comment": "yes"}, "comment is 'yes'"),
        ({"since": "v9"}, "no commit v9: check out with fetch-depth: 0"),
        ({"directory": "sql"}, "sql"),
        ({"throw-away-database-url": "postgresql://127.0.0.1:1/x"}, "do not apply to the throw-away database"),
    ],
)
def test_what_cannot_be_is_said(pull_request, given, told):
    status, printed = pull_request.use(**given)
    assert status not in (0, 8) and told in printed, printed
