"""Runs one command with a PostgreSQL with messages in other languages, like `proofs.harness.with_postgres`.

    python -m proofs.harness.with_languages cargo test -p engine --test postgres -- languages

If no such PostgreSQL is available, it says why and succeeds. Any later failure is a failure.
"""

from __future__ import annotations

import os
import sys

from proofs.harness import debian
from proofs.harness.temporary import Temporary
from proofs.harness.with_postgres import run
from scripts.signals import end_when_told


def main() -> int:
    end_when_told()
    try:
        package = debian.postgresql()
    except debian.NotToBeHad as reason:
        print(f"Skipped: no PostgreSQL that speaks other languages, because {reason}")
        return 0
    # Tells the test that this server has all languages, so that the test leaves none out.
    os.environ["TEST_POSTGRES_SPEAKS"] = " ".join(f"{language}.UTF-8" for language in debian.LANGUAGES)
    # JIT needs a large package, which is left out.
    with Temporary("languages", package, max_prepared_transactions="8", wal_level="logical", jit="off") as server:
        return run(server, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
