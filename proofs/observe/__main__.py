"""Prints the observations of some forms, as a help for writing a new one.

    python -m proofs.observe add-column          forms whose name begins like this, on each major version
    python -m proofs.observe --major 15 reindex
"""

from __future__ import annotations

import argparse

from proofs.observe import forms, observed
from proofs.observe.databases import MAJORS, of_major
from scripts.signals import end_when_told


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m proofs.observe", description=__doc__.splitlines()[0])
    parser.add_argument("--major", type=int, choices=MAJORS)
    parser.add_argument("beginning", nargs="?", default="")
    arguments = parser.parse_args()
    end_when_told()
    for major in [arguments.major] if arguments.major else MAJORS:
        with of_major(major) as databases:
            for group in forms.groups():
                for form in group.forms:
                    if form.name.startswith(arguments.beginning) and form.since <= major:
                        print(f"{form.name} on {major}", *observed.of(form, databases), sep="\n    ", flush=True)


if __name__ == "__main__":
    main()
