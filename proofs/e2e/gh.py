"""Stands in for GitHub's command `gh`: it has one release, attests it or not, and keeps the comments on one pull request."""

from __future__ import annotations

import io
import json
import os
import platform
import sys
import tarfile
from pathlib import Path

from proofs.harness import build

_PROGRAM = """#!{python}
import json, shutil, sys
from pathlib import Path

place, arguments = Path({place!r}), sys.argv[1:]
with (place / "calls").open("a") as calls:
    calls.write(" ".join(arguments) + "\\n")
comments = json.loads((place / "comments").read_text())
match arguments:
    case ["release", "download", *rest]:
        for file in (place / "released").iterdir():
            shutil.copyfile(file, Path(rest[rest.index("--dir") + 1], file.name))
    case ["attestation", "verify", *_]:
        if (place / "forged").exists():
            sys.exit("no attestation matches")
    case ["api", "--paginate", "--slurp", _]:
        print(json.dumps([comments]))
    case ["api", "--method", method, path, "--input", "-"]:
        body = json.load(sys.stdin)["body"]
        if (place / "fork").exists():
            sys.exit("gh: Resource not accessible by integration (HTTP 403)")
        if method == "POST":
            comments.append({{"id": len(comments) + 1, "body": body}})
        else:
            [old] = [one for one in comments if path.endswith(f"/issues/comments/{{one['id']}}")]
            old["body"] = body
        (place / "comments").write_text(json.dumps(comments))
    case _:
        sys.exit(9)
"""


class Gh:
    """The stand-in, in a directory of its own."""

    def __init__(self, place: Path, release: Path) -> None:
        self._place = place
        self.programs = place / "bin"
        for made in (self.programs, place / "released"):
            made.mkdir(parents=True)
        program = self.programs / "gh"
        program.write_text(_PROGRAM.format(python=sys.executable, place=str(place)))
        program.chmod(0o755)
        os.link(release, place / "released" / release.name)
        (place / "comments").write_text("[]")

    def forge(self) -> None:
        """From now on, no release is attested."""
        (self._place / "forged").touch()

    def be_of_a_fork(self) -> None:
        """From now on, the job's token may write no comment."""
        (self._place / "fork").touch()

    @property
    def comments(self) -> list[str]:
        """The comments on the pull request."""
        return [comment["body"] for comment in json.loads((self._place / "comments").read_text())]

    @property
    def calls(self) -> list[str]:
        """The arguments of each call."""
        return (self._place / "calls").read_text().splitlines()


def release(directory: Path) -> Path:
    """Makes the archive of the command, as a release has it."""
    name = f"lockstep-{platform.machine()}-unknown-linux-gnu"
    program = (build.binaries("lockstep") / "lockstep").read_bytes()
    file = directory / f"{name}.tar.gz"
    with tarfile.open(file, "w:gz", compresslevel=1) as archive:
        about = tarfile.TarInfo(f"{name}/lockstep")
        about.size, about.mode = len(program), 0o755
        archive.addfile(about, io.BytesIO(program))
    return file
