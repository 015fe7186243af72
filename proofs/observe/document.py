"""Renders `crates/analysis/docs/forms.md` from the forms and their observations."""

from __future__ import annotations

from proofs.observe import snapshots
from proofs.observe.databases import MAJORS
from proofs.observe.forms import ANALYSIS, Form, Group, groups

PATH = ANALYSIS / "docs" / "forms.md"

_INTRODUCTION = """\
# What statements lock, and what takes long

Each line is a statement that was run on PostgreSQL {majors}, with what it was observed to do: the strongest lock on each
table or view, and what takes longer the more rows there are: *scan* reads every row, *index build* builds an index over
all of them, *rewrite* rewrites the table and all its indexes. New tables are left out: no session waits for a table that it does not know.
So are indexes and sequences where their table is locked as much. Where nothing is said of a version, all agree.

What Lockstep infers from a statement's text and the catalog is compared with this by the tests. "And more" marks what these
do not tell: there Lockstep says that the effects are not known. ▲ marks where it takes the worse for granted, ▽ where it
says less, and why.

`UPDATE=1 .venv/bin/python -m pytest proofs/observe/tests`, after `make setup`, runs every statement again and writes this file, from `crates/analysis/forms`.
"""


def render() -> str:
    """Returns the whole document."""
    introduction = _INTRODUCTION.format(majors=" and ".join(str(major) for major in MAJORS))
    return "\n".join([introduction, *(_group(group) for group in groups())])


def check(update: bool) -> None:
    """Checks that the file agrees with the forms and the snapshots, or with `update` writes it."""
    if update:
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(render())
    assert PATH.read_text() == render(), f"{PATH} is not up to date: UPDATE=1"


def _group(group: Group) -> str:
    observed = snapshots.read(group, MAJORS)
    rows = [_row(form, observed) for form in group.forms]
    return "\n".join([f"## {group.title}", "", "| Statement | Locks, and what takes long | |", "| --- | --- | --- |", *rows, ""])


def _row(form: Form, observed: snapshots.Observed) -> str:
    seen = {major: observed[form.name, major] for major in MAJORS if (form.name, major) in observed}
    texts = {major: _locks(lines) for major, lines in seen.items()}
    if len(set(texts.values())) == 1:
        locks = next(iter(texts.values()))
    else:
        locks = "<br>".join(f"On {major}: {text}" for major, text in texts.items())
    more = "<br>and more" if form.opaque else ""
    about = form.about
    if form.since:
        about += f" From PostgreSQL {form.since} on."
    if form.standalone:
        about += " Outside of a transaction."
    if form.worse:
        about += f" ▲ {_sentence(form.worse)}"
    if form.less:
        about += f" ▽ {_sentence(form.less)}"
    if form.plan:
        about += f" After `{_one_line(form.plan)}`."
    return f"| `{_one_line(form.statement)}` | {locks}{more} | {about} |"


def _one_line(sql: str) -> str:
    return " ".join(sql.split()).removesuffix(";").replace("|", "\\|")


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."


def _locks(lines: list[str]) -> str:
    known = [line.replace("public.", "") for line in lines if not line.endswith(" new") and line != "nothing"]
    return "<br>".join(_line(line) for line in known) or "–"


def _line(line: str) -> str:
    """Returns a line such as `orders ACCESS EXCLUSIVE scan` with the work set apart."""
    words = line.split()
    name = words.index(next(word for word in words if word.isupper()))
    lock = [word for word in words[name:] if word.isupper()]
    work = " ".join(words[name + len(lock) :])
    return f"{' '.join(words[:name])}: {' '.join(lock)}" + (f", *{work}*" if work else "")
