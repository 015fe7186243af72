"""Runs one command with a PostgreSQL of its own, and ends the server whatever becomes of the command.

    python -m local.with_postgres cargo test
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from local.postgres import Embedded


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lockstep-tests-", ignore_cleanup_errors=True) as place:
        os.chmod(place, 0o711)  # the server may run as another user, who has to get through
        server = Embedded(Path(place))
        try:
            server.start()
            superuser = server.superuser
            environment = os.environ | {
                "TEST_POSTGRES_HOST": superuser.host,
                "TEST_POSTGRES_PORT": str(superuser.port),
                "TEST_POSTGRES_PASSWORD": superuser.password,
                "TEST_POSTGRES_CA_FILE": superuser.ca_file,
            }
            return subprocess.run(sys.argv[1:], check=False, env=environment).returncode
        finally:
            server.remove()


if __name__ == "__main__":
    sys.exit(main())
