"""The command line of `make dist`, and of the steps of the release workflow."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.dist.build import COMPILED, build
from scripts.dist.pack import pack
from scripts.dist.parts import Parts
from scripts.dist.project import read
from scripts.dist.targets import named, own
from scripts.setup import ROOT, SetupFailed

PARTS = COMPILED / "parts"
OUT = ROOT / "dist"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.dist", description="Makes what a release consists of.", allow_abbrev=False)
    parser.add_argument("what", nargs="?", choices=["build", "pack"], help="only the parts of a target, or only the files of parts; both otherwise")
    parser.add_argument("--parts", type=Path, default=PARTS, help="the directory of the parts (target/dist/parts)")
    parser.add_argument("--target", help="the target to build, in place of this machine's")
    parser.add_argument("--out", type=Path, default=OUT, help="the directory of the files (dist)")
    parser.add_argument("--repository", help="the repository on GitHub, owner/name, for links and packages")
    parser.add_argument("--tag", help="the tag that is released: refuse unless version and changelog are its")
    given = parser.parse_args(arguments)
    try:
        if given.what != "pack":
            build(named(given.target) if given.target else own(), given.parts)
        if given.what != "build":
            for path in pack(Parts(given.parts), given.out, read(given.repository or None), given.tag or None):
                print(path)
    except (SetupFailed, ValueError) as failure:
        print(f"dist: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
