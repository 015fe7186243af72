"""The npm packages: one with a launcher, and one with the binary for each target, on which the first depends optionally."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.dist.archives import Entry, tarred
from scripts.dist.project import DESCRIPTION, LICENCE, Project
from scripts.dist.targets import Target

NAME = "@lockstep/cli"

_FILES = Path(__file__).parent / "npm_files"


def name(target: Target) -> str:
    """Returns the name of the package with a target's binary."""
    return f"{NAME}-{target.os}-{target.cpu}"


def file_name(package: str, version: str) -> str:
    """Returns the name that `npm pack` gives to a package's file."""
    return f"{package.removeprefix('@').replace('/', '-')}-{version}.tgz"


def launcher(targets: Sequence[Target], project: Project, licence: bytes) -> bytes:
    """Returns the package that people install."""
    packages = {f"{target.os} {target.cpu}": name(target) for target in targets}
    script = (_FILES / "launcher.js").read_text().replace("PACKAGES", json.dumps(packages, indent=2))
    manifest = _manifest(NAME, project) | {
        "bin": {"lockstep": "bin/lockstep.js"},
        "engines": {"node": ">=18"},
        "optionalDependencies": {name(target): project.version for target in targets},
    }
    return _packed(
        manifest, project, Entry("bin/lockstep.js", script.encode(), is_program=True),
        Entry("LICENSE", licence), Entry("README.md", (_FILES / "README.md").read_bytes()),
    )


def of_target(target: Target, binary: bytes, project: Project, licence: bytes) -> bytes:
    """Returns the package with a target's binary."""
    manifest = _manifest(name(target), project) | {"os": [target.os], "cpu": [target.cpu]}
    if target.libc:
        manifest["libc"] = [target.libc]
    text = f"# {name(target)}\n\nThe binary of [{NAME}](https://www.npmjs.com/package/{NAME}) for {target.triple}.\n"
    return _packed(
        manifest, project, Entry("bin/lockstep", binary, is_program=True), Entry("LICENSE", licence), Entry("README.md", text.encode())
    )


def _manifest(package: str, project: Project) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "name": package, "version": project.version, "description": DESCRIPTION, "license": LICENCE,
        # A package with a scope is private otherwise.
        "publishConfig": {"access": "public"},
    }
    if project.url:
        # npm compares it with the repository whose workflow publishes.
        manifest["repository"] = {"type": "git", "url": f"git+{project.url}.git"}
    return manifest


def _packed(manifest: dict[str, Any], project: Project, *entries: Entry) -> bytes:
    described = Entry("package.json", f"{json.dumps(manifest, indent=2)}\n".encode())
    return tarred(*(Entry(f"package/{entry.name}", entry.content, entry.is_program) for entry in (described, *entries)), epoch=project.epoch)
