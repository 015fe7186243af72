"""`lockstep deploy`, with an emulated account and a SAM that only notes how it is called."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from local import paths
from local.parameters import defaults
from proofs.cli.conftest import REGION

WORKFLOW = paths.ROOT / ".github" / "workflows" / "deploy-migrations.yml"
ROLE = "arn:aws:iam::123456789012:role/shop-migrations-prod-github/CloudFormationServiceRole"

FILE = """version = 0.1

[dev.global.parameters]
stack_name = "shop-migrations-dev"

[dev.build.parameters]
parameter_overrides = ["Architecture=x86_64"]

[dev.deploy.parameters]
region = "REGION"
parameter_overrides = [
  "Project=shop",
  "Environment=dev",
  "VpcId=VPC",
  "SubnetIds=SUBNETS",
  "S3RouteTableIds=TABLE",
  "S3PrefixListId=pl-0123abcd",
  "DatabaseInstance=app-db",
  "DatabaseSecretArn=arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf",
  "DatabaseSecurityGroupId=sg-0123abcd",
  "NotificationAddress=team@example.com",
]
"""

TEMPLATE = """
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: shop}}
Outputs:
  TopicArn: {Value: !Ref Topic}
  ApproveUrl: {Value: "https://example.invalid"}
"""

SAM = """#!/bin/sh
echo "$1 token=$AWS_SECRET_ACCESS_KEY $@" >> {calls}
echo "sam says $1"
{more}
"""


class Sam:
    """The SAM of a project."""

    def __init__(self, root: Path) -> None:
        self.calls = root / "calls"
        self.program = root / "bin" / "sam"
        self.program.parent.mkdir()
        self.does("")

    def does(self, more: str) -> None:
        """Makes it do something more than to note how it is called."""
        self.program.write_text(SAM.format(calls=self.calls, more=more))
        self.program.chmod(0o755)

    def called(self) -> list[str]:
        """Returns the calls, one a line."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def sam(project, network, account) -> Sam:
    """A project that is ready to be deployed, in an account with such a stack, and its SAM."""
    text = FILE.replace("REGION", REGION).replace("VPC", network.vpc).replace("SUBNETS", ",".join(network.subnets))
    project.samconfig.write_text(text.replace("TABLE", network.table))
    history = project.root / "migrations" / "1_a"
    history.mkdir(parents=True)
    (history / "migration.sql").write_text("SELECT 1;\n")
    (project.root / "layer").mkdir()
    (project.root / "layer" / "migrations").symlink_to("../migrations")
    function = project.root / ".aws-sam" / "build" / "ApplyFunction"
    function.mkdir(parents=True)
    (function / "bootstrap").write_bytes(b"\x7fELF\x02\x01".ljust(0x12, b"\0") + (62).to_bytes(2, "little") + bytes(44))
    (function / "bootstrap").chmod(0o755)
    made = Sam(project.root)
    (project.root / "scripts").mkdir()
    (project.root / "scripts" / "setup.py").write_text(f"import sys\nassert sys.argv[1:] == ['sam']\nprint({str(made.program.parent)!r})\n")
    account.client("cloudformation").create_stack(StackName="shop-migrations-dev", TemplateBody=TEMPLATE)
    topics = account.client("sns")
    [topic] = topics.list_topics()["Topics"]
    topics.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:queue")
    return made


def change(project, old, new):
    text = project.samconfig.read_text()
    assert old in text
    project.samconfig.write_text(text.replace(old, new))


def test_what_is_built_is_deployed_with_every_parameter(project, sam):
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 0, ran
    build, deploy = sam.called()
    # What is compiled is other people's code too.
    assert build == f"build token= build --config-file {project.samconfig} --config-env dev"
    configured, _, overrides = deploy.partition(" --parameter-overrides ")
    assert configured == f"deploy token=local deploy --config-file {project.samconfig} --config-env dev"
    named = dict(re.findall(r'(\w+)="([^"]*)"', overrides))
    assert set(named) == set(yaml_parse(paths.TEMPLATE.read_text())["Parameters"])
    assert defaults().items() <= (named | {"Project": "lockstep", "S3RouteTableIds": "", "S3PrefixListId": ""}).items()
    assert (named["Project"], named["S3PrefixListId"]) == ("shop", "pl-0123abcd")
    assert "ApproveUrl  https://example.invalid" in ran.out and "sam says deploy" in ran.out
    assert "Deploying shop-migrations-dev to the account 123456789012 in us-east-1" in ran.err
    assert "Next: lockstep run dev --project shop" in ran.err
    assert "not confirmed" not in ran.err and "sample" not in ran.err


def test_a_program_reads_json_alone(project, sam):
    ran = project.lockstep("deploy", "dev", "--no-build", "--json", "--role-arn", "arn:aws:iam::1:role/r")
    assert ran.status == 0, ran
    told = json.loads(ran.out)
    assert told["outputs"]["ApproveUrl"] == "https://example.invalid" and told["subscriptionConfirmed"] is True
    [deploy] = sam.called()
    assert "--role-arn arn:aws:iam::1:role/r --parameter-overrides" in deploy and "sam says deploy" in ran.err


def test_what_a_person_has_to_do_is_said(project, sam, account):
    topics = account.client("sns")
    [subscription] = topics.list_subscriptions()["Subscriptions"]
    topics.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    (project.root / "migrations" / "20260112141500_add_orders").mkdir()
    ran = project.lockstep("deploy", "dev", "--no-build")
    assert ran.status == 0, ran
    assert "The mail subscription of team@example.com is not confirmed" in ran.err
    assert "still has the sample 20260112141500_add_orders" in ran.err


def test_a_stack_of_roles_for_github_names_the_workflows_variables(project, sam, account):
    roles = "Resources: {T: {Type: AWS::SNS::Topic}}\nOutputs: {GitHubRunnerRoleArn: {Value: arn-of-the-runner}}\n"
    account.client("cloudformation").create_stack(StackName="shop-migrations-dev-github", TemplateBody=roles)
    ran = project.lockstep("deploy", "dev", "--no-build")
    assert "gh variable set LOCKSTEP_RUNNER_ROLE_DEV --body arn-of-the-runner" in ran.err, ran
    assert "gh variable set LOCKSTEP_REGION_DEV --body us-east-1" in ran.err


def test_the_workflows_read_each_variable_that_is_named(project, sam, account):
    outputs = yaml_parse(paths.BOOTSTRAP.read_text())["Outputs"]
    roles = {
        "Resources": {"T": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {output: {"Value": f"arn-of-{output}"} for output in outputs},
    }
    account.client("cloudformation").create_stack(StackName="shop-migrations-dev-github", TemplateBody=json.dumps(roles))
    ran = project.lockstep("deploy", "dev", "--no-build")
    named = dict(re.findall(r"gh variable set (\w+) --body (\S+)", ran.err))
    arns = {value for name, value in named.items() if "_ROLE_" in name}
    assert sorted(arns) == sorted(f"arn-of-{output}" for output in outputs)
    assert named["LOCKSTEP_REGION_DEV"] == REGION
    texts = [file.read_text() for file in (WORKFLOW, *(paths.ROOT / "docs" / "examples").glob("*.yml"))]
    read = {f"{name}_DEV" for text in texts for name in re.findall(r"format\('(LOCKSTEP_[A-Z_]+)_\{0\}'", text)}
    read |= {name for text in texts for name in re.findall(r"vars\.(LOCKSTEP_[A-Z_]+_DEV)\b", text)}
    assert named.keys() == read


@pytest.mark.parametrize(("role", "more"), [(ROLE, f" --role-arn {ROLE}"), ("", "")])
def test_the_workflows_command(project, sam, role, more):
    """Its variable of the service role may be unset."""
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    [command] = [step["run"] for step in jobs["deploy"]["steps"] if " deploy " in step.get("run", "")]
    arguments = command.replace('"$ENVIRONMENT"', "dev").replace('"$SERVICE_ROLE"', role).split()[1:]
    assert not any("$" in argument for argument in arguments)
    ran = project.lockstep(*arguments)
    assert ran.status == 0, ran
    built, deployed = sam.called()
    configured = f"--config-file {project.samconfig} --config-env dev"
    assert built.endswith(f"build {configured}")
    assert deployed.partition(" --parameter-overrides ")[0].endswith(f"deploy {configured}{more}")


def test_the_deployer_of_the_workflow_may_execute_what_sam_makes():
    """The deployer's role recognises SAM's change sets by the prefix of their names."""
    asked = "from inspect import signature as s; from samcli.lib.deploy.deployer import Deployer as d"
    printed = f"{asked}; print(s(d).parameters['changeset_prefix'].default)"
    made = subprocess.run([paths.SAM_VENV / "bin" / "python", "-c", printed], capture_output=True, text=True, check=True)
    assert f"- {made.stdout.strip()}*\n" in paths.BOOTSTRAP.read_text()


def test_a_first_deployment_has_nothing_behind_it(project, sam, account):
    stacks = account.client("cloudformation")
    stacks.delete_stack(StackName="shop-migrations-dev")
    ran = project.lockstep("deploy", "dev", "--no-build")
    assert ran.status == 0 and len(sam.called()) == 1, ran


def test_after_a_roll_back_every_function_is_published_anew(project, sam, account):
    account.instead = {"CREATE_COMPLETE": "UPDATE_ROLLBACK_COMPLETE"}
    ran = project.lockstep("deploy", "dev", "--no-build")
    assert ran.status == 0 and "publishing every function anew" in ran.err, ran
    [deploy] = sam.called()
    assert re.search(r' Release="\d{8}T\d{6}"', deploy) and deploy.count("Release=") == 1


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_IN_PROGRESS"])
def test_a_stack_that_cannot_be_updated_is_refused_before_anything_is_built(project, sam, account, status):
    account.instead = {"CREATE_COMPLETE": status}
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 2 and f"shop-migrations-dev is {status}" in ran.err and sam.called() == [], ran


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("team@example.com", "FILL-IN-mail-address", "fill in NotificationAddress"),
        ('region = "us-east-1"', 'region = "eu-central-2"', "cannot be deployed to eu-central-2"),
        ("DatabaseInstance=app-db", "DatabaseInstance=App", "CloudFormation would refuse"),
        ('"Project=shop"', f'"Project=shop", "SqlxTable={"x" * 64}"', "SqlxTable"),
        ("Environment=dev", "Environment=qa", "Environment is qa"),
    ],
)
def test_a_setting_that_is_wrong_is_named_before_anything_is_built(project, sam, old, new, told):
    change(project, old, new)
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 2 and told in ran.err and sam.called() == [], ran


def test_subnets_in_which_no_endpoint_can_be_made(project, sam, account, network):
    third = account.client("ec2").create_subnet(VpcId=network.vpc, CidrBlock="10.0.7.0/24", AvailabilityZone=f"{REGION}a")
    again = third["Subnet"]["SubnetId"]
    change(project, ",".join(network.subnets), f"{network.subnets[0]},{again}")
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 2 and f"are both in {REGION}a" in ran.err and sam.called() == [], ran
    change(project, again, "subnet-0123456789abcdef0")
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 2 and "does not exist; take subnets of VpcId, in us-east-1" in ran.err, ran


def test_a_route_table_that_leads_to_s3_already(project, sam, account, network):
    ec2 = account.client("ec2")
    endpoint = ec2.create_vpc_endpoint(
        VpcId=network.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway", RouteTableIds=[network.table]
    )["VpcEndpoint"]["VpcEndpointId"]
    ec2.create_route(RouteTableId=network.table, DestinationCidrBlock="3.5.0.0/19", GatewayId=endpoint)
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 2 and f"{network.table} leads to S3 already, through {endpoint}" in ran.err, ran
    ec2.create_tags(Resources=[endpoint], Tags=[{"Key": "Name", "Value": "shop-migrations-dev-s3"}])
    assert project.lockstep("deploy", "dev", "--no-build").status == 0


def test_what_may_not_be_looked_at_is_said_and_stops_nothing(project, sam, account):
    account.refused = {"DescribeSubnets", "DescribeRouteTables"}
    ran = project.lockstep("deploy", "dev", "--no-build")
    assert ran.status == 0 and ran.err.count("It was not checked whether") == 2, ran


def test_a_person_who_may_not_deploy_reads_who_may(project, sam, account):
    account.refused = {"DescribeStacks"}
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 1 and "deploy as an administrator" in ran.err and sam.called() == [], ran


@pytest.mark.parametrize("what", ["history", "functions"])
def test_what_lambda_could_not_read_or_start_is_not_deployed(project, sam, what):
    if what == "history":
        (project.root / "migrations" / "1_a" / "migration.sql").chmod(0o600)
    else:
        (project.root / ".aws-sam" / "build" / "ApplyFunction" / "bootstrap").chmod(0o700)
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 2 and "by others" in ran.err, ran
    assert [call.split()[0] for call in sam.called()] == ([] if what == "history" else ["build"])


@pytest.mark.parametrize("command", ["build", "deploy"])
def test_a_failure_of_sam_is_one(project, sam, command):
    sam.does(f'[ "$1" != {command} ]')
    ran = project.lockstep("deploy", "dev")
    assert ran.status == 1 and f"`sam {command}` failed; its message is above" in ran.err, ran
    assert len(sam.called()) == (1 if command == "build" else 2)


@pytest.mark.parametrize(("command", "told"), [("build", "nothing was deployed"), ("deploy", "CloudFormation has begun goes on")])
def test_an_interruption_lets_sam_end(project, sam, command, told):
    ended = project.root / "ended"
    sam.does(f"""trap 'echo ended > {ended}; kill $!; exit 1' INT
    if [ "$1" = {command} ]; then sleep 30 > /dev/null 2>&1 & touch {ended}.ready; wait; fi""")
    process = project.start("deploy", "dev")
    deadline = time.monotonic() + 60
    while not Path(f"{ended}.ready").exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    # At a terminal the whole group gets it.
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=40)
    assert process.returncode == 130 and told in err, err
    assert ended.read_text() == "ended\n"
