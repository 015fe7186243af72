"""The packages on npm, published by the identity of the workflow's job: there is no token."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from scripts.dist import npm
from scripts.dist.parts import Unfit
from scripts.dist.release import Packed, done, run


def publish(packed: Packed) -> Iterator[str]:
    """Publishes the packages that are not there yet, and yields what was done."""
    manifests = {_manifest(path): path for path in packed.files if path.suffix == ".tgz"}
    # The package that people install comes last: it needs the others.
    for name, version in sorted(manifests, key=lambda manifest: (manifest[0] == npm.NAME, manifest)):
        if _is_there(name, version):
            yield f"{name} {version} is there already"
            continue
        # A version with a hyphen is for those alone who ask for it.
        label = ["--tag", "next"] if "-" in version else []
        done("npm", "publish", manifests[name, version].resolve(), "--access", "public", *label)
        yield f"{name} {version} is published"


def _manifest(path: Path) -> tuple[str, str]:
    """Returns the name and the version of a package."""
    with tarfile.open(path) as archive:
        read = archive.extractfile("package/package.json")
        if read is None:
            raise Unfit(f"{path.name} has no package.json")
        manifest = json.load(read)
    return manifest["name"], manifest["version"]


def _is_there(name: str, version: str) -> bool:
    told = run("npm", "view", f"{name}@{version}", "version")
    if told.returncode == 0:
        # Of a package that is there without this version, npm says nothing.
        return told.stdout.strip() == version
    if "E404" in told.stderr:
        return False
    raise Unfit(f"npm view failed: {told.stderr.strip()}")
