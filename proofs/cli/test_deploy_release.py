"""`lockstep deploy --from`, with an emulated account and a release of a few resources."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from proofs.cli.test_deploy import FILE
from scripts.setup import ROOT

STACK = "shop-migrations-dev"
MANAGED = "aws-sam-cli-managed-default"
MANAGED_TEMPLATE = ROOT / "crates" / "cli" / "src" / "deploy" / "from" / "managed-bucket.json"

#: The emulator takes no notice of properties that a topic does not have.
RESOURCES = """
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Sub ${Project}-migrations-${Environment}
      CodeUri: apply-x86_64.zip
      DefinitionUri: migrate.asl.json
  Layer:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Sub ${Project}-layer
      Content: layer/
Outputs:
  TopicArn: {Value: !Ref Topic}
"""


class Release:
    """A release in a directory."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir()
        text = (ROOT / "template.yaml").read_text()
        about = "Metadata:\n  AWS::ServerlessRepo::Application:\n    SemanticVersion: 1.2.3\n"
        self.files = {
            "template.packaged.yaml": about + text[text.index("\nParameters:") : text.index("\nConditions:")] + RESOURCES,
            "apply-x86_64.zip": "the function",
            "migrate.asl.json": "{}",
        }
        self.write()

    def write(self) -> None:
        """Writes the files with their checksums."""
        sums = ""
        for name, content in self.files.items():
            (self.place / name).write_text(content)
            sums += f"{hashlib.sha256(content.encode()).hexdigest()}  {name}\n"
        (self.place / "checksums.txt").write_text(sums)


@pytest.fixture
def release(tmp_path) -> Release:
    """A release."""
    return Release(tmp_path / "dist")


@pytest.fixture
def deploy(project, network, release) -> Callable[..., object]:
    """A function that deploys the release for a project that is no checkout."""
    (project.root / "template.yaml").unlink()
    text = FILE.replace("REGION", "us-east-1").replace("VPC", network.vpc).replace("SUBNETS", ",".join(network.subnets))
    more = 'resolve_s3 = true\ns3_prefix = "shop-migrations-dev"\ncapabilities = "CAPABILITY_IAM"\ntags = ["project=shop", "team=a=b"]\n'
    project.samconfig.write_text(text.replace("TABLE", network.table).replace("parameter_overrides = [\n", f"{more}parameter_overrides = [\n"))
    history = project.root / "migrations" / "1_a"
    history.mkdir(parents=True)
    (history / "migration.sql").write_text("SELECT 1;\n")
    return lambda *arguments: project.lockstep("deploy", "dev", "--from", str(release.place), *arguments)


def uploads(account, bucket):
    """Returns the keys in a bucket."""
    return sorted(one["Key"] for one in account.client("s3").list_objects_v2(Bucket=bucket).get("Contents", []))


def topics(account):
    return [topic["TopicArn"] for topic in account.client("sns").list_topics()["Topics"]]


def managed_bucket(account):
    [stack] = account.client("cloudformation").describe_stacks(StackName=MANAGED)["Stacks"]
    assert stack["Tags"] == [{"Key": "ManagedStackSource", "Value": "AwsSamCli"}]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}["SourceBucket"]


def test_a_project_without_a_checkout_is_deployed(deploy, account, project):
    ran = deploy("--role-arn", "arn:aws:iam::123456789012:role/deployer")
    assert ran.status == 0, ran
    for said in ("Release 1.2.3", "Uploaded 4 of 4 files", "+ Topic  AWS::SNS::Topic", "CREATE_COMPLETE", "Deployed in"):
        assert said in ran.err, said
    # The emulator tells no outputs of a stack that a change set has made.
    assert f"arn:aws:sns:us-east-1:123456789012:{STACK}" in topics(account)
    bucket = managed_bucket(account)
    keys = uploads(account, bucket)
    assert len(keys) == 4 and all(key.startswith(f"{STACK}/") for key in keys)
    assert sorted(key.rpartition(".")[2] for key in keys) == ["json", "template", "zip", "zip"]

    cloudformation = account.client("cloudformation")
    [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert {tag["Key"]: tag["Value"] for tag in stack["Tags"]} == {"project": "shop", "team": "a=b"}
    assert stack["RoleARN"].endswith("role/deployer")
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    # What samconfig.toml does not set has the template's default.
    assert (parameters["Project"], parameters["DatabasePort"]) == ("shop", "5432")
    template = cloudformation.get_template(StackName=STACK)["TemplateBody"]
    template = template if isinstance(template, str) else json.dumps(template)
    assert f"s3://{bucket}/{STACK}/" in template and f"S3Bucket: \"{bucket}\"" in template and "Content: layer/" not in template

    # Again nothing is uploaded, and another migration is a new layer and a new template.
    again = deploy()
    assert again.status == 0 and "Uploaded 0 of 4 files" in again.err, again
    (project.root / "migrations" / "1_a" / "migration.sql").write_text("SELECT 2;\n")
    changed = deploy()
    assert changed.status == 0 and "Uploaded 2 of 4 files" in changed.err, changed
    assert len(uploads(account, bucket)) == 6


def test_a_bucket_of_ones_own_is_used(deploy, account, project):
    account.client("s3").create_bucket(Bucket="our-uploads")
    text = project.samconfig.read_text()
    project.samconfig.write_text(text.replace("resolve_s3 = true", 's3_bucket = "our-uploads"\ndisable_rollback = true'))
    ran = deploy()
    assert ran.status == 0 and "Only SAM follows these settings of samconfig.toml: disable_rollback" in ran.err, ran
    assert len(uploads(account, "our-uploads")) == 4
    assert [one["StackName"] for one in account.client("cloudformation").describe_stacks()["Stacks"]] == [STACK]


def test_the_managed_bucket_is_the_one_that_sam_makes():
    asked = "import json; from samcli.lib.bootstrap.bootstrap import SAM_CLI_STACK_NAME as n, _get_stack_template as t; print(json.dumps([n, json.loads(t())]))"
    python = ROOT / ".venv-sam" / "bin" / "python"
    name, template = json.loads(subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout)
    ours = json.loads(MANAGED_TEMPLATE.read_text())
    assert (name, template["Resources"], template["Outputs"]) == (MANAGED, ours["Resources"], ours["Outputs"])


def test_the_deployer_of_github_may_do_all_that_it_asks_for(deploy, account):
    assert deploy().status == 0
    # Of what is there already, as in a job: an administrator has made the bucket.
    account.asked.clear()
    account.refused = {"CreateStack", "HeadObject"}
    again = deploy()
    assert again.status == 0 and "Uploaded 4 of 4" in again.err, again
    asked = account.asked - {"GetCallerIdentity"}
    assert {"CreateChangeSet", "PutObject", "DescribeChangeSet"} <= asked
    policies = yaml_parse((ROOT / "bootstrap" / "github.yaml").read_text())["Resources"]["GitHubDeployerRole"]["Properties"]["Policies"]
    allowed = set()
    for statement in policies[0]["PolicyDocument"]["Statement"]:
        actions = statement["Action"]
        allowed |= {action.partition(":")[2] for action in ([actions] if isinstance(actions, str) else actions)}
    # S3 asks for the right to read an object where only its headers are wanted.
    assert asked - {"HeadObject"} <= allowed and "GetObject" in allowed


def test_a_person_agrees_to_the_changes_where_samconfig_says_so(deploy, account, project, release):
    text = project.samconfig.read_text()
    project.samconfig.write_text(text.replace("resolve_s3 = true", "resolve_s3 = true\nconfirm_changeset = true"))
    unasked = deploy()
    assert unasked.status == 2 and "there is no terminal to ask at" in unasked.err, unasked
    command = ("deploy", "dev", "--from", str(release.place))
    status, shown = project.at_a_terminal(*command, answers=["n"])
    assert status == 1 and "Nothing was changed" in shown, shown
    assert topics(account) == []
    status, shown = project.at_a_terminal(*command, answers=["y"])
    assert status == 0 and len(topics(account)) == 2, shown


def test_what_is_wrong_is_said_before_anything_is_uploaded(deploy, account, project, release):
    def refused(told, status=2):
        ran = deploy()
        assert ran.status == status and told in ran.err, ran
        assert account.client("s3").list_buckets()["Buckets"] == []

    (release.place / "apply-x86_64.zip").write_text("another function")
    refused("apply-x86_64.zip is not the file that was released")
    release.write()
    text = project.samconfig.read_text()
    project.samconfig.write_text(text.replace("Project=shop", "Project=shop\", \"Nonsense=1"))
    refused("Nonsense is no parameter of template.yaml")
    project.samconfig.write_text(text.replace("resolve_s3 = true\n", ""))
    refused("say where the code is uploaded to")
    project.samconfig.write_text(text)
    (project.root / "migrations" / "1_a" / "migration.sql").unlink()
    refused("has no file in it")
    (project.root / "migrations" / "1_a" / "migration.sql").write_text("SELECT 1;\n")
    account.refused = {"DescribeStacks"}
    refused("deploy as an administrator", status=1)


def test_a_stack_that_cannot_be_changed_is_said(deploy, account, release):
    assert deploy().status == 0
    account.instead = {"<StackStatus>CREATE_COMPLETE</StackStatus>": "<StackStatus>ROLLBACK_COMPLETE</StackStatus>"}
    ran = deploy()
    assert ran.status == 2 and f"{STACK} is ROLLBACK_COMPLETE" in ran.err, ran
    account.instead = {}
    account.refused = {"CreateChangeSet"}
    ran = deploy()
    assert ran.status == 1 and "deploy as an administrator" in ran.err, ran


def test_a_release_and_a_build_exclude_each_other(deploy):
    ran = deploy("--no-build")
    assert ran.status == 2 and "cannot be used with" in ran.err, ran


def test_settings_are_found_beside_the_migrations(project, network, release, account):
    (project.root / "template.yaml").unlink()
    nothing = project.lockstep("init", "dev", "--instance", "app-db")
    assert nothing.status == 2 and "no directory of migrations here" in nothing.err, nothing
    (project.root / "migrations" / "1_a").mkdir(parents=True)
    (project.root / "migrations" / "1_a" / "migration.sql").write_text("SELECT 1;\n")
    found = project.lockstep("init", "dev", "--instance", "app-db", "--mail", "team@example.com", "--yes", "--project", "shop")
    assert found.status == 0, found
    ran = project.lockstep("deploy", "dev", "--from", str(release.place))
    assert ran.status == 0 and f"arn:aws:sns:us-east-1:123456789012:{STACK}" in topics(account), ran
