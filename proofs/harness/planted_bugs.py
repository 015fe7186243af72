"""The bugs that the harness has to find. `crates/engine/src/planted.rs` has them, and says what each breaks.

The functions that the harness runs are built with every bug in them, all switched off. No deployed build has them.
"""

from __future__ import annotations

from pathlib import Path

from scripts.dist.parts import PLANTED_BUG

#: The variable of a function that switches a bug on by its name.
VARIABLE = PLANTED_BUG

#: The bug in the reader under which the promises have to hold; see `chaos.wrong_reader`.
WRONG_READER = "wrong-reader"

#: The bugs that have to be found.
TO_FIND = ("no-flush", "no-lock", "no-reconciliation", "row-apart")


def switched_on(bug: str) -> dict[str, str]:
    """Returns the settings of a function that switch a bug on."""
    if bug not in (*TO_FIND, WRONG_READER):
        raise ValueError(f"{bug!r} is no planted bug")
    return {VARIABLE: bug}


def are_in(program: Path) -> bool:
    """Returns whether bugs can be switched on in a program: whether it knows the variable."""
    return VARIABLE.encode() in program.read_bytes()
