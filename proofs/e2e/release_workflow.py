"""Runs the jobs of release.yml as GitHub would, each in a clean checkout.

The steps are the workflow's own commands. What would reach a compiler or the outside is a stand-in: `cargo` copies small
programs, `rustup` does nothing, `gh` and `npm` keep what they are given in a file. `uses` steps are not run: what they do to
files is done here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from proofs.e2e.github_expressions import Contexts, Unknown, evaluate, interpolate
from scripts.dist.targets import TARGETS, named
from scripts.setup import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
REPOSITORY = "example/lockstep"

_CARGO = """
import pathlib, shutil, sys
options = dict(option.split("=", 1) for option in sys.argv if "=" in option)
machine = (183).to_bytes(2, "little") if options["--target"].startswith("aarch64") else None
for name in (option.removeprefix("--bin=") for option in sys.argv if option.startswith("--bin=")):
    place = pathlib.Path(options["--lambda-dir"]) / name
    place.mkdir(parents=True, exist_ok=True)
    content = bytearray((pathlib.Path({programs!r}) / name).read_bytes())
    if machine:
        content[0x12:0x14] = machine
    (place / "bootstrap").write_bytes(content)
"""

_GH = """
import hashlib, json, pathlib, sys
state = pathlib.Path({state!r}) / "releases.json"
releases = json.loads(state.read_text()) if state.exists() else {{}}
what, tag, *options = sys.argv[2:]
if what == "view":
    if tag not in releases:
        sys.exit("release not found")
    print(json.dumps(releases[tag]))
elif what == "create":
    files = [pathlib.Path(option) for option in options if pathlib.Path(option).is_absolute()]
    assert options[:2] == ["--draft", "--verify-tag"] and tag not in releases, options
    notes = pathlib.Path(options[options.index("--notes-file") + 1])
    assets = [{{"name": file.name, "digest": "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()}} for file in files if file != notes]
    notes_too = [{{"name": notes.name, "digest": "sha256:" + hashlib.sha256(notes.read_bytes()).hexdigest()}}]
    releases[tag] = {{"isDraft": True, "isImmutable": False, "assets": assets + notes_too, "notes": notes.read_text()}}
elif what == "edit":
    assert options == ["--draft=false"], options
    releases[tag] |= {{"isDraft": False, "isImmutable": not state.with_name("changeable").exists()}}
else:
    assert what == "delete" and options == ["--yes"] and releases[tag]["isDraft"], sys.argv
    del releases[tag]
state.write_text(json.dumps(releases))
"""

_NPM = """
import json, pathlib, sys, tarfile
state = pathlib.Path({state!r}) / "packages.json"
packages = json.loads(state.read_text()) if state.exists() else []
if sys.argv[1] == "view":
    if sys.argv[2] not in packages:
        sys.exit("npm error code E404")
    print(sys.argv[2].rpartition("@")[2])
else:
    assert sys.argv[1] == "publish" and sys.argv[3:] == ["--access", "public"], sys.argv
    with tarfile.open(sys.argv[2]) as archive:
        manifest = json.load(archive.extractfile("package/package.json"))
    assert manifest["repository"]["url"] == "git+https://github.com/example/lockstep.git"
    state.write_text(json.dumps([*packages, manifest["name"] + "@" + manifest["version"]]))
"""


def workflow() -> dict[str | bool, Any]:
    """Returns the workflow file. (YAML takes the key `on` for a boolean.)"""
    return yaml.safe_load(WORKFLOW.read_text())


class Checkout:
    """A clean checkout of what is here, with a commit and the version's section in its changelog."""

    def __init__(self, place: Path, version: str) -> None:
        self.place = place
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_symlink() or (ROOT / name).is_file():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, place / name, follow_symlinks=False)
        for name in (".venv", ".venv-sam"):
            if not (place / name).is_symlink():
                (place / name).symlink_to((ROOT / name).resolve())
        changelog = place / "CHANGELOG.md"
        changelog.write_text(changelog.read_text().replace("## Unreleased", f"## {version}", 1))
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.hooksPath=/dev/null"]
        for command in (["init", "--quiet"], ["add", "CHANGELOG.md"], ["commit", "--quiet", "-m", "t"]):
            subprocess.run([*git, *command], cwd=place, check=True)

    def clean(self) -> None:
        """Removes what a job has made."""
        for name in ("parts", "dist", "target"):
            shutil.rmtree(self.place / name, ignore_errors=True)


@dataclass
class ReleaseRun:
    """One run of the workflow on a tag."""

    checkout: Checkout
    #: The directory of the stand-ins, of what they keep and of the artifacts.
    directory: Path
    programs: Path
    variables: dict[str, str]
    #: More variables of the commands' environment, such as an endpoint.
    settings: dict[str, str]
    tag: str
    results: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    attested: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, text in (("cargo", _CARGO), ("gh", _GH), ("npm", _NPM), ("rustup", "")):
            # The real cargo tells what is linked.
            place = self.directory / "bin" / ("compiling" if name == "cargo" else "") / name
            place.parent.mkdir(parents=True, exist_ok=True)
            filled = text.format(programs=str(self.programs), state=str(self.directory))
            place.write_text(f"#!{sys.executable}\n{filled}")
            place.chmod(0o755)

    def kept(self, name: str) -> Any:
        """Returns what a stand-in has kept."""
        file = self.directory / f"{name}.json"
        return json.loads(file.read_text()) if file.exists() else None

    def run(self, *again: str) -> ReleaseRun:
        """Runs all jobs, or repeats the named ones."""
        for name, job in workflow()["jobs"].items():
            if again and name not in again:
                continue
            self.printed[name] = ""
            needed = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            wanted = all(self.results[need] == "success" for need in needed)
            contexts = self._contexts({})
            if not wanted or not evaluate(str(job.get("if", "true == 'true'")), contexts | {"true": "true"}):
                self.results[name] = "skipped"
                continue
            matrix = job.get("strategy", {}).get("matrix", {}).get("include", [{}])
            ended = [self._run_job(name, job, entry) for entry in matrix]
            self.results[name] = "success" if all(ended) else "failure"
        return self

    def _run_job(self, name: str, job: dict[str, Any], matrix: dict[str, str]) -> bool:
        self.checkout.clean()
        contexts = self._contexts(matrix)
        contexts["env"] = {
            key: interpolate(value, contexts) for key, value in (workflow()["env"] | job.get("env", {})).items()
        }
        runner = interpolate(job["runs-on"], contexts)
        if not runner.startswith("ubuntu-"):
            # A Mac builds there. Its part is made here.
            place = self.checkout.place / "parts" / matrix["target"]
            place.mkdir(parents=True)
            (place / "lockstep").write_bytes(b"\xcf\xfa\xed\xfe")
        for step in job["steps"]:
            if "uses" in step:
                self._use(step, contexts)
            elif runner.startswith("ubuntu-") and not self._run_step(name, step, contexts):
                return False
        return True

    def _use(self, step: dict[str, Any], contexts: Contexts) -> None:
        action = step["uses"].partition("@")[0]
        given = {key: interpolate(value, contexts) for key, value in step.get("with", {}).items()}
        artifacts = self.directory / "artifacts"
        if action == "actions/upload-artifact":
            shutil.copytree(self.checkout.place / given["path"], artifacts / given["name"], dirs_exist_ok=True)
        elif action == "actions/download-artifact":
            found = sorted(artifacts.glob(given.get("name") or given["pattern"]))
            assert found and (len(found) == 1 or given["merge-multiple"] == "true")
            for one in found:
                shutil.copytree(one, self.checkout.place / given["path"], dirs_exist_ok=True)
        elif action == "actions/attest":
            self.attested = sorted(path.name for path in self.checkout.place.glob(given["subject-path"]))
        elif action == "aws-actions/configure-aws-credentials":
            assert given["role-to-assume"] == "arn:aws:iam::123456789012:role/lockstep-release"
        elif action not in ("actions/checkout", "actions/setup-node"):
            raise Unknown(f"the action {action}")

    def _run_step(self, name: str, step: dict[str, Any], contexts: Contexts) -> bool:
        if set(step) - {"name", "run", "env"}:
            raise Unknown(f"a step with {', '.join(step)}")
        stand_ins = [self.directory / "bin", *([self.directory / "bin" / "compiling"] if name == "build" else [])]
        environment = {
            "PATH": os.pathsep.join([*map(str, stand_ins), os.environ["PATH"]]), "HOME": os.environ["HOME"],
            "CI": "true", "GITHUB_ACTIONS": "true", **self.settings, **contexts["env"],
            **{key: interpolate(value, contexts) for key, value in step.get("env", {}).items()},
        }
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]], cwd=self.checkout.place, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )
        self.printed[name] += done.stdout
        return done.returncode == 0

    def _contexts(self, matrix: dict[str, str]) -> Contexts:
        if matrix:
            assert named(matrix["target"]) in TARGETS
        return {
            "github": {
                "ref": f"refs/tags/{self.tag}", "ref_name": self.tag, "repository": REPOSITORY, "token": "a-token",
                "run_id": "1", "run_attempt": "1",
            },
            "matrix": matrix, "vars": self.variables,
        }
