"""The checks on AWS before the tests run there. The answers are those of S3's documentation."""

from __future__ import annotations

from unittest.mock import MagicMock

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from scripts.operate import deploy, verify_aws
from scripts.operate.samconfig import NotReady, Settings
from scripts.operate.verify_aws import admitted_to_reports, unprotected_reports

BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
RULES = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]


@pytest.fixture
def s3():
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        yield client, stub


def answers(stub, block, rules, versioning):
    stub.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": block})
    if rules:
        stub.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": rules}})
    else:
        code = "ServerSideEncryptionConfigurationNotFoundError"
        stub.add_client_error("get_bucket_encryption", code, http_status_code=404)
    stub.add_response("get_bucket_versioning", versioning)


def test_a_bucket_as_it_was_deployed(s3):
    client, stub = s3
    answers(stub, dict.fromkeys(BLOCK, True), RULES, {"Status": "Enabled"})
    assert unprotected_reports(client, "bucket") == []


@pytest.mark.parametrize(
    ("block", "rules", "versioning", "missing"),
    [
        (dict.fromkeys(BLOCK, True) | {"BlockPublicPolicy": False}, RULES, {"Status": "Enabled"}, "private"),
        (dict.fromkeys(BLOCK[:3], True), RULES, {"Status": "Enabled"}, "private"),
        (dict.fromkeys(BLOCK, True), [], {"Status": "Enabled"}, "encrypted"),
        (dict.fromkeys(BLOCK, True), RULES, {"Status": "Suspended"}, "versioned"),
        (dict.fromkeys(BLOCK, True), RULES, {}, "versioned"),
    ],
)
def test_each_missing_protection_is_named(s3, block, rules, versioning, missing):
    client, stub = s3
    answers(stub, block, rules, versioning)
    assert unprotected_reports(client, "bucket") == [f"The bucket of the reports is not {missing}: bucket"]


def test_a_bucket_that_admits_a_client_is_named(s3):
    client, stub = s3
    stub.add_client_error("get_object", "AccessDenied", http_status_code=403)
    assert admitted_to_reports(client, "bucket", "unsigned requests") == []
    stub.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    assert admitted_to_reports(client, "bucket", "unsigned requests") == ["The bucket of the reports admits unsigned requests: bucket"]


LOOKS = ("stale_versions", "malformed_definition", "unsound_policies", "unprotected_reports", "admitted_to_reports")


TAGGED = [{"Key": "throw-away", "Value": "true"}]


def looked_at(monkeypatch, tags, roles=()):
    session, settings = MagicMock(), Settings("stack", "eu-west-1", None, {"DatabaseInstance": "app"})
    session.client.return_value.describe_db_instances.return_value = {"DBInstances": [{"TagList": tags}]}
    outputs = {"TopicArn": "topic", "ReportsBucketName": "bucket", "StateMachineArn": "machine"}
    monkeypatch.setattr(verify_aws, "outputs_of", lambda *_: outputs)
    monkeypatch.setattr(verify_aws, "roles_for_github", lambda *_, must_see: dict.fromkeys(roles, "arn") if must_see else {})
    monkeypatch.setattr(verify_aws, "unconfirmed", lambda *_: False)
    for name in LOOKS:
        monkeypatch.setattr(verify_aws, name, lambda *_, name=name: [name])
    return verify_aws.check(session, settings)


def test_what_each_look_finds_is_told(monkeypatch):
    assert set(looked_at(monkeypatch, TAGGED)) == set(LOOKS)


def test_the_roles_for_github_are_looked_at_too(monkeypatch):
    without = looked_at(monkeypatch, TAGGED).count("unsound_policies")
    assert (without, looked_at(monkeypatch, TAGGED, ["GitHubRunnerRoleArn"]).count("unsound_policies")) == (1, 2)


def test_roles_that_may_not_be_looked_at_are_not_taken_for_absent(monkeypatch):
    def refuse(code):
        def outputs_of(*_):
            raise ClientError({"Error": {"Code": code}}, "DescribeStacks")

        monkeypatch.setattr(deploy, "outputs_of", outputs_of)
        return deploy.roles_for_github(MagicMock(), "stack", must_see=True)

    assert not refuse("ValidationError")
    with pytest.raises(ClientError, match="AccessDenied"):
        refuse("AccessDenied")


def test_a_database_that_is_not_tagged_is_left_alone(monkeypatch):
    with pytest.raises(NotReady, match="not tagged throw-away=true"):
        looked_at(monkeypatch, [{"Key": "throw-away", "Value": "false"}])
