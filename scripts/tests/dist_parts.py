"""Parts of a release that are made in a moment: small programs in place of the command and the functions."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scripts.dist.parts import Parts
from scripts.dist.project import Project
from scripts.dist.targets import own

PROJECT = Project("0.1.0", 1_800_000_000, "example/lockstep")

#: Writes completions and manual pages as the command does. It also ends with a given code, and waits for a signal.
_PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words) {
    if (count == 3 && !strcmp(words[1], "completions")) {
        printf("The completions of %s\n", words[2]);
    } else if (count == 3 && !strcmp(words[1], "man")) {
        if (chdir(words[2])) return 1;
        FILE *page = fopen("lockstep.1", "w");
        fputs("The page\n", page);
    } else if (count == 3 && !strcmp(words[1], "exit")) {
        return atoi(words[2]);
    } else if (count == 2 && !strcmp(words[1], "wait")) {
        puts("waiting");
        fflush(stdout);
        pause();
    } else {
        puts("lockstep 0.1.0");
    }
    return 0;
}
"""


def make(directory: Path, *options: str) -> Parts:
    """Makes the parts of this machine's target in a directory, with more options for the compiler."""
    place = directory / own().triple
    place.mkdir(parents=True)
    (directory / "program.c").write_text(_PROGRAM)
    for name in own().binaries:
        # Each has a name of its own inside, so that no two are equal.
        command: list[str | Path] = ["cc", *options, f"-Wl,--build-id=none,--defsym=its_name_{name}=0", "-o", place / name]
        subprocess.run([*command, directory / "program.c"], check=True)
    return Parts(directory)
