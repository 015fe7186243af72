"""An application's repository ships its migrations: with the command, and with the AWS CLI alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from proofs.harness import build
from proofs.harness.bundles import listing
from proofs.harness.case import Case
from proofs.harness.database import applied


@pytest.fixture
def app(tmp_path) -> Path:
    """A repository that holds a Prisma project, and the command."""
    root = tmp_path / "app"
    for name in ("1_a", "2_b"):
        migration = root / "prisma" / "migrations" / name
        migration.mkdir(parents=True)
        (migration / "migration.sql").write_text(f"CREATE TABLE {name[-1]} ();\n")
    (root / "prisma" / "migrations" / "migration_lock.toml").write_text('provider = "postgresql"\n')
    (root / "prisma" / "schema.prisma").write_text('datasource db {\n  provider = "postgresql"\n}\n')
    shutil.copy(build.binaries("lockstep") / "lockstep", root)
    return root


def called(deployed: Case, app: Path, *command: str) -> str:
    """Returns the output of a command that is called in the repository. It has to succeed."""
    settings = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]} | deployed.stack.environment()
    ran = subprocess.run(command, cwd=app, env=settings, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_command_ships_what_is_then_planned_and_applied(case, app):
    dev = case()
    dev.write("9_of_the_layer", "CREATE TABLE layer ()")
    lockstep = str(app / "lockstep")
    pushed = json.loads(called(dev, app, lockstep, "bundle", "push", "dev", "--json"))
    digest = pushed["digest"]
    assert pushed["uploaded"] is True
    shown = json.loads(called(dev, app, lockstep, "bundle", "show", "dev", digest[:8], "--json"))
    assert shown["migrations"] == ["1_a", "2_b"]
    planned = called(dev, app, lockstep, "run", "dev", "--mode", "plan", "--bundle", digest)
    assert f"  bundle {digest}\n" in planned and "2_b" in planned and dev.tables() == []
    run = json.loads(called(dev, app, lockstep, "run", "dev", "--migrations", "prisma/migrations", "--json"))
    assert run["request"]["bundle"] == run["plan"]["bundle"]["digest"] == digest
    assert dev.ledger() == applied("1_a", "2_b") and dev.tables() == ["a", "b"]
    assert digest[:12] in called(dev, app, lockstep, "runs", "dev", "--limit", "1")
    # The stack is found by its own settings, too.
    listed = json.loads(called(dev, app, "env", f"LOCKSTEP_LOCAL={dev.stack.state}", lockstep, "bundle", "list", "local", "--json"))
    assert listed["stack"] != dev.deployment.stack or digest in [one["digest"] for one in listed["bundles"]]


def test_what_is_shipped_to_prod_waits_for_an_approval(case, app):
    prod = case("prod")
    execution, shown, rest = prod.approve_when_shown("--migrations", str(app / "prisma" / "migrations"))
    [digest] = re.findall(r"^bundle ([0-9a-f]{64})$", shown, re.MULTILINE)
    assert f"  bundle {digest}\n" in shown and "✓ 2 migrations applied" in rest
    record = json.loads(prod.command("show", execution, "--json").stdout)
    assert record["plan"]["bundle"]["digest"] == digest and record["outcome"] == "applied"
    assert all(digest in mail.body for mail in prod.mails())


def test_the_aws_cli_alone_ships_and_starts(case, app):
    """The listing of the page is run as it is, by a shell."""
    if missing := [name for name in ("zip", "aws") if shutil.which(name) is None]:
        pytest.skip(f"needs {missing}")
    dev = case()
    (app / "lockstep").unlink()
    script = listing(dev.deployment.outputs["ReportsBucketName"], dev.deployment.state_machine_arn)
    called(dev, app, "bash", "-euc", script)
    [execution] = dev.executions()
    ended = dev.wait(execution)
    assert ended["status"] == "SUCCEEDED" and ended["output"], ended
    assert ended["output"]["request"]["bundle"] == ended["output"]["plan"]["bundle"]["digest"] == ended["input"]["bundle"]
    assert dev.ledger() == applied("1_a", "2_b")


def test_a_planner_sees_what_its_bundle_would_do(case, app):
    """Neither the stack's own machine nor a bare name of a run is needed for that."""
    dev = case()
    lockstep = str(app / "lockstep")
    shown = called(dev, app, lockstep, "run", "dev", "--plan-only", "--migrations", "prisma/migrations")
    [arn] = re.findall(rf"^arn:\S+:execution:{dev.deployment.stack}-plan:\S+$", shown, re.MULTILINE)
    assert "2_b" in shown and "nothing was applied" in shown and dev.executions() == [] and dev.tables() == []
    run = json.loads(called(dev, app, lockstep, "show", arn, "--json"))
    assert (run["outcome"], run["request"]["mode"]) == ("planned", "plan") and run["plan"]["bundle"]["digest"] in shown
    assert "2_b" in called(dev, app, lockstep, "show", arn, "--report")
    assert called(dev, app, lockstep, "run", "dev", "--follow", arn).count("2_b") and arn in called(dev, app, lockstep, "runs", "dev", "--plan-only")
    assert dev.stack.mailbox(dev.deployment).mails() == []
