"""The observations, stored beside the forms: `crates/analysis/forms/*.observed`.

A form's name is followed by a line for each relation. If major versions differ, each has lines of its own, after
`name (15)`. `UPDATE=1` in the environment writes the files anew.
"""

from __future__ import annotations

from pathlib import Path

from proofs.observe.forms import Group

#: The lines, by form and major version.
Observed = dict[tuple[str, int], list[str]]


def path(group: Group) -> Path:
    return group.path.with_suffix(".observed")


def read(group: Group, majors: list[int]) -> Observed:
    """Returns the lines of each major version. A form that a version does not have has no lines for it."""
    observed: Observed = {}
    if not path(group).exists():
        return observed
    since = {form.name: form.since for form in group.forms}
    for block in path(group).read_text().split("\n\n"):
        head, *lines = block.strip().splitlines()
        name, _, major = head.removesuffix(")").partition(" (")
        for each in [int(major)] if major else majors:
            if each >= since.get(name, 0):
                observed[name, each] = [line.strip() for line in lines]
    return observed


def write(group: Group, observed: Observed, majors: list[int]) -> None:
    """Writes one block for a form if all major versions agree, else one block for each version."""
    blocks = []
    for form in group.forms:
        seen = {major: observed[form.name, major] for major in majors if (form.name, major) in observed}
        if len({tuple(lines) for lines in seen.values()}) == 1:
            blocks.append((form.name, next(iter(seen.values()))))
        else:
            blocks += [(f"{form.name} ({major})", lines) for major, lines in seen.items()]
    text = "\n".join("\n".join([head, *(f"    {line}" for line in lines)]) + "\n" for head, lines in blocks)
    path(group).write_text(text)
