"""Runs the module of a command in scripts/ within `.venv`. The exit status does not depend on the reader of the output."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

from scripts.operate.terminal import reader_left, write_anywhere
from scripts.setup import enter_virtual_environment


def run(module: str, *arguments: str) -> NoReturn:
    """Exits with what the module's `main` returns."""
    status = 0
    try:
        enter_virtual_environment()
        write_anywhere()
        status = importlib.import_module(module).main(*arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has left (`| head`). A script does its work before it shows the result; one that follows a run has
        # already said that the run goes on.
        reader_left()
    except KeyboardInterrupt:
        # Interrupted before the script had anything to report.
        status = 130
    sys.exit(status)
