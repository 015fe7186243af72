"""The workflow deploy-migrations, run from its own file: its permissions and its results.

GitHub cannot run here. proofs/e2e/github_workflow.py stands in for its runner, proofs/e2e/github_api.py for its API.
"""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from local import paths
from proofs.e2e.github_expressions import Unknown, evaluate, interpolate
from proofs.e2e.github_workflow import COMMIT, WORKFLOW, results, workflow
from proofs.harness import build
from proofs.harness.database import applied

#: The command, as a job of the workflow has it, and what builds it.
COMMAND = "target/release/lockstep"
BUILD = "cargo build --release --locked --bin lockstep"

_ROLES = {
    "DEPLOYER_ROLE": "GitHubDeployerRoleArn", "SERVICE_ROLE": "CloudFormationServiceRoleArn",
    "RUNNER_ROLE": "GitHubRunnerRoleArn", "APPROVER_ROLE": "GitHubApproverRoleArn",
}

#: The only role that a run without a gate needs. The stack of dev has no roles here.
_RUNNER = {"RUNNER_ROLE": "arn:aws:iam::000000000000:role/Runner"}


@pytest.fixture
def prod(case):
    """A prod with roles for GitHub beside it."""
    return case("github")


@pytest.fixture
def roles(roles_for_github):
    """The repository's variables that name roles."""
    return {name: roles_for_github[output] for name, output in _ROLES.items()}


@pytest.fixture
def run(prod, roles, workflow_run):
    """A function that makes a run of the workflow."""
    return lambda **more: workflow_run(prod, **{"roles": roles} | more)


def role_of(job, roles):
    [name] = [name for name, arn in roles.items() if arn.rpartition("/")[2] == job.identity.rpartition("@")[2]]
    return name


def decided(prod, run):
    """Returns the recorded decision."""
    return prod.stack.result(run.execution, "Approval")


def as_identity(prod, identity, command):
    """Runs a command as a person with an AWS identity of their own."""
    path = f"{build.binaries('lockstep')}{os.pathsep}{os.environ['PATH']}"
    settings = {"PATH": path, "HOME": os.environ["HOME"]} | prod.stack.environment()
    return subprocess.run(
        ["bash", "-c", command], cwd=paths.ROOT, env=settings | {"AWS_ACCESS_KEY_ID": identity},
        capture_output=True, text=True, timeout=60, check=False,
    )


def command_in(summary, verb):
    """Returns the command in a summary, as a browser shows it."""
    [listing] = re.findall(r"<pre>(.*?)</pre>", summary)
    [command] = [line for line in listing.split("&#10;") if line.startswith(f"lockstep {verb} ")]
    return command


# ------------------------------------------------------------ the gate


def test_a_reviewer_approves(prod, api, run, roles):
    hostile = "2_b |<img src=x>`@ann` [x](www.evil.example)"
    prod.write("1_a", "CREATE TABLE a ()")
    prod.write(hostile, "CREATE TABLE b ()")

    def gate():
        assert prod.ledger() == []
        api.review("dan", "approved", "qa", "another database")
        api.review("ann", "approved", "prod", "read\nit twice")
        return "approved"

    done = run(gate=gate, inputs={"reason": 'release 7 "$(false)"'}).run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "success", "clean-up": "skipped"}
    assert done.green and prod.ledger() == applied("1_a", hostile)
    assert done.jobs["decide"].environment == "prod"
    assert [role_of(done.jobs[name], roles) for name in ("start", "decide")] == ["RUNNER_ROLE", "APPROVER_ROLE"]

    record = prod.wait(done.execution)["output"]
    assert record["request"]["requestedBy"] == "bob" and record["request"]["commit"] == COMMIT
    assert record["request"]["reason"] == 'release 7 "$(false)"'
    approval = record["approval"]
    assert approval["onBehalfOf"] == "ann" and approval["identity"] == "verified"
    approver = roles["APPROVER_ROLE"].rpartition("/")[2]
    assert approval["by"].endswith(f":assumed-role/{approver}/github-{api.run_id}-1")
    assert approval["reason"] == f"read it twice (https://github.com/owner/shop/actions/runs/{api.run_id})"

    shown = done.jobs["start"].summary
    assert record["plan"]["digest"] in shown and "waiting for approval" in shown.replace("&#58;", ":")
    assert hostile not in shown and "<img" not in shown and "](" not in shown
    # The reviewer has the whole report before deciding: in the summary, and as a file.
    assert prod.stored(record["plan"]["report"]["key"], "md").decode().strip() in shown
    [artifact] = done.jobs["start"].artifacts.values()
    assert artifact == prod.stored(record["plan"]["report"]["key"], "html").decode() and "<img src=x>" not in artifact
    assert "applied" in done.jobs["decide"].summary and "ann" in done.jobs["decide"].summary
    # GitHub's runner takes no printed line for a command.
    first, *_, last = done.jobs["start"].printed.splitlines()
    assert first.removeprefix("::stop-commands::") == last.strip(":")


def test_a_reviewer_rejects(prod, api, run, roles):
    prod.write("1_a", "CREATE TABLE a ()")
    done = run()

    def gate():
        # A person who can start a run cannot approve it: the function accepts only a rejection from that role.
        command = command_in(done.jobs["start"].summary, "approve").replace("REASON", "mine")
        tried = as_identity(prod, done.jobs["start"].identity, command)
        assert tried.returncode == 9 and "refused:" in tried.stderr and "reject" in tried.stderr
        api.review("ann", "rejected", "prod", "not on a Friday")
        return "rejected"

    done.gate = gate
    done.run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "failure", "clean-up": "success"}
    assert not done.green and (prod.ledger(), prod.tables()) == ([], [])
    assert role_of(done.jobs["clean-up"], roles) == "RUNNER_ROLE" and done.jobs["clean-up"].environment == ""
    ended = prod.wait(done.execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "Approval.Rejected")
    decision = decided(prod, done)
    assert (decision["decision"], decision["onBehalfOf"]) == ("rejected", "ann")
    assert decision["reason"].startswith("not on a Friday (https://github.com/")


def test_the_requester_reviews(prod, api, run):
    prod.write("1_a", "CREATE TABLE a ()")

    def gate():
        api.review("Bob", "approved", "prod")
        return "approved"

    done = run(gate=gate, actor="bob").run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "failure", "clean-up": "success"}
    assert done.jobs["decide"].status == 9 and "refused:" in done.jobs["decide"].printed
    assert "could not approve in the name of Bob" in done.jobs["decide"].summary
    assert prod.wait(done.execution)["error"] == "Approval.Rejected" and prod.ledger() == []
    assert decided(prod, done).get("onBehalfOf") is None


def test_no_review(prod, api, run):
    prod.write("1_a", "CREATE TABLE a ()")
    # An earlier attempt's approval does not count for this plan.
    api.review("ann", "approved", "prod")

    def a_person_decides(decide):
        decide.wait_until_printed("No reviewer approved this run")
        decide.wait_until_printed("Waiting for approval")
        command = command_in(decide.summary(), "approve").replace("REASON", "'read it'")
        shown = as_identity(prod, "ann", command_in(decide.summary(), "show"))
        assert shown.returncode == 0 and "1_a" in shown.stdout
        assert prod.ledger() == []
        assert as_identity(prod, "ann", command).returncode == 0

    done = run(during={"decide": a_person_decides}).run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "success", "clean-up": "skipped"}
    assert done.jobs["decide"].environment == "prod" and prod.ledger() == applied("1_a")
    decision = decided(prod, done)
    assert decision["by"] == "arn:aws:iam::000000000000:user/ann" and decision.get("onBehalfOf") is None


def test_without_an_approvers_role_there_is_no_gate(prod, api, run, roles):
    prod.write("1_a", "CREATE TABLE a ()")

    def a_person_decides(decide):
        decide.wait_until_printed("Waiting for approval")
        command = command_in(decide.summary(), "reject").replace("REASON", "'not today'")
        assert as_identity(prod, "ann", command).returncode == 0

    done = run(roles=roles | {"APPROVER_ROLE": ""}, during={"decide": a_person_decides}).run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "failure", "clean-up": "success"}
    assert done.jobs["decide"].status == 3 and done.jobs["decide"].environment == ""
    assert role_of(done.jobs["decide"], roles) == "RUNNER_ROLE"
    assert "ended already" in done.jobs["clean-up"].printed
    assert prod.wait(done.execution)["error"] == "Approval.Rejected" and prod.ledger() == []


def test_a_repeated_step_starts_nothing_new(prod, run):
    prod.write("1_a", "CREATE TABLE a ()")
    done = run()

    def gate():
        again = run().run("deploy", "start")
        assert again.jobs["start"].outputs == done.jobs["start"].outputs
        assert prod.executions() == [done.execution]
        return "cancelled"

    done.gate = gate
    assert done.run().jobs["clean-up"].result == "success"


# ------------------------------------------------------------ what must not hang


def test_cancelled_at_the_gate(prod, run):
    prod.write("1_a", "CREATE TABLE a ()")
    done = run(gate=lambda: "cancelled").run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "cancelled", "clean-up": "success"}
    assert prod.wait(done.execution)["error"] == "Approval.Rejected" and prod.ledger() == []
    assert decided(prod, done).get("onBehalfOf") is None
    assert "ended without an approval" in decided(prod, done)["reason"]


def test_cancelled_while_it_starts(prod, run):
    prod.write("1_a", "CREATE TABLE a ()")
    prod.stack.set_database_status("starting")

    def cancel(start):
        start.wait_until_printed("The database instance is starting")
        start.cancel()

    def the_database_comes_up(clean_up):
        clean_up.wait_until_printed("does not wait for approval yet")
        prod.stack.describe_database_as()

    done = run(during={"start": cancel, "clean-up": the_database_comes_up}).run()
    assert results(done) == {"deploy": "success", "start": "cancelled", "decide": "skipped", "clean-up": "success"}
    assert done.jobs["start"].outputs == {} and not done.green
    assert prod.wait(done.execution)["error"] == "Approval.Rejected" and prod.ledger() == []


def test_cancelled_before_anything_was_started(prod, run):
    done = run(during={"start": lambda start: start.cancel()}).run()
    assert results(done) == {"deploy": "success", "start": "cancelled", "decide": "skipped", "clean-up": "success"}
    assert "No execution was started" in done.jobs["clean-up"].printed
    assert prod.executions() == []


def test_github_does_not_answer(prod, api, run):
    prod.write("1_a", "CREATE TABLE a ()")

    def gate():
        api.review("ann", "approved", "prod")
        api.broken = 403
        return "approved"

    done = run(gate=gate).run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "failure", "clean-up": "success"}
    assert done.jobs["decide"].status == 1 and "actions: read" in done.jobs["decide"].printed
    assert prod.wait(done.execution)["error"] == "Approval.Rejected" and prod.ledger() == []


# ------------------------------------------------------------ without a gate


def test_a_failing_migration_is_red(prod, api, run):
    prod.write("1_a", "CREATE TABLE a (); SELECT 1 / 0")

    def gate():
        api.review("ann", "approved", "prod")
        return "approved"

    done = run(gate=gate).run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "failure", "clean-up": "success"}
    assert done.jobs["decide"].status == 1 and not done.green
    assert "Migration&#46;Failed" in done.jobs["decide"].summary
    assert "ended already: Migration.Failed" in done.jobs["clean-up"].printed


def test_a_failing_migration_is_red_without_approval_too(case, workflow_run):
    dev = case("dev")
    dev.write("1_a", "SELECT 1 / 0")
    done = workflow_run(dev, roles=_RUNNER).run()
    assert results(done) == {"deploy": "success", "start": "failure", "decide": "skipped", "clean-up": "success"}
    assert done.jobs["start"].status == 1 and not done.green


def test_without_approval_there_is_no_gate_and_with_nothing_to_do_neither(case, workflow_run):
    dev = case("dev")
    dev.write("1_a", "CREATE TABLE a ()")
    for attempt, outcome in ((1, "applied"), (2, "nothingPending")):
        done = workflow_run(dev, roles=_RUNNER, attempt=attempt).run()
        assert results(done) == {"deploy": "success", "start": "success", "decide": "skipped", "clean-up": "skipped"}
        assert done.green and outcome in done.jobs["start"].summary
        assert dev.ledger() == applied("1_a")


def test_a_plan_asks_for_no_approval(prod, run):
    prod.write("1_a", "CREATE TABLE a ()")
    done = run(inputs={"mode": "plan"}).run()
    assert results(done) == {"deploy": "success", "start": "success", "decide": "skipped", "clean-up": "skipped"}
    assert prod.wait(done.execution)["output"]["outcome"] == "planned" and "1&#95;a" in done.jobs["start"].summary


# ------------------------------------------------------------ the file


def test_a_job_may_no_more_than_it_needs():
    sign_in = {"contents": "read", "id-token": "write"}
    assert workflow()["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow()["jobs"].items()} == {
        "deploy": sign_in,
        "start": sign_in | {"actions": "read"},
        "decide": sign_in | {"actions": "read"},
        "clean-up": sign_in | {"actions": "read"},
    }


def test_a_step_is_one_pinned_action_or_one_command():
    for name, job in workflow()["jobs"].items():
        assert job["timeout-minutes"] <= 350, name
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), step
                assert "run" not in step
                continue
            prepares = step["run"] in ("scripts/install-rust", BUILD, f"chmod +x {COMMAND}")
            ours = re.fullmatch(rf'{COMMAND} [a-z]+( [a-z-]+)?( (--[a-z-]+=)?"\$[A-Z_]+")+', step["run"])
            assert prepares or ours, step["run"]
        # No build runs after a sign-in.
        uses = [step.get("uses", step.get("run", "")).partition("@")[0] for step in job["steps"]]
        assert BUILD not in uses or uses.index(BUILD) < uses.index("aws-actions/configure-aws-credentials")
        [checkout] = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"] == {"persist-credentials": False}


def test_no_command_of_any_workflow_holds_an_expression():
    for file in WORKFLOW.parent.glob("*.yml"):
        for line in re.findall(r"run:.*", file.read_text()):
            assert "${{" not in line, line
        for used in re.findall(r"uses:.*", file.read_text()):
            assert re.fullmatch(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_no_secret_is_used_and_no_waiting_job_is_dropped():
    assert "secrets." not in WORKFLOW.read_text()
    limits = {name: job["concurrency"] for name, job in workflow()["jobs"].items() if "concurrency" in job}
    # actionlint does not know `queue`, so only this test checks its value.
    assert list(limits) == ["deploy"] and limits["deploy"]["queue"] == "max"
    assert "cancel-in-progress" not in limits["deploy"] and "concurrency" not in workflow()


def test_a_push_migrates_dev_only():
    triggers = workflow()[True]
    assert triggers["push"] == {"branches": ["main"], "paths": ["migrations/**"]}
    assert triggers["workflow_dispatch"]["inputs"]["environment"]["options"] == ["dev", "qa", "prod"]
    for text in (workflow()["env"]["ENVIRONMENT"], workflow()["jobs"]["deploy"]["concurrency"]["group"]):
        [expression] = re.findall(r"\$\{\{(.*?)\}\}", text)
        assert evaluate(expression, {"inputs": {}}) == "dev"
        assert evaluate(expression, {"inputs": {"environment": "prod"}}) == "prod"


def test_a_push_applies_everything_and_a_form_what_it_says():
    [step] = [step for step in workflow()["jobs"]["start"]["steps"] if step.get("id") == "start"]
    wanted = {name: step["env"][name] for name in ("MODE", "UP_TO")}

    def come_to(event, inputs):
        contexts = {"github": {"event_name": event}, "inputs": inputs}
        return [interpolate(text, contexts) for text in wanted.values()]

    assert come_to("push", {}) == ["apply", "all"]
    assert come_to("workflow_dispatch", {"mode": "plan", "up_to": "2_b"}) == ["plan", "2_b"]
    # `-f up_to="$LAST"` with an unset LAST: `lockstep github` refuses it.
    assert come_to("workflow_dispatch", {"mode": "apply", "up_to": ""}) == ["apply", ""]
    assert workflow()[True]["workflow_dispatch"]["inputs"]["up_to"]["default"] == "all"


@pytest.mark.parametrize("unknown", ["fromJSON('1')", "secrets.A", "1 < 2", "a.b"])
def test_an_expression_that_is_not_known_is_an_error(unknown):
    with pytest.raises(Unknown):
        evaluate(unknown, {"vars": {}})
