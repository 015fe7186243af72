"""Runs the end-to-end tests against a stack that is deployed on AWS, with a database that may be thrown away.

The tests apply this repository's migrations to the database, which has to be empty, and stop executions. So they run
only against an instance that carries the tag `throw-away` with the value `true`. What only a real account can show is
checked first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from scripts.operate.arguments import Parser
from scripts.operate.deploy import github_stack, outputs_of, roles_for_github, unconfirmed
from scripts.operate.errors import EXPECTED, explain
from scripts.operate.paths import ROOT
from scripts.operate.samconfig import NotReady, Settings, read
from scripts.operate.target import ENVIRONMENTS, STEPS
from scripts.operate.terminal import Terminal
from scripts.operate.validate_aws import malformed_definition, unsound_policies

TAG = ("throw-away", "true")

#: The settings that a function's newest version must share with the function itself.
_SETTINGS = ("CodeSha256", "Environment", "KMSKeyArn", "MemorySize", "Timeout")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = Parser(
        prog="scripts/verify-aws",
        description="Runs the end-to-end tests against an environment that scripts/deploy has deployed to AWS. "
        "They migrate its database, which has to be empty; the RDS instance must carry the tag throw-away=true.",
    )
    parser.add_argument("environment", choices=ENVIRONMENTS)
    parser.add_argument("pytest", nargs="*", help="passed on to pytest, after --")
    options = parser.parse_args(arguments)
    terminal = Terminal(sys.stderr)
    try:
        settings = read(options.environment)
    except NotReady as failure:
        terminal.line(f"verify-aws: {failure}", "red")
        return 2
    try:
        session = boto3.session.Session(region_name=settings.region, profile_name=settings.profile)
        problems = check(session, settings)
    except NotReady as failure:
        terminal.line(f"verify-aws: {failure}", "red")
        return 2
    except EXPECTED as failure:
        terminal.line(f"verify-aws: {explain(failure, settings.stack, settings.region)}", "red")
        return 1
    for problem in problems:
        terminal.line(f"✗ {problem}", "red")
    # The tests' clients have no other way to know the values of samconfig.toml.
    account = {"AWS_REGION": settings.region, "AWS_DEFAULT_REGION": settings.region, "AWS_PROFILE": settings.profile}
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "proofs/e2e", "--stack", settings.stack, *options.pytest],
        cwd=ROOT,
        env=os.environ | {name: value for name, value in account.items() if value},
        check=False,
    )
    return tests.returncode or int(bool(problems))


def check(session: boto3.session.Session, settings: Settings) -> list[str]:
    """Returns what is wrong with the deployed stack. Raises `NotReady` if the tests must not run against it."""
    instance = settings.parameters["DatabaseInstance"]
    described = session.client("rds").describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]
    if TAG not in [(tag["Key"], tag["Value"]) for tag in described.get("TagList", [])]:
        raise NotReady(
            f"The tests migrate the database, and the instance {instance} is not tagged {'='.join(TAG)}. "
            "Deploy against an instance that may be thrown away, and tag that one."
        )
    outputs = outputs_of(session, settings.stack)
    problems = stale_versions(session, settings.stack)
    problems += malformed_definition(session.client("stepfunctions"), outputs["StateMachineArn"])
    problems += unsound_policies(session, settings.stack)
    if roles_for_github(session, settings.stack, must_see=True):
        problems += unsound_policies(session, github_stack(settings.stack))
    if unconfirmed(session, outputs["TopicArn"]):
        problems.append("The mail subscription is not confirmed, so no mail can arrive")
    bucket = outputs["ReportsBucketName"]
    problems += unprotected_reports(session.client("s3"), bucket)
    problems += admitted_to_reports(session.client("s3", config=Config(signature_version=UNSIGNED)), bucket, "unsigned requests")
    problems += admitted_to_reports(session.client("s3", use_ssl=False), bucket, "requests without TLS")
    return problems


def unprotected_reports(s3: Any, bucket: str) -> list[str]:
    """Returns the protections that S3 itself says the reports' bucket lacks."""
    blocked = _setting(s3.get_public_access_block, bucket, "PublicAccessBlockConfiguration")
    encryption = _setting(s3.get_bucket_encryption, bucket, "ServerSideEncryptionConfiguration")
    kept = {
        "private": len(blocked) == 4 and all(blocked.values()),
        "encrypted": bool(encryption.get("Rules")),
        "versioned": s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled",
    }
    return [f"The bucket of the reports is not {quality}: {bucket}" for quality, is_so in kept.items() if not is_so]


def admitted_to_reports(s3: Any, bucket: str, who: str) -> list[str]:
    """Returns a problem if S3 lets the client look for a report. S3 refuses a client without permission even if no
    report exists."""
    try:
        s3.get_object(Bucket=bucket, Key="reports/none/report.html")
    except ClientError as failure:
        if failure.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return []
    return [f"The bucket of the reports admits {who}: {bucket}"]


def _setting(ask: Any, bucket: str, name: str) -> dict[str, Any]:
    try:
        return ask(Bucket=bucket)[name]
    except ClientError as failure:
        # S3's answer if the setting does not exist.
        if failure.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return {}
        raise


def stale_versions(session: boto3.session.Session, stack: str) -> list[str]:
    """Returns the functions whose newest version differs from the function as last deployed."""
    functions = session.client("lambda")
    problems = []
    for step in STEPS:
        name = f"{stack}-{step}"
        latest, live = (_configuration(functions, name, qualifier) for qualifier in ("$LATEST", "live"))
        different = [part for part, value in latest.items() if live[part] != value]
        if different:
            problems.append(f"{name}: the version that runs was published before {', '.join(different)} changed")
    return problems


def _configuration(functions: Any, name: str, qualifier: str) -> dict[str, Any]:
    found = functions.get_function_configuration(FunctionName=name, Qualifier=qualifier)
    network = found.get("VpcConfig") or {}
    return {part: found.get(part) for part in _SETTINGS} | {
        "Layers": [layer["Arn"] for layer in found.get("Layers", [])],
        "SecurityGroupIds": sorted(network.get("SecurityGroupIds", [])),
        "SubnetIds": sorted(network.get("SubnetIds", [])),
    }
