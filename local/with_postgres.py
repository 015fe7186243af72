"""Runs one command with a PostgreSQL of its own, and ends the server whatever becomes of the command.

    python -m local.with_postgres cargo test
"""

from __future__ import annotations

import os
import subprocess
import sys

from local.processes import stop_when_told
from local.temporary import Temporary


def main() -> int:
    stop_when_told()
    # Prepared transactions and replicas are looked at by some tests.
    with Temporary("tests", max_prepared_transactions="8", wal_level="logical") as server:
        return run(server, sys.argv[1:])


def run(server: Temporary, command: list[str]) -> int:
    """Runs a command that finds the server by its environment; returns the exit status."""
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
