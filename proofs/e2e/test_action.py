"""The action `report`, run from its own file on a pull request in a repository of git.

GitHub cannot run here. A program in the place of `gh` has the release, attests it or not, and keeps the comment.
"""

from __future__ import annotations

import io
import json
import os
import platform
import subprocess
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from local import paths
from proofs.e2e.github_expressions import interpolate
from proofs.harness import build
from proofs.harness.temporary import Temporary

ACTION = paths.ROOT / "action.yml"
TOKEN = "ghs_of_this_job"

GH = """#!/bin/sh
echo "$*" >> {place}/calls
case "$1 $2" in
    'release download') cp {place}/released/* "$9" ;;
    'attestation verify') [ ! -e {place}/forged ] || {{ echo 'no attestation matches' >&2; exit 1; }} ;;
    'api --method') cat > {place}/comment; [ ! -e {place}/fork ] || {{ echo 'gh: Resource not accessible (HTTP 403)' >&2; exit 1; }} ;;
    'api --paginate') echo '[[]]' ;;
    *) exit 9 ;;
esac
"""


class PullRequest:
    """A checkout of a pull request, and the runner that the action runs on."""

    def __init__(self, place: Path, release: Path) -> None:
        self.place = place
        self.checkout = place / "checkout"
        self.temp = place / "temp"
        self.directory = self.checkout / "prisma" / "migrations"
        for made in (self.directory, self.temp, place / "bin", place / "released"):
            made.mkdir(parents=True)
        gh = place / "bin" / "gh"
        gh.write_text(GH.format(place=place))
        gh.chmod(0o755)
        os.link(release, place / "released" / release.name)
        (place / "event.json").write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "c0ffee"}}}))
        (self.directory / "migration_lock.toml").write_text('provider = "postgresql"\n')
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("1_orders", "CREATE TABLE orders (id int PRIMARY KEY, note text);")
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")

    def git(self, *arguments: str) -> None:
        author = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
        subprocess.run(["git", *author, *arguments], cwd=self.checkout, check=True)

    def commit(self, name: str, sql: str) -> None:
        """Commits a migration."""
        (self.directory / name).mkdir()
        (self.directory / name / "migration.sql").write_text(sql + "\n")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", name)

    def use(self, **given: str) -> tuple[int, str]:
        """Uses the action with these inputs. Returns the exit status of its last step, and what it printed."""
        action: dict[str, Any] = yaml.safe_load(ACTION.read_text())
        github = {"token": TOKEN, "action_repository": "owner/lockstep", "repository": "shop/app"}
        contexts: dict[str, Any] = {"github": github, "inputs": {}}
        known = {name: interpolate(one["default"], contexts) for name, one in action["inputs"].items()}
        assert given.keys() <= known.keys()
        contexts["inputs"] = known | given
        files = {name: self.place / name.lower() for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        for file in files.values():
            file.write_text("")
        printed = ""
        for step in action["runs"]["steps"]:
            assert step.keys() == {"name", "shell", "run", "env"} and step["shell"] == "bash" and "${{" not in step["run"]
            added = files["GITHUB_PATH"].read_text().splitlines()
            settings = {
                "PATH": os.pathsep.join([*reversed(added), str(self.place / "bin"), os.environ["PATH"]]),
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

    @property
    def calls(self) -> list[str]:
        """The calls of gh."""
        return (self.place / "calls").read_text().splitlines()


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, as a release has it."""
    name = f"lockstep-{platform.machine()}-unknown-linux-gnu"
    program = (build.binaries("lockstep") / "lockstep").read_bytes()
    file = tmp_path_factory.mktemp("release") / f"{name}.tar.gz"
    with tarfile.open(file, "w:gz", compresslevel=1) as archive:
        about = tarfile.TarInfo(f"{name}/lockstep")
        about.size, about.mode = len(program), 0o755
        archive.addfile(about, io.BytesIO(program))
    return file


@pytest.fixture
def pull_request(tmp_path: Path, release: Path) -> PullRequest:
    """A pull request that adds one migration."""
    made = PullRequest(tmp_path, release)
    made.git("switch", "--quiet", "--create", "change")
    made.commit("2_note", "ALTER TABLE orders ALTER COLUMN note TYPE varchar(40);")
    return made


def test_the_report_is_at_its_lines_in_one_comment_and_in_the_summary(pull_request):
    status, printed = pull_request.use()
    assert status == 0, printed
    assert "::error file=prisma/migrations/2_note/migration.sql,line=1" in printed
    comment = json.loads((pull_request.place / "comment").read_text())["body"]
    for text in (comment, pull_request.summary):
        assert "2" in text and "danger" in text.lower() and "CREATE TABLE" not in text
    download, attested, *_ = pull_request.calls
    assert download.startswith("release download v0.1.0 --repo owner/lockstep ")
    assert "--signer-workflow owner/lockstep/.github/workflows/release.yml --source-ref refs/tags/v0.1.0" in attested
    assert TOKEN not in printed + comment + pull_request.summary


def test_a_verdict_fails_the_step_after_all_is_told(pull_request):
    status, printed = pull_request.use(**{"fail-on": "danger", "comment": "false"})
    assert status == 8 and "::error file=" in printed and "danger" in pull_request.summary.lower()
    assert not (pull_request.place / "comment").exists()


def test_a_fork_gets_its_annotations_and_no_comment(pull_request):
    (pull_request.place / "fork").touch()
    status, printed = pull_request.use()
    assert status == 0 and "::error file=prisma/migrations/2_note" in printed
    assert "this job may not write one" in printed and pull_request.summary


def test_a_command_that_is_not_attested_is_not_run(pull_request):
    (pull_request.place / "forged").touch()
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
        ({"command": "deploy"}, "command is 'deploy'"),
        ({"comment": "yes"}, "comment is 'yes'"),
        ({"since": "v9"}, "no commit v9: check out with fetch-depth: 0"),
        ({"directory": "sql"}, "sql"),
        ({"throw-away-database-url": "postgresql://127.0.0.1:1/x"}, "do not apply to the throw-away database"),
    ],
)
def test_what_cannot_be_is_said(pull_request, given, told):
    status, printed = pull_request.use(**given)
    assert status not in (0, 8) and told in printed, printed
