"""How each of scripts/ runs: its module's `main` in `.venv`, and an exit status whatever becomes of the output."""

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
        # `| head` has seen enough. What a script is asked for is done before it is shown; one that follows a run says
        # itself that it goes on.
        reader_left()
    except KeyboardInterrupt:
        # Before there was anything to tell about.
        status = 130
    sys.exit(status)
