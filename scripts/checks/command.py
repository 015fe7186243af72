"""The command line of scripts/test."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from scripts.checks import steps
from scripts.checks.run import beside, run, table
from scripts.signals import end_when_told


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/test", description="Runs every check, cheapest first, until one fails.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="only what needs no server: format, lints and unit tests")
    which.add_argument("--only", metavar="NAME", help=f"only the steps of one name: {', '.join(steps.names())}")
    which.add_argument(
        "--beside", action="store_true", help="every check, two steps at a time: quicker, and less sure where a test depends on time"
    )
    given = parser.parse_args(arguments)
    if given.only is not None and not steps.named(given.only):
        parser.error(f"there is no step {given.only!r}; there are {', '.join(steps.names())}")
    end_when_told()
    if given.quick:
        costs = run(steps.QUICK, _environment())
    elif given.only is not None:
        costs = run(steps.named(given.only), _environment())
    elif given.beside:
        costs = beside(steps.SIDES, _environment())
    else:
        costs = run(steps.WHOLE, _environment())
    print(table(costs), flush=True)
    return costs[-1].status


def _environment() -> dict[str, str]:
    """Returns the environment of every step. It is the same for all steps, since cargo compiles again what reads a
    changed variable."""
    return os.environ | {
        # Directories of real histories and of reported cases. Some tests run on them too.
        "CORPORA": os.environ.get("CORPORA", ""),
        "CASES": os.environ.get("CASES", ""),
    } | _libclang()


def _libclang() -> dict[str, str]:
    """Returns the variables with which bindgen finds libclang and C headers. PostgreSQL's own parser is C, and its bindings
    are made with libclang. The libclang of PyPI comes without a compiler's own headers, so the C compiler's are used."""
    clang = importlib.util.find_spec("clang")
    assert clang is not None and clang.origin is not None, "libclang is among the requirements"
    headers = subprocess.run(["cc", "-print-file-name=include"], check=True, capture_output=True, text=True).stdout.strip()
    return {
        "LIBCLANG_PATH": str(Path(clang.origin).parent / "native"),
        "BINDGEN_EXTRA_CLANG_ARGS": f"-isystem {headers}",
    }


if __name__ == "__main__":
    sys.exit(main())
