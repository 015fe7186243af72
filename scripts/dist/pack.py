"""Makes the files of a release from parts. Nothing is compiled, and no byte depends on when or where this runs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from scripts.dist import crates, npm, packaged
from scripts.dist.archives import Entry, tarred, zipped
from scripts.dist.documents import documents
from scripts.dist.notes import notes
from scripts.dist.parts import Parts, Unfit
from scripts.dist.project import Project
from scripts.dist.sbom import sbom
from scripts.dist.targets import COMMAND, TARGETS, Target, own
from scripts.setup import ROOT

CHECKSUMS = "checksums.txt"


def pack(parts: Parts, out: Path, project: Project, tag: str | None = None) -> list[Path]:
    """Writes the files of a release into a directory, in place of an earlier release's. Returns their paths.

    Raises `Unfit` if a part is missing or unfit, or the changelog has no section for the tag.
    """
    # Everything is made before anything is written: a release is whole, or is not there.
    made = dict(_files(parts, project, tag))
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(made.items())]
    made[CHECKSUMS] = "".join(lines).encode()
    if out.exists():
        if any(out.iterdir()) and not (out / CHECKSUMS).is_file():
            raise Unfit(f"{out} has files that are no release: name another directory")
        shutil.rmtree(out)
    out.mkdir(parents=True)
    for name, content in made.items():
        (out / name).write_bytes(content)
    return [out / name for name in sorted(made)]


def _files(parts: Parts, project: Project, tag: str | None) -> Iterator[tuple[str, bytes]]:
    """Yields the files by their names."""
    yield "notes.md", notes((ROOT / "CHANGELOG.md").read_text(), project, tag).encode()
    licence = (ROOT / "LICENSE").read_bytes()
    yield "LICENSE", licence
    yield "README.md", project.linked((ROOT / "README.md").read_text()).encode()
    yield packaged.DEFINITION, (ROOT / "statemachine" / packaged.DEFINITION).read_bytes()
    targets = parts.targets()
    if tag is not None and (missing := [target.triple for target in TARGETS if target not in targets]):
        raise Unfit(f"{parts.directory} has no parts of {', '.join(missing)}, and a release has all targets")
    if own() not in targets:
        raise Unfit(f"{parts.directory} has no parts of {own().triple}, whose command writes the manual pages on this machine")
    more = [Entry("LICENSE", licence), *documents(parts.binary(own(), COMMAND))]
    known = crates.known()
    for target in targets:
        yield from _of_target(parts, target, project, more)
        linked = crates.graph(target, "normal,no-proc-macro")
        all_used = crates.graph(target, "normal,build")
        for name in target.binaries:
            document = sbom(name, parts.content(target, name), project, linked, all_used, known)
            yield f"{artifact(target, name)}.cdx.json", document.encode()
    yield npm.file_name(npm.NAME, project.version), npm.launcher(targets, project, licence)


def _of_target(parts: Parts, target: Target, project: Project, more: list[Entry]) -> Iterator[tuple[str, bytes]]:
    command = parts.content(target, COMMAND)
    directory = artifact(target, COMMAND)
    entries = [Entry(COMMAND, command, is_program=True), *more]
    inside = [Entry(f"{directory}/{entry.name}", entry.content, entry.is_program) for entry in entries]
    yield f"{directory}.tar.gz", tarred(*inside, epoch=project.epoch)
    package = npm.name(target)
    yield npm.file_name(package, project.version), npm.of_target(target, command, project, (ROOT / "LICENSE").read_bytes())
    if target.architecture is None:
        return
    for name in target.binaries:
        if name != COMMAND:
            program = Entry("bootstrap", parts.content(target, name), is_program=True)
            yield f"{artifact(target, name)}.zip", zipped(program)
    template = packaged.template((ROOT / "template.yaml").read_text(), target.architecture, project)
    yield packaged.name(target.architecture), template.encode()


def artifact(target: Target, binary: str) -> str:
    """Returns the name of what a release has of a binary, without its ending."""
    return f"{binary}-{target.triple if binary == COMMAND else target.architecture}"
