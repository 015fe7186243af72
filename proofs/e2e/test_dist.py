"""A stack from the files of a release alone: no toolchain, no SAM, no checkout."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import build
from local.build import architecture
from local.deploy import NOTIFICATION_ADDRESS, Deployment, copy_state_machines
from local.stack import Stack
from proofs.harness.case import Case
from proofs.harness.database import applied
from scripts.dist.pack import pack
from scripts.dist.parts import Parts
from scripts.dist.project import Project, version
from scripts.dist.targets import COMMAND, FUNCTIONS, own

STACK = "released-migrations-dev"

#: The template's zips and definition, the history, and the template itself.
UPLOADS = len(FUNCTIONS) + 3

SAMCONFIG = """version = 0.1

[dev.global.parameters]
stack_name = "{stack}"

[dev.build.parameters]
parameter_overrides = ["Architecture={architecture}"]

[dev.deploy.parameters]
region = "us-east-1"
resolve_s3 = true
s3_prefix = "{stack}"
capabilities = "CAPABILITY_IAM"
tags = ["project=released", "environment=dev"]
parameter_overrides = [
{parameters}
]
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a release, made from a quick build's parts by the same code as a real one."""
    place = tmp_path_factory.mktemp("dist")
    parts = Parts(place / "parts")
    target = parts.directory / own().triple
    target.mkdir(parents=True)
    build.build(lambda _: None)
    for name in (*FUNCTIONS, COMMAND):
        shutil.copy(build.BUILD / name, target / name)
    pack(parts, place / "dist", Project(version(), 1_800_000_000))
    return place / "dist"


class Machine:
    """A machine that has a release, the settings, the migrations, and nothing else."""

    def __init__(self, dist: Path, root: Path, stack: Stack) -> None:
        self.dist = root / "dist"
        shutil.copytree(dist, self.dist)
        shutil.unpack_archive(self.dist / f"lockstep-{own().triple}.tar.gz", root)
        self.program = root / f"lockstep-{own().triple}" / "lockstep"
        self.project = root / "project"
        # The search for samconfig.toml ends at a repository's root.
        (self.project / ".git").mkdir(parents=True)
        (self.project / "migrations").mkdir()
        (self.project / "migrations" / "migration_lock.toml").write_text('provider = "postgresql"\n')
        self._stack = stack
        account, connection = stack.account, stack.connection
        self.settle(STACK, {
            "Project": "released", "Environment": "dev", "Architecture": architecture(), "VpcId": account.vpc_id,
            "SubnetIds": ",".join(account.subnet_ids), "SecretsManagerEndpoint": "false", "DatabaseInstance": account.instance,
            "DatabaseSecretArn": account.secret_arn, "DatabaseSecurityGroupId": account.security_group_id,
            "DatabasePort": str(connection.port), "DatabaseCaFile": str(connection.ca_file), "DatabasePollSeconds": "1",
            "NotificationAddress": NOTIFICATION_ADDRESS, "ApprovalFrom": "danger",
        })

    def settle(self, stack: str, parameters: dict[str, str]) -> None:
        """Writes samconfig.toml."""
        lines = "\n".join(f'  "{name}={value}",' for name, value in parameters.items())
        text = SAMCONFIG.format(stack=stack, architecture=architecture(), parameters=lines)
        (self.project / "samconfig.toml").write_text(text)
        self.parameters = parameters

    def write(self, name: str, sql: str) -> None:
        """Writes a migration."""
        (self.project / "migrations" / name).mkdir()
        (self.project / "migrations" / name / "migration.sql").write_text(sql)

    def lockstep(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the release's command. Nothing is on its PATH: no cargo, no sam, no python, no aws."""
        settings = {"PATH": "", "HOME": str(self.project)} | self._stack.environment()
        del settings["LOCKSTEP_LOCAL"]
        return subprocess.run(
            [self.program, *arguments], cwd=self.project, env=settings, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )

    def deploy(self) -> subprocess.CompletedProcess[str]:
        """Deploys the release."""
        return self.lockstep("deploy", "dev", "--from", str(self.dist))


@pytest.fixture
def machine(dist: Path, stack: Stack, tmp_path: Path) -> Machine:
    """A machine with a release."""
    return Machine(dist, tmp_path, stack)


@pytest.fixture
def released(stack: Stack, machine: Machine, tmp_path: Path) -> Iterator[Case]:
    """A case on a stack that was deployed from the release."""
    machine.write("1_a", "CREATE TABLE a ();\n")
    done = machine.deploy()
    assert done.returncode == 0, done.stderr
    (tmp_path / "unpacked").mkdir()
    made = Case(stack, found(stack), tmp_path / "unpacked" / "migrations")
    yield made
    made.close()


def found(stack: Stack) -> Deployment:
    """Returns the deployed stack."""
    described = stack.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    assert {tag["Key"]: tag["Value"] for tag in described["Tags"]} == {"project": "released", "environment": "dev"}
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    return Deployment(STACK, "dev", outputs, copy_state_machines(stack.aws, STACK))


def layer(stack: Stack) -> tuple[int, bytes]:
    """Returns the number of the layer's newest version, and its zip."""
    cloudformation, s3 = stack.client("cloudformation"), stack.client("s3")
    template = cloudformation.get_template(StackName=STACK, TemplateStage="Processed")["TemplateBody"]
    template = template if isinstance(template, dict) else json.loads(template)
    content = template["Resources"]["MigrationsLayer"]["Properties"]["Content"]
    assert content["S3Key"].startswith(f"{STACK}/")
    [newest] = stack.client("lambda").list_layer_versions(LayerName=STACK)["LayerVersions"][:1]
    return newest["Version"], s3.get_object(Bucket=content["S3Bucket"], Key=content["S3Key"])["Body"].read()


def unpack(case: Case, content: bytes) -> None:
    """Lets the functions read what is in the layer, as Lambda unpacks it."""
    place = case.migrations.parent
    shutil.rmtree(place, ignore_errors=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(place)
    case.use_migrations(place / "migrations")


def test_a_release_is_deployed_and_a_run_succeeds(released, machine, stack):
    number, content = layer(stack)
    unpack(released, content)
    ran = machine.lockstep("run", "dev", "--project", "released")
    assert ran.returncode == 0, ran.stderr
    assert released.ledger() == applied("1_a") and released.tables() == ["a"]

    # Another migration: a new version of the layer. The functions are not uploaded again.
    machine.write("2_b", "CREATE TABLE b ();\n")
    again = machine.deploy()
    assert again.returncode == 0, again.stderr
    assert f"Uploaded 2 of {UPLOADS} files" in again.stderr
    assert re.search(r"~ MigrationsLayer +AWS::Lambda::LayerVersion", again.stderr) or "+ MigrationsLayer" in again.stderr
    newer, changed = layer(stack)
    assert newer == number + 1 and changed != content
    unpack(released, changed)
    copy_state_machines(stack.aws, STACK)
    ran = machine.lockstep("run", "dev", "--project", "released")
    assert ran.returncode == 0, ran.stderr
    assert released.ledger() == applied("1_a", "2_b")

    # Nothing is different: nothing is changed.
    same = machine.deploy()
    assert same.returncode == 0, same.stderr
    assert f"Uploaded 0 of {UPLOADS} files" in same.stderr and f"{STACK} is like this already" in same.stderr
    assert layer(stack)[0] == newer


def test_each_crate_that_a_binary_names_is_in_its_bill_of_materials(dist):
    for name, artifact in ({"lockstep": own().triple} | dict.fromkeys(FUNCTIONS, architecture())).items():
        content = (dist.parent / "parts" / own().triple / name).read_bytes()
        # A panic names the file of its crate.
        named = {found.decode() for found in re.findall(rb"/registry/src/[^/]+/([\w.+-]+)/src/", content)}
        components = json.loads((dist / f"{name}-{artifact}.cdx.json").read_text())["components"]
        linked = {f"{one['name']}-{one['version']}" for one in components if one["scope"] == "required"}
        assert len(named) > 30 and named <= linked, named - linked


@pytest.mark.parametrize("name", ["apply-{}.zip", "template.packaged.yaml", "migrate.asl.json"])
def test_a_file_that_is_not_the_released_one_is_refused_by_its_name(machine, stack, name):
    name = name.format(architecture())
    before = stack.client("cloudformation").describe_stacks()["Stacks"]
    machine.write("1_a", "SELECT 1;\n")
    file = machine.dist / name
    file.write_bytes(file.read_bytes() + b"\n")
    refused = machine.deploy()
    assert refused.returncode == 2 and f"{name} is not the file that was released" in refused.stderr, refused.stderr
    assert stack.client("cloudformation").describe_stacks()["Stacks"] == before


def test_a_failure_says_why(machine, stack):
    machine.write("1_a", "SELECT 1;\n")
    machine.settle("wrong-migrations-dev", machine.parameters | {"Project": "wrong", "DatabaseSecurityGroupId": "sg-0123abcd"})
    failed = machine.deploy()
    assert failed.returncode == 1, failed.stderr
    said = failed.stderr.splitlines()[-1]
    assert said.startswith("lockstep: wrong-migrations-dev is ROLLBACK_COMPLETE: ") and "sg-0123abcd" in said, said
    # The next attempt says the way out before anything is uploaded.
    again = machine.deploy()
    assert again.returncode == 2 and "delete the stack" in again.stderr and "Uploaded" not in again.stderr


def test_the_aws_cli_packages_the_template_too(machine, stack):
    """Where the aws CLI is installed, it uploads what is beside the template, and leaves no name of a file in it."""
    aws = shutil.which("aws") or pytest.skip("needs the aws CLI")
    bucket = "packaged-by-the-cli"
    stack.client("s3").create_bucket(Bucket=bucket)
    machine.write("1_a", "SELECT 1;\n")
    (machine.dist / "layer").mkdir()
    shutil.copytree(machine.project / "migrations", machine.dist / "layer" / "migrations")
    settings = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]} | stack.environment()
    command = [aws, "cloudformation", "package", "--template-file", machine.dist / "template.packaged.yaml", "--s3-bucket", bucket]
    packaged = subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout
    assert packaged.count(f"CodeUri: s3://{bucket}/") == len(FUNCTIONS) and re.search(rf"DefinitionUri:\n +Bucket: {bucket}\n +Key: ", packaged)
    assert f"S3Bucket: {bucket}" in packaged and "Content: layer/" not in packaged
    keys = [one["Key"] for one in stack.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    # Two of them are for the Serverless Application Repository.
    assert len(keys) == len(FUNCTIONS) + 4
