"""The workflow's deployment: the sam commands of scripts/deploy, recorded by a stand-in for sam."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import yaml
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

from scripts.operate import deploy
from scripts.operate.paths import BOOTSTRAP, ROOT
from scripts.operate.samconfig import SAMCONFIG
from scripts.operate.terminal import Terminal

ROLE = "arn:aws:iam::123456789012:role/shop-migrations-prod-github/CloudFormationServiceRole"


@pytest.mark.parametrize(("role", "more"), [(ROLE, f" --role-arn {ROLE}"), ("", "")])
def test_the_workflows_command(role: str, more: str, recorded: Path) -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy-migrations.yml").read_text())["jobs"]
    [command] = [step["run"] for step in jobs["deploy"]["steps"] if step.get("run", "").startswith("scripts/deploy ")]
    arguments = command.replace('"$ENVIRONMENT"', "prod").replace('"$SERVICE_ROLE"', role).split()[1:]
    assert not any("$" in argument for argument in arguments)
    assert deploy.main(arguments) == 0
    configured = f"--config-file {SAMCONFIG} --config-env prod"
    build, deployed = recorded.read_text().splitlines()
    # test_deploy.py looks at the parameters.
    command, named, _ = deployed.partition(" --parameter-overrides ")
    assert (build, command, bool(named)) == (f"build {configured}", f"deploy {configured}{more}", True)


def test_the_deployer_may_execute_what_sam_makes() -> None:
    """The deployer's role recognises SAM's change sets by the prefix of their names."""
    asked = "from inspect import signature as s; from samcli.lib.deploy.deployer import Deployer as d"
    printed = f"{asked}; print(s(d).parameters['changeset_prefix'].default)"
    python = ROOT / ".venv-sam" / "bin" / "python"
    made = subprocess.run([python, "-c", printed], capture_output=True, text=True, check=True).stdout.strip()
    assert f"- {made}*\n" in BOOTSTRAP.read_text()


def test_the_variables_of_the_workflow_are_named() -> None:
    """Each variable that the workflow reads is printed with the value of the roles' stack, and no other variable is."""
    assert set(yaml_parse(BOOTSTRAP.read_text())["Outputs"]) == set(deploy._VARIABLES.values())
    outputs = {output: f"arn:of:{output}" for output in deploy._VARIABLES.values()}
    said = io.StringIO()
    deploy.show_variables(Terminal(said), "qa", "eu-west-1", outputs)
    workflow = (ROOT / ".github" / "workflows" / "deploy-migrations.yml").read_text()
    wanted = {f"{name}_QA" for name in re.findall(r"format\('(LOCKSTEP_[A-Z_]+)_\{0\}'", workflow)}
    assert set(re.findall(r"gh variable set (\w+) --body \S", said.getvalue())) == wanted
    assert "LOCKSTEP_REGION_QA --body eu-west-1\n" in said.getvalue()
    assert "LOCKSTEP_RUNNER_ROLE_QA --body arn:of:GitHubRunnerRoleArn\n" in said.getvalue()


def test_without_the_roles_there_is_nothing_to_tell() -> None:
    said = io.StringIO()
    deploy.show_variables(Terminal(said), "qa", "eu-west-1", {})
    assert said.getvalue() == ""


def test_the_roles_are_looked_up_in_their_own_stack() -> None:
    session = MagicMock()
    describe = session.client.return_value.describe_stacks
    describe.return_value = {"Stacks": [{"Outputs": [{"OutputKey": "GitHubRunnerRoleArn", "OutputValue": "arn:of:runner"}]}]}
    assert deploy.roles_for_github(session, "shop-migrations-qa") == {"GitHubRunnerRoleArn": "arn:of:runner"}
    describe.assert_called_once_with(StackName="shop-migrations-qa-github")


@pytest.mark.parametrize(("code", "passes"), [("ValidationError", True), ("AccessDenied", True), ("Throttling", False)])
def test_a_deployment_does_not_need_to_see_the_roles(code: str, passes: bool) -> None:
    session = MagicMock()
    failure = ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeStacks")
    session.client.return_value.describe_stacks.side_effect = failure
    if passes:
        assert deploy.roles_for_github(session, "shop-migrations-qa") == {}
        return
    with pytest.raises(ClientError):
        deploy.roles_for_github(session, "shop-migrations-qa")
