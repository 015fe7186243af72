"""Runs one command with a PostgreSQL of one major version, as `local.with_postgres` does with the stack's own.

    python -m proofs.observe.with_postgres 15 cargo test -p analysis
"""

from __future__ import annotations

import sys

from local.processes import stop_when_told
from local.temporary import Temporary
from local.with_postgres import run
from proofs.conformance import install


def main() -> int:
    stop_when_told()
    major = int(sys.argv[1])
    install.npm(other_postgresql=major != install.NEW)
    with Temporary("tests", install.postgresql(major), max_prepared_transactions="8", wal_level="logical") as server:
        return run(server, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
