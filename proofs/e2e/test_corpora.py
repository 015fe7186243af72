"""Histories of real projects, from the directory in CORPORA."""

import os
import shutil
from pathlib import Path

import pytest

from proofs.harness.database import applied


@pytest.mark.parametrize("project", ["umami", "hoppscotch"])
def test_a_real_history(case, tmp_path, project):
    corpora = os.environ.get("CORPORA")
    if not corpora:
        pytest.skip("CORPORA does not name a directory of real histories")
    corpus = Path(corpora) / "prisma" / project
    if not corpus.is_dir():
        pytest.skip(f"{corpus} is not there")
    dev = case()
    # A copy, because a missing lock file is added.
    dev.use_migrations(shutil.copytree(corpus, tmp_path / project))
    names = sorted(path.parent.name for path in corpus.glob("*/migration.sql"))
    # The report's verdict does not matter: the history is there to be applied.
    execution, digest = dev.start_and_wait_for_approval({"requireApproval": True})
    dev.decide(execution, digest)
    run = dev.wait(execution)
    assert run["status"] == "SUCCEEDED", (run["error"], run["cause"])
    assert run["output"]["apply"]["applied"] == len(names) > 0
    assert sorted(dev.ledger()) == applied(*names)
    assert dev.run()["output"]["outcome"] == "nothingPending"
