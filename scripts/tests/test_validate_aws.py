"""What the tool reports of AWS's validators, and what it asks them. The answers follow the API's model."""

from __future__ import annotations

import json
from contextlib import ExitStack
from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber

from scripts.operate.validate_aws import malformed_definition, unsound_policies

ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:lockstep-migrations-dev"
POLICY = "arn:aws:iam::123456789012:policy/lockstep-migrations-dev/start"
DOCUMENT = {"Version": "2012-10-17", "Statement": []}
CLIENTS = ("stepfunctions", "accessanalyzer", "cloudformation", "iam")


@pytest.fixture
def account():
    """A client of each service, and a stub with each one's answers."""
    keys = {"region_name": "eu-west-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
    clients = {name: boto3.client(name, **keys) for name in CLIENTS}
    with ExitStack() as entered:
        stubs = {name: entered.enter_context(Stubber(client)) for name, client in clients.items()}
        yield SimpleNamespace(client=clients.__getitem__), stubs


def machine(stubs):
    described = {
        "stateMachineArn": ARN, "name": "m", "definition": "{}", "roleArn": ARN, "type": "STANDARD", "creationDate": 0
    }
    stubs["stepfunctions"].add_response("describe_state_machine", described, {"stateMachineArn": ARN})


def validated(stubs, result, *diagnostics):
    asked = {"definition": "{}", "type": "STANDARD"}
    answer = {"result": result, "diagnostics": list(diagnostics)}
    stubs["stepfunctions"].add_response("validate_state_machine_definition", answer, asked)


WRONG = {"severity": "ERROR", "code": "SCHEMA", "message": "There is no state Aply", "location": "/States/Approval"}


def test_the_definition_as_it_is_deployed_is_validated(account):
    session, stubs = account
    machine(stubs)
    # A warning is no reason to refuse the definition.
    validated(stubs, "OK", WRONG | {"severity": "WARNING"})
    assert malformed_definition(session.client("stepfunctions"), ARN) == []


def test_what_is_wrong_with_it_is_named(account):
    session, stubs = account
    machine(stubs)
    validated(stubs, "FAIL", WRONG)
    [problem] = malformed_definition(session.client("stepfunctions"), ARN)
    assert problem == "Step Functions does not take the definition: SCHEMA There is no state Aply (/States/Approval)"


def test_a_missing_permission_is_reported_by_name(account):
    session, stubs = account
    machine(stubs)
    stubs["stepfunctions"].add_client_error("validate_state_machine_definition", "AccessDeniedException")
    [problem] = malformed_definition(session.client("stepfunctions"), ARN)
    assert problem == "The definition could not be validated by AWS: AccessDeniedException"


def deployed(stubs):
    """A stack with a role that has one policy, a policy to attach, and a topic, which has no policy to validate."""
    resources = {"Role": "AWS::IAM::Role", "Start": "AWS::IAM::ManagedPolicy", "Topic": "AWS::SNS::Topic"}
    summaries = [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": POLICY if name == "Start" else name,
            "ResourceType": kind,
            "LastUpdatedTimestamp": 0,
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for name, kind in resources.items()
    ]
    stubs["cloudformation"].add_response("list_stack_resources", {"StackResourceSummaries": summaries}, {"StackName": "stack"})
    iam, text = stubs["iam"], json.dumps(DOCUMENT)
    role = {"Path": "/p/", "RoleName": "Role", "RoleId": "A" * 16, "Arn": POLICY, "CreateDate": 0}
    iam.add_response("get_role", {"Role": role | {"AssumeRolePolicyDocument": text}}, {"RoleName": "Role"})
    iam.add_response("list_role_policies", {"PolicyNames": ["inline"]}, {"RoleName": "Role"})
    asked = {"RoleName": "Role", "PolicyName": "inline"}
    iam.add_response("get_role_policy", asked | {"PolicyDocument": text}, asked)
    iam.add_response("get_policy", {"Policy": {"DefaultVersionId": "v3"}}, {"PolicyArn": POLICY})
    asked = {"PolicyArn": POLICY, "VersionId": "v3"}
    iam.add_response("get_policy_version", {"PolicyVersion": {"Document": text}}, asked)


def analyzed(stubs, kind, *findings):
    asked = {"policyDocument": json.dumps(DOCUMENT), "policyType": kind}
    if kind == "RESOURCE_POLICY":
        asked["validatePolicyResourceType"] = "AWS::IAM::AssumeRolePolicyDocument"
    stubs["accessanalyzer"].add_response("validate_policy", {"findings": list(findings)}, asked)


def finding(kind):
    return {
        "findingType": kind, "issueCode": "INVALID_ACTION", "findingDetails": "No such action.", "learnMoreLink": "",
        "locations": [],
    }


def test_each_policy_is_validated_as_what_it_is(account):
    session, stubs = account
    deployed(stubs)
    analyzed(stubs, "RESOURCE_POLICY", finding("SUGGESTION"))
    analyzed(stubs, "IDENTITY_POLICY", finding("ERROR"))
    analyzed(stubs, "IDENTITY_POLICY", finding("WARNING"), finding("SECURITY_WARNING"))
    said = "Access Analyzer finds INVALID_ACTION: No such action."
    assert unsound_policies(session, "stack") == [f"Role, inline: {said}", f"Start: {said}"]


def test_policies_that_may_not_be_validated_are_named_once(account):
    session, stubs = account
    deployed(stubs)
    analyzed(stubs, "RESOURCE_POLICY")
    stubs["accessanalyzer"].add_client_error("validate_policy", "AccessDeniedException")
    assert unsound_policies(session, "stack") == ["The policies could not be validated by AWS: AccessDeniedException"]
