"""The workflow release, run from its own file: what it publishes where, and what it never replaces."""

from __future__ import annotations

import re
import shutil
import sys

import pytest

from local import environment, processes
from proofs.e2e.release_workflow import Checkout, ReleaseRun, workflow
from scripts.dist import on_s3
from scripts.dist.project import version
from scripts.dist.targets import TARGETS, own
from scripts.setup import ROOT
from scripts.tests import dist_parts

TAG = f"v{version()}"
BUCKET = "copies"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A clean checkout."""
    return Checkout(tmp_path_factory.mktemp("checkout"), version())


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The directory of the programs that stand in for what is compiled."""
    place = tmp_path_factory.mktemp("programs")
    return dist_parts.make(place, "-static").directory / own().triple


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """A server with a bucket in each Region, and a function that makes a client of it."""
    directory, port = tmp_path_factory.mktemp("s3"), processes.free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = processes.start("moto", command, directory / "log", directory / "state.json", env=environment.isolated())
    endpoint = f"http://127.0.0.1:{port}"

    def client(region):
        return environment.client("s3", endpoint, {"AWS_REGION": region})

    try:
        processes.wait_until_ready(server, lambda: processes.answers(port), directory / "log")
        for region in on_s3.regions():
            where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            client(region).create_bucket(Bucket=f"{BUCKET}-{region}", **where)
        yield endpoint, client
    finally:
        server.stop()


@pytest.fixture
def run(checkout, programs, s3, tmp_path):
    """A function that makes a run of the workflow."""

    def make(tag=TAG, **variables):
        settings = environment.FAKE_AWS | {"AWS_ENDPOINT_URL": s3[0]}
        return ReleaseRun(checkout, tmp_path, programs, variables, settings, tag)

    return make


def copies(s3, region):
    """Returns the keys and the contents in a Region's bucket."""
    client, bucket = s3[1](region), f"{BUCKET}-{region}"
    found = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {one["Key"]: client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}


def test_a_release_is_published_everywhere_and_replaced_nowhere(run, s3):
    given = {"LOCKSTEP_RELEASE_BUCKET": BUCKET, "LOCKSTEP_RELEASE_ACCOUNT": "123456789012"}
    done = run(**given).run()
    assert done.results == dict.fromkeys(("build", "pack", "publish", "npm", "copies"), "success"), done.printed

    release = done.kept("releases")[TAG]
    assert release["isImmutable"] and not release["isDraft"]
    names = {asset["name"] for asset in release["assets"]}
    assert {f"lockstep-{target.triple}.tar.gz" for target in TARGETS} | {"apply-x86_64.zip", "apply-arm64.zip"} <= names
    assert {"template.packaged.yaml", "template.packaged-arm64.yaml", "checksums.txt"} <= names
    assert done.attested == sorted(names)
    assert release["notes"].startswith("There is no release yet") or "### Added" in release["notes"]

    # The package that needs the others is the last one.
    assert done.kept("packages")[-1] == f"@lockstep/cli@{version()}" and len(done.kept("packages")) == len(TARGETS) + 1

    first, *others = (copies(s3, region) for region in on_s3.regions())
    assert {key.removeprefix(f"lockstep/{TAG}/") for key in first} == names
    assert all(other == first for other in others) and len(others) > 20

    # Again: everything is there already, and stays.
    again = done.run("publish", "npm", "copies")
    assert set(again.results.values()) == {"success"}, again.printed
    assert f"{TAG} is published already, with the same files" in again.printed["publish"]
    assert again.printed["npm"].count("is there already") == len(TARGETS) + 1
    assert again.printed["copies"].count(f": 0 of {len(names)} files are new") == len(on_s3.regions())

    # Another file in its place is not replaced, and the other Regions do not suffer.
    key = f"lockstep/{TAG}/notes.md"
    s3[1]("eu-west-1").put_object(Bucket=f"{BUCKET}-eu-west-1", Key=key, Body=b"mine", ChecksumAlgorithm="SHA256")
    refused = done.run("copies")
    assert refused.results["copies"] == "failure" and "eu-west-1: lockstep/" in refused.printed["copies"]
    assert copies(s3, "eu-west-1")[key] == b"mine"
    assert refused.printed["copies"].count("files are new") == len(on_s3.regions()) - 1


def test_a_draft_that_was_left_is_made_anew_and_other_files_are_refused(run):
    done = run().run()
    assert done.results == {"build": "success", "pack": "success", "publish": "success", "npm": "success", "copies": "skipped"}
    state = done.directory / "releases.json"
    state.write_text(state.read_text().replace('"isDraft": false', '"isDraft": true').replace('"name": "notes.md"', '"name": "other.md"'))
    assert done.run("publish").results["publish"] == "success"
    state.write_text(state.read_text().replace('"name": "notes.md"', '"name": "other.md"'))
    refused = done.run("publish", "npm")
    assert refused.results["publish"] == "failure" and refused.results["npm"] == "skipped"
    assert "is published with other files than these: notes.md, other.md" in refused.printed["publish"]


def test_a_release_that_can_be_changed_is_a_failure(run, tmp_path):
    (tmp_path / "changeable").touch()
    done = run().run()
    assert done.results["publish"] == "failure" and done.results["npm"] == "skipped"
    assert "switch on immutable releases" in done.printed["publish"]


def test_another_tag_publishes_nothing(run):
    done = run(tag="v9.9.9").run()
    assert done.results == {"build": "success", "pack": "failure", "publish": "skipped", "npm": "skipped", "copies": "skipped"}
    assert f"the tag is v9.9.9, and the version in Cargo.toml is {version()}" in done.printed["pack"]


def test_a_missing_target_publishes_nothing(run):
    done = run().run("build")
    # A job's artifact was lost.
    shutil.rmtree(done.directory / "artifacts" / "parts-aarch64-apple-darwin")
    assert done.run("pack", "publish", "npm", "copies").results["publish"] == "skipped"
    assert "has no parts of aarch64-apple-darwin, and a release has all targets" in done.printed["pack"]


# ------------------------------------------------------------ the file


def test_a_job_may_no_more_than_it_needs():
    sign_in = {"contents": "read", "id-token": "write"}
    assert workflow()["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow()["jobs"].items()} == {
        "build": {"contents": "read"},
        "pack": sign_in | {"attestations": "write"},
        "publish": {"contents": "write"},
        "npm": sign_in,
        "copies": sign_in,
    }
    # What publishes waits for the reviewers of an environment, if it has some.
    assert {name for name, job in workflow()["jobs"].items() if job.get("environment") == "release"} == {"publish", "npm", "copies"}


def test_a_step_is_one_pinned_action_or_one_command():
    for name, job in workflow()["jobs"].items():
        assert job["timeout-minutes"] <= 60, name
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]) and "run" not in step, step
            elif step["run"] != 'rustup target add "$TARGET"':
                script = re.fullmatch(r'scripts/([a-z-]+)( [a-z]+)?( --[a-z]+=("\$[A-Z]+"|parts))*', step["run"])
                assert script and (ROOT / "scripts" / script[1]).is_file(), step["run"]


def test_no_secret_is_used_and_no_tag_builds_twice_at_once():
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert "secrets." not in text and "actions/cache" not in text
    assert workflow()[True] == {"push": {"tags": ["v*"]}}
    assert workflow()["concurrency"]["cancel-in-progress"] is False


def test_the_matrix_has_every_target():
    assert [one["target"] for one in workflow()["jobs"]["build"]["strategy"]["matrix"]["include"]] == [target.triple for target in TARGETS]
