"""Runs one command with a PostgreSQL that speaks other languages, as `proofs.harness.with_postgres` does with the stack's own.

    python -m proofs.harness.with_languages cargo test -p engine --test postgres -- languages

Where there can be none, it says why and succeeds; whatever fails after that is a failure.
"""

from __future__ import annotations

import os
import sys

from local.processes import stop_when_told
from proofs.harness import debian
from proofs.harness.temporary import Temporary
from proofs.harness.with_postgres import run


def main() -> int:
    stop_when_told()
    try:
        package = debian.postgresql()
    except debian.NotToBeHad as reason:
        print(f"Skipped: no PostgreSQL that speaks other languages, because {reason}")
        return 0
    # Tells the test that this server speaks all of them, so that it may leave none out.
    os.environ["TEST_POSTGRES_SPEAKS"] = " ".join(f"{language}.UTF-8" for language in debian.LANGUAGES)
    # JIT needs a large package, which is left out.
    with Temporary("languages", package, max_prepared_transactions="8", wal_level="logical", jit="off") as server:
        return run(server, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
