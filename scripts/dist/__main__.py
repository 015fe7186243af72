"""The command line of `make dist`, and of the steps of the release workflow (scripts/release)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.dist.build import COMPILED, build
from scripts.dist.targets import named, own
from scripts.setup import ROOT, SetupFailed, enter_virtual_environment

PARTS = COMPILED / "parts"
OUT = ROOT / "dist"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        for line in _done(given):
            print(line, flush=True)
    except (SetupFailed, ValueError) as failure:
        print(f"dist: {failure}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/release", description="Makes and publishes a release.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="what", required=True)

    def command(name: str, about: str, *options: str) -> None:
        made = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        if "parts" in options:
            made.add_argument("--parts", type=Path, default=PARTS, help="the directory of the parts (target/dist/parts)")
        if "target" in options:
            made.add_argument("--target", help="the target to build, in place of this machine's")
        if "out" in options:
            made.add_argument("--out", type=Path, default=OUT, help="the directory of the files (dist)")
        if "repository" in options:
            made.add_argument("--repository", help="the repository on GitHub, owner/name, for links and packages")
        if "tag" in options:
            made.add_argument("--tag", help="the tag that is released: refuse unless version, changelog and targets are its")
        if "bucket" in options:
            made.add_argument("--bucket", required=True, help="the part of the buckets' names before the Region")

    command("dist", "Builds the parts of this machine's target, and packs them.", "parts", "out", "repository")
    command("build", "Builds the parts of a target.", "parts", "target")
    command("pack", "Makes the files of a release from parts.", "parts", "out", "repository", "tag")
    command("publish", "Makes the release on GitHub, with gh.", "out", "tag")
    command("npm", "Publishes the packages, with npm.", "out")
    command("copy", "Copies a release to S3, in each Region that is served.", "out", "tag", "bucket")
    return parser


def _done(given: argparse.Namespace) -> Iterator[str]:
    """Yields what was done."""
    # To build needs no package, and so also runs where they are not installed.
    if given.what != "build":
        enter_virtual_environment()
    if given.what in ("dist", "build"):
        target = named(given.target) if getattr(given, "target", None) else own()
        build(target, given.parts)
        yield f"{given.parts / target.triple}"
    if given.what == "build":
        return
    from scripts.dist import on_github, on_npm, on_s3, release
    from scripts.dist.pack import pack
    from scripts.dist.parts import Parts
    from scripts.dist.project import read

    if given.what in ("dist", "pack"):
        tag = getattr(given, "tag", None)
        yield from map(str, pack(Parts(given.parts), given.out, read(given.repository or None), tag or None))
    elif given.what == "publish":
        yield on_github.publish(release.read(given.out), given.tag or "")
    elif given.what == "npm":
        yield from on_npm.publish(release.read(given.out))
    else:
        yield from on_s3.copy(release.read(given.out), given.tag or "", given.bucket, on_s3.regions())


if __name__ == "__main__":
    sys.exit(main())
