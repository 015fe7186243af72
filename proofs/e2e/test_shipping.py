"""Migrations of an application's own repository, by the workflows in docs/examples, run from their own files.

The repository has a project of Prisma's and nothing else. GitHub cannot run here: github_workflow.py stands in for its
runner, github_api.py for its API, and gh.py for its command, which has the release and keeps the comments.
"""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest

from local import paths
from proofs.e2e import gh as stand_in
from proofs.e2e.application import Application
from proofs.e2e.github_action import PLACEHOLDER
from proofs.e2e.github_api import REPOSITORY
from proofs.e2e.github_expressions import evaluate
from proofs.e2e.github_workflow import results, workflow
from proofs.harness.database import applied

EXAMPLES = paths.ROOT / "docs" / "examples"
PULL_REQUEST = EXAMPLES / "pull-request.yml"
MIGRATIONS = EXAMPLES / "migrations.yml"

#: The stack of dev has no roles here.
_DEV = {name: f"arn:aws:iam::000000000000:role/{name.title()}" for name in ("SHIPPER_ROLE", "PLANNER_ROLE")}

_ROLES = {
    "SHIPPER_ROLE": "GitHubShipperRoleArn", "PLANNER_ROLE": "GitHubPlannerRoleArn", "APPROVER_ROLE": "GitHubApproverRoleArn",
}

_ORDERS = "CREATE TABLE orders (id int PRIMARY KEY, note text);"

#: It is a danger, with and without a database.
_LOSES = "ALTER TABLE orders DROP COLUMN note;"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The command, as a release has it."""
    return stand_in.release(tmp_path_factory.mktemp("release"))


@pytest.fixture
def gh(tmp_path, release):
    """A stand-in for `gh`."""
    return stand_in.Gh(tmp_path / "gh", release)


@pytest.fixture
def shop(tmp_path):
    """The application's repository, with one migration on main."""
    made = Application(tmp_path / "shop")
    made.commit("1_orders", _ORDERS)
    return made


@pytest.fixture
def dev(case):
    """A dev."""
    return case("dev")


@pytest.fixture
def prod(case):
    """A prod with roles for GitHub beside it."""
    return case("github")


@pytest.fixture
def roles(roles_for_github):
    """The repository's variables that name roles of prod."""
    return {name: roles_for_github[output] for name, output in _ROLES.items()}


@pytest.fixture
def act(gh, shop, workflow_run):
    """A function that makes a run of a workflow in the application's repository."""
    attempts = count(1)

    def make(case, file, **more: Any):
        usual: dict[str, Any] = {"attempt": next(attempts), "roles": _DEV}
        return workflow_run(case, file=file, application=shop, gh=gh, **(usual | more))

    return make


@pytest.fixture
def push(act):
    """A function that pushes to main, which migrates dev."""
    return lambda dev, **more: act(dev, MIGRATIONS, event_name="push", **more).run()


@pytest.fixture
def propose(act, shop):
    """A function that opens the pull request, or pushes to it again."""

    def make(case, head=REPOSITORY):
        sha = shop.git("rev-parse", "HEAD").strip()
        event = {"pull_request": {"number": 7, "head": {"sha": sha, "repo": {"full_name": head}}}}
        return act(case, PULL_REQUEST, event_name="pull_request", event=event).run().jobs["plan"]

    return make


def plans(case):
    """Returns the executions of the machine that only plans."""
    machine = case.deployment.outputs["PlanStateMachineArn"]
    pages = case.stack.client("stepfunctions").get_paginator("list_executions")
    return [one["executionArn"] for page in pages.paginate(stateMachineArn=machine) for one in page["executions"]]


# ------------------------------------------------------------ a pull request


def test_a_pull_request_has_the_live_report_in_one_comment(dev, push, propose, shop, gh):
    assert push(dev).green and dev.ledger() == applied("1_orders")
    with dev.connection.connect() as session:
        session.execute("INSERT INTO orders SELECT id, 'note' FROM generate_series(1, 4321) AS id")
        session.execute("ANALYZE orders")
    earlier, runs = plans(dev), dev.executions()
    shop.begin_change()
    shop.commit("2_note", _LOSES)

    with dev.connection.connect() as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE")
        job = propose(dev)
        held = f"Held now by process {holder.info.backend_pid}"
    assert (job.result, job.status) == ("failure", 8), job.printed
    at = "::error file=prisma/migrations/2_note/migration.sql,line=1,"
    assert at in job.printed and "The pull request has the report as a comment" in job.printed
    [comment] = gh.comments
    # What only the database can tell.
    database = dev.connection.database
    for text in (comment, job.summary):
        assert "danger" in text and "`2_note`" in text and "4,300" in text and held in text and f"`{database}`" in text
        assert "1_orders" not in text, "it is there already"
    # GitHub's runner takes no printed line for a command, but the annotations.
    [resume] = re.findall(r"^::stop-commands::(\w+)$", job.printed, re.MULTILINE)
    _, shown, commands = re.split(rf"^::(?:stop-commands::)?{resume}(?:::)?$", job.printed, flags=re.MULTILINE)
    assert at in commands and "Plan" in shown

    [execution] = set(plans(dev)) - set(earlier)
    record = dev.wait(execution)["output"]
    assert (record["outcome"], record["request"]["mode"]) == ("planned", "plan")
    assert record["plan"]["bundle"]["digest"] in comment
    assert record["request"]["commit"] == shop.git("rev-parse", "HEAD").strip()
    assert (dev.executions(), dev.ledger()) == (runs, applied("1_orders"))

    shop.commit("2_note", "ALTER TABLE orders ADD COLUMN more text;")
    job = propose(dev)
    assert job.result == "success" and "The comment on the pull request has the new report" in job.printed
    [comment] = gh.comments
    assert "safe instead of danger" in comment and "- `2_note`: safe instead of danger" in comment

    # The reports on the text have a comment of their own.
    gh.be_of_a_fork()
    assert propose(dev, head="someone/shop").result == "success"
    assert gh.comments == [comment]


def test_a_pull_request_with_nothing_pending_says_so(dev, push, propose, shop, gh):
    shop.begin_change()
    assert propose(dev).result == "success"
    assert "`1_orders`" in gh.comments[0]
    assert push(dev).green
    job = propose(dev)
    assert (job.result, job.status) == ("success", 0)
    [comment] = gh.comments
    assert "# ✓ Nothing is pending\n" in comment and "has all 1 migrations" in comment and "1_orders" not in comment


def test_a_refused_migration_is_told_at_its_line(dev, propose, shop, gh):
    shop.begin_change()
    shop.commit("2_note", "SELECT 1;\nROLLBACK;")
    job = propose(dev)
    assert (job.result, job.status) == ("failure", 1)
    assert "\n::error file=prisma/migrations/2_note/migration.sql,line=2,title=" in job.printed
    assert "Migration&#46;Refused" in job.summary
    [comment] = gh.comments
    assert "# ✗ There is no plan\n" in comment and "Migration.Refused" in comment
    shop.commit("2_note", "SELECT 1;")
    assert propose(dev).result == "success"
    [comment] = gh.comments
    assert "`2_note`" in comment and "There is no plan" not in comment


def test_a_history_that_cannot_be_read_is_told_before_anything_is_shipped(dev, propose, shop, gh):
    shop.begin_change()
    (shop.migrations / "2_note.sql").write_text("SELECT 1;\n")
    earlier = plans(dev)
    job = propose(dev)
    assert (job.result, job.status) == ("failure", 1) and "migrations of two tools" in job.printed
    assert plans(dev) == earlier and gh.comments == []


def test_a_fork_gets_the_report_on_the_text(dev, propose, shop, gh):
    shop.begin_change()
    shop.commit("2_note", _LOSES)
    gh.be_of_a_fork()
    earlier = plans(dev)
    job = propose(dev, head="someone/shop")
    assert (job.result, job.status, job.identity) == ("failure", 8, ""), job.printed
    assert "::notice title=Lockstep::This pull request is of a fork, whose job may not sign in to AWS." in job.printed
    assert "::error file=prisma/migrations/2_note/migration.sql,line=1" in job.printed
    assert "No database was asked" in job.summary and "this job may not write one" in job.printed
    assert plans(dev) == earlier and gh.comments == []


# ------------------------------------------------------------ a run


def test_a_push_migrates_dev(dev, push, shop, gh):
    done = push(dev)
    assert results(done) == {"run": "success", "decide": "skipped", "clean-up": "skipped"} and done.green
    assert dev.ledger() == applied("1_orders")
    record = dev.wait(done.execution)["output"]
    assert record["request"]["commit"] == done.commit and record["request"]["requestedBy"] == "bob"
    assert record["request"]["bundle"] == record["plan"]["bundle"]["digest"]
    assert f"bundle {record['plan']['bundle']['digest']}" in done.jobs["run"].printed
    assert done.jobs["run"].identity.endswith("@Shipper_Role")
    # The job has the command of the release, and it is attested.
    assert [call.split()[:2] for call in gh.calls] == [["release", "download"], ["attestation", "verify"]]


def test_a_reviewer_approves(prod, act, api, roles, shop):
    def gate():
        assert prod.ledger() == []
        api.review("ann", "approved", "prod", "read it")
        return "approved"

    done = act(prod, MIGRATIONS, roles=roles, gate=gate, inputs={"reason": 'release 7 "$(false)"'}).run()
    assert results(done) == {"run": "success", "decide": "success", "clean-up": "skipped"} and done.green
    assert prod.ledger() == applied("1_orders")
    names = {name: job.identity.rpartition("@")[2] for name, job in done.jobs.items() if job.identity}
    arns = {"run": roles["SHIPPER_ROLE"], "decide": roles["APPROVER_ROLE"]}
    assert names == {name: arn.rpartition("/")[2] for name, arn in arns.items()}
    assert done.jobs["decide"].environment == "prod"

    record = prod.wait(done.execution)["output"]
    assert record["request"]["reason"] == 'release 7 "$(false)"'
    assert record["request"]["commit"] == done.commit == shop.git("rev-parse", "HEAD").strip()
    assert record["plan"]["bundle"]["digest"] == record["request"]["bundle"] and record["plan"]["bundle"]["version"]
    assert (record["approval"]["onBehalfOf"], record["approval"]["identity"]) == ("ann", "verified")
    [artifact] = done.jobs["run"].artifacts.values()
    assert artifact == prod.stored(record["plan"]["report"]["key"], "html").decode()
    assert record["plan"]["bundle"]["digest"] in artifact


def test_a_reviewer_rejects(prod, act, api, roles):
    def gate():
        api.review("ann", "rejected", "prod", "not on a Friday")
        return "rejected"

    done = act(prod, MIGRATIONS, roles=roles, gate=gate).run()
    assert results(done) == {"run": "success", "decide": "failure", "clean-up": "success"}
    assert not done.green and (prod.ledger(), prod.tables()) == ([], [])
    assert done.jobs["clean-up"].identity.endswith(f"@{roles['SHIPPER_ROLE'].rpartition('/')[2]}")
    assert prod.wait(done.execution)["error"] == "Approval.Rejected"
    decision = prod.stack.result(done.execution, "Approval")
    assert (decision["decision"], decision["onBehalfOf"]) == ("rejected", "ann")


def test_cancelled_at_the_gate(prod, act, roles):
    done = act(prod, MIGRATIONS, roles=roles, gate=lambda: "cancelled").run()
    assert results(done) == {"run": "success", "decide": "cancelled", "clean-up": "success"}
    assert prod.wait(done.execution)["error"] == "Approval.Rejected" and prod.ledger() == []


def test_cancelled_while_it_starts(prod, act, roles):
    prod.stack.set_database_status("starting")

    def cancel(run):
        run.wait_until_printed("The database instance is starting")
        run.cancel()

    def the_database_comes_up(clean_up):
        clean_up.wait_until_printed("does not wait for approval yet")
        prod.stack.describe_database_as()

    done = act(prod, MIGRATIONS, roles=roles, during={"run": cancel, "clean-up": the_database_comes_up}).run()
    assert results(done) == {"run": "cancelled", "decide": "skipped", "clean-up": "success"}
    assert prod.wait(done.execution)["error"] == "Approval.Rejected" and prod.ledger() == []


def test_a_failing_migration_is_red_at_its_line(prod, act, api, roles, shop):
    shop.commit("2_note", "CREATE TABLE a ();\nSELECT 1 / 0;")

    def gate():
        api.review("ann", "approved", "prod")
        return "approved"

    done = act(prod, MIGRATIONS, roles=roles, gate=gate).run()
    assert results(done) == {"run": "success", "decide": "failure", "clean-up": "success"}
    assert "\n::error file=prisma/migrations/2_note/migration.sql,line=2,title=" in done.jobs["decide"].printed


def test_one_workflow_run_starts_one_run(dev, push, shop):
    done = push(dev)
    assert push(dev, attempt=done.attempt).green, "the same step again finds the run that it started"
    shop.commit("2_note", "CREATE TABLE notes ();")
    again = push(dev, attempt=done.attempt)
    assert results(again)["run"] == "failure" and again.jobs["run"].status == 2
    assert "one workflow run starts one run of a stack" in again.jobs["run"].printed
    assert dev.executions() == [done.execution] and dev.ledger() == applied("1_orders")


# ------------------------------------------------------------ the files


def test_a_job_may_no_more_than_it_needs():
    sign_in = {"id-token": "write"}
    read = {"contents": "read"}
    assert workflow(PULL_REQUEST)["permissions"] == workflow(MIGRATIONS)["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow(PULL_REQUEST)["jobs"].items()} == {
        "plan": sign_in | read | {"pull-requests": "write"},
    }
    assert {name: job["permissions"] for name, job in workflow(MIGRATIONS)["jobs"].items()} == {
        "run": sign_in | read | {"actions": "read"},
        "decide": sign_in | read | {"actions": "read"},
        "clean-up": sign_in | {"actions": "read"},
    }


@pytest.mark.parametrize("file", [PULL_REQUEST, MIGRATIONS], ids=lambda file: file.stem)
def test_each_step_is_an_action_and_each_checkout_keeps_no_token(file):
    for name, job in workflow(file)["jobs"].items():
        assert job["timeout-minutes"] <= 350, name
        for step in job["steps"]:
            assert "run" not in step
            assert step["uses"] == PLACEHOLDER or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), step
            if step["uses"].startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
    assert "secrets." not in file.read_text()


def test_only_a_pull_request_of_this_repository_signs_in():
    assert workflow(PULL_REQUEST)[True].keys() == {"pull_request"}
    [sign_in] = [step for step in workflow(PULL_REQUEST)["jobs"]["plan"]["steps"] if "aws-actions" in step["uses"]]

    def signs_in(head):
        event = {"pull_request": {"head": {"repo": head}}}
        return evaluate(sign_in["if"], {"github": {"repository": REPOSITORY, "event": event}})

    assert signs_in({"full_name": REPOSITORY})
    # A fork that was deleted has no name.
    assert not signs_in({"full_name": "someone/shop"}) and not signs_in(None)


def test_a_push_migrates_dev_only():
    triggers = workflow(MIGRATIONS)[True]
    assert triggers["push"]["branches"] == ["main"]
    [expression] = re.findall(r"\$\{\{(.*?)\}\}", workflow(MIGRATIONS)["env"]["ENVIRONMENT"])
    assert evaluate(expression, {"inputs": {}}) == "dev"
    assert evaluate(expression, {"inputs": {"environment": "prod"}}) == "prod"
