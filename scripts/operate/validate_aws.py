"""Asks AWS's own validators about a deployed stack's definition and policies. The calls change nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

#: The findings of Access Analyzer that are more than style.
_SERIOUS = ("ERROR", "SECURITY_WARNING")

Policy = tuple[str, str, dict[str, Any]]


def malformed_definition(machines: Any, arn: str) -> list[str]:
    """Returns why Step Functions would not accept the machine's definition again. AWS's advice is to rely on the result
    alone."""
    definition = machines.describe_state_machine(stateMachineArn=arn)["definition"]
    try:
        answer = machines.validate_state_machine_definition(definition=definition, type="STANDARD")
    except ClientError as failure:
        return [_not_asked("The definition", failure)]
    if answer["result"] == "OK":
        return []
    found = [f"{one['code']} {one['message']} ({one.get('location', '')})" for one in answer["diagnostics"]]
    return [f"Step Functions does not take the definition: {'; '.join(found)}"]


def unsound_policies(session: boto3.session.Session, stack: str) -> list[str]:
    """Returns Access Analyzer's findings in the stack's policies, as IAM has them."""
    validate = session.client("accessanalyzer").get_paginator("validate_policy").paginate
    problems = []
    for name, kind, document in policies(session, stack):
        # A role's trust policy is a resource policy, which has rules of its own.
        trust = {"validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument"} if kind == "RESOURCE_POLICY" else {}
        try:
            pages = list(validate(policyDocument=json.dumps(document), policyType=kind, **trust))
        except ClientError as failure:
            return [_not_asked("The policies", failure)]
        problems += [
            f"{name}: Access Analyzer finds {finding['issueCode']}: {finding['findingDetails']}"
            for page in pages
            for finding in page["findings"]
            if finding["findingType"] in _SERIOUS
        ]
    return problems


def policies(session: boto3.session.Session, stack: str) -> Iterator[Policy]:
    """Yields the name, the type and the document of each policy of the stack's roles, and of each policy that may be
    attached."""
    iam = session.client("iam")
    for page in session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            name, physical = resource["LogicalResourceId"], resource.get("PhysicalResourceId", "")
            if resource["ResourceType"] == "AWS::IAM::Role":
                yield from _of_role(iam, name, physical)
            elif resource["ResourceType"] == "AWS::IAM::ManagedPolicy":
                version = iam.get_policy(PolicyArn=physical)["Policy"]["DefaultVersionId"]
                found = iam.get_policy_version(PolicyArn=physical, VersionId=version)["PolicyVersion"]
                yield name, "IDENTITY_POLICY", found["Document"]


def _of_role(iam: Any, name: str, role: str) -> Iterator[Policy]:
    yield f"{name}'s trust", "RESOURCE_POLICY", iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for policy in page["PolicyNames"]:
            found = iam.get_role_policy(RoleName=role, PolicyName=policy)
            yield f"{name}, {policy}", "IDENTITY_POLICY", found["PolicyDocument"]


def _not_asked(what: str, failure: ClientError) -> str:
    return f"{what} could not be validated by AWS: {failure.response['Error']['Code']}"
