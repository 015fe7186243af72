"""Reads the forms of statements: `crates/analysis/forms/*.sql`.

A file is a group. The statements of `-- setup:` before the first form are run for each form. A form is

    -- form: its-name
    -- about: One sentence for the documentation.
    -- since: 18             only from this major version of PostgreSQL on
    -- standalone            it cannot run inside a transaction
    -- opaque                a part of its effect cannot be inferred, and is reported as unknown
    -- worse: why            the inferred effect is worse than the observed one
    -- less: why             the inferred effect is less than the observed one
    -- setup:
    statements that prepare this form
    -- plan:
    earlier statements of the same plan, which had not run yet when the catalog was read
    -- statement:
    the statement
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ANALYSIS = Path(__file__).parents[2] / "crates" / "analysis"
DIRECTORY = ANALYSIS / "forms"


@dataclass
class Form:
    """One form of a statement, as migrations use it."""

    name: str
    about: str = ""
    since: int = 0
    standalone: bool = False
    opaque: bool = False
    worse: str = ""
    less: str = ""
    setup: str = ""
    plan: str = ""
    statement: str = ""


@dataclass
class Group:
    """The forms of one file."""

    path: Path
    title: str
    forms: list[Form]


def groups() -> list[Group]:
    """Returns every group, in the order of the files' names."""
    return [read(path) for path in sorted(DIRECTORY.glob("*.sql"))]


def read(path: Path) -> Group:
    """Returns the forms of a file. A line that is not understood is an error: a form that is never run proves nothing."""
    common = Form("")
    group, current, section = Group(path, "", []), common, ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        key, _, value = line.removeprefix("-- ").partition(":")
        value = value.strip()
        if not line.startswith("-- "):
            if line and not section:
                raise ValueError(f"{path}:{number}: SQL outside of a section")
            if section:
                setattr(current, section, getattr(current, section) + line + "\n")
        elif key == "group":
            group.title = value
        elif key == "form":
            current, section = Form(value, setup=common.setup), ""
            group.forms.append(current)
        elif key in ("setup", "plan", "statement"):
            section = key
        elif key in ("about", "worse", "less"):
            setattr(current, key, value)
        elif key == "since":
            current.since = int(value)
        elif line in ("-- standalone", "-- opaque"):
            setattr(current, key, True)
        else:
            raise ValueError(f"{path}:{number}: what is {line!r}?")
    for form in group.forms:
        form.plan, form.statement = form.plan.strip(), form.statement.strip()
        if not form.about or not form.statement:
            raise ValueError(f"{path}: {form.name} lacks a sentence or a statement")
    return group
