"""The one command: builds, deploys, runs, shows, and leaves nothing behind."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from local import paths, up

from e2e import subjects

#: Not that of `make up`, which may be in use.
STATE = paths.LOCAL / "make-run"


@pytest.fixture
def make_run():
    def run(**options):
        # Nothing of the `make test` that this may be a part of.
        ours = ("ENV", "MIGRATIONS", "APPROVE", "DATABASE_URL", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS")
        settings = {name: value for name, value in os.environ.items() if name not in ours}
        settings |= {"LOCKSTEP_LOCAL": str(STATE)} | options
        return subprocess.run(
            ["make", "run"], cwd=paths.ROOT, env=settings, capture_output=True, text=True, timeout=300, check=False
        )

    return run


def test_the_projects_own_migrations(make_run):
    count = len(list(paths.MIGRATIONS.glob("*/migration.sql")))
    made = make_run()
    assert made.returncode == 0, made.stdout + made.stderr
    for part in (f"{count} migrations pending", f"migration {count} of {count}", "✓", subjects.successful()):
        assert part in made.stdout
    assert not up.is_running(STATE)


def test_any_history_in_prod_where_somebody_says_no(make_run, tmp_path):
    (tmp_path / "1_somebody_elses").mkdir()
    (tmp_path / "1_somebody_elses" / "migration.sql").write_text("CREATE TABLE a ()")
    made = make_run(ENV="prod", APPROVE="no", MIGRATIONS=str(tmp_path))
    assert made.returncode != 0
    for part in ("1_somebody_elses", "Waiting for approval", "Approval.Rejected", subjects.awaiting(), subjects.rejected()):
        assert part in made.stdout
    # The report was there before the answer, and is still there when the stack is gone.
    before, _, _ = made.stdout.partition("Approval.Rejected")
    [kept] = set(re.findall(r"^  report  (/\S+\.html)$", before, re.MULTILINE))
    assert "1_somebody_elses" in Path(kept).read_text() and "0 danger, 0 caution, 1 safe" in before
    assert not up.is_running(STATE)
