"""The completions and the manual pages, which the command itself writes."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from scripts.dist.archives import Entry
from scripts.dist.parts import Unfit

#: A shell, and the name under which it looks for completions.
_SHELLS = {"bash": "lockstep.bash", "zsh": "_lockstep", "fish": "lockstep.fish", "powershell": "lockstep.ps1", "elvish": "lockstep.elv"}


def documents(command: Path) -> list[Entry]:
    """Returns completions and manual pages. Raises `Unfit` if the command does not run on this machine."""
    written = [Entry(f"completions/{name}", _run(command, "completions", shell)) for shell, name in _SHELLS.items()]
    with tempfile.TemporaryDirectory() as directory:
        _run(command, "man", directory)
        written += [Entry(f"man/{page.name}", page.read_bytes()) for page in sorted(Path(directory).iterdir())]
    return written


def _run(command: Path, *arguments: str) -> bytes:
    # A file out of an archive or of a job's artifact may have lost its mode.
    command.chmod(0o755)
    try:
        # No variable of the caller's gets into the texts.
        return subprocess.run([command.resolve(), *arguments], env={}, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unfit(f"{command} cannot write the {arguments[0]} on this machine: {error}") from error
