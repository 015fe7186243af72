"""The order in which Prisma's command line applies migrations."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from local import environment


def icu_order(names: list[str]) -> list[str]:
    """Returns names as `localeCompare` of Node's ICU sorts them."""
    done = subprocess.run(
        [shutil.which("node") or "node", Path(__file__).with_name("order.mjs")],
        input=json.dumps(names), capture_output=True, text=True, check=True, env=environment.isolated(),
    )
    return json.loads(done.stdout)
