"""Statements without an effect, planted in the template: each is found."""

from __future__ import annotations

import pytest

from proofs.lint import authorization
from proofs.lint.tests.faulty import Fault, added, changed, stacks_with

_GROUP = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-0"
_LOGS = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/a"


def test_the_template_is_right():
    assert authorization.problems() == []


def _allows(action: str | list[str], resource: str | list[str], **condition: dict[str, str]) -> Fault:
    return added("PlanFunctionRole", Action=action, Resource=resource, **({"Condition": condition} if condition else {}))


FAULTS: dict[str, tuple[Fault, str]] = {
    "a resource for an action without one": (
        _allows("logs:DescribeIndexPolicies", _LOGS),
        f"dev: PlanFunctionRole Added: logs:DescribeIndexPolicies has no effect on {_LOGS}",
    ),
    "one of several": (_allows(["logs:PutRetentionPolicy", "logs:DescribeLogGroups"], _LOGS), "logs:DescribeLogGroups has no"),
    "a resource of another kind": (_allows("ec2:CreateVpcEndpoint", f"{_GROUP}".replace("security-group", "volume")), "has no"),
    "an object for a bucket": (_allows("s3:ListBucket", "arn:aws:s3:::a/*"), "s3:ListBucket has no effect on arn:aws:s3:::a/*"),
    "a bucket for its objects": (_allows("s3:GetObject", "arn:aws:s3:::a"), "s3:GetObject has no effect on arn:aws:s3:::a"),
    "a resource that no action takes": (
        _allows("ec2:DeleteSecurityGroup", [_GROUP, "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0"]),
        "none of the actions takes arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0",
    ),
    "a pattern of which nothing is left": (_allows("sns:ListTop*", "arn:aws:sns:us-east-1:123456789012:a"), "sns:ListTop* has no"),
    "a word that is no action": (_allows("s3:ListObjects", "*"), "s3:ListObjects is no action of AWS's"),
    "a service that is none": (_allows("ess3:GetObject", "*"), "ess3:GetObject is no action of AWS's"),
    "a condition that is never known": (
        _allows("ec2:CreateSecurityGroup", _GROUP, ArnEquals={"ec2:Vpc": "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0"}),
        "ec2:CreateSecurityGroup does not know the condition ec2:vpc",
    ),
    "a condition that is not known for such a resource": (
        _allows("ec2:CreateTags", _GROUP.replace("security-group", "vpc-endpoint"), Null={"ec2:Vpc": "true"}),
        "no action knows the condition ec2:vpc",
    ),
    "a tag of what does not exist yet": (
        changed("CloudFormationServiceRole", "CreateGroups", Condition={"StringLike": {"aws:ResourceTag/Name": "a"}}),
        "ec2:CreateSecurityGroup does not know the condition aws:resourcetag/name",
    ),
    "an endpoint's policy": (
        lambda template: [
            one["Properties"]["PolicyDocument"]["Statement"][0].update(Action="s3:ListBucket")
            for one in template["Resources"].values()
            if one["Type"] == "AWS::EC2::VPCEndpoint"
        ],
        "ReportsGoOut: s3:ListBucket has no effect",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_statement_without_an_effect_is_found(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(authorization, "ENVIRONMENTS", ("dev",))
    fault, expected = FAULTS[name]
    assert any(expected in problem for problem in authorization.problems(stacks_with(fault)))


@pytest.mark.parametrize(
    ("action", "resources", "expected"),
    [
        ("logs:PutLogEvents", f"{_LOGS}:*", True),
        ("logs:PutLogEvents", _LOGS, False),
        ("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:a:live", True),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/path/a", True),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:policy/path/a", False),
        ("states:SendTaskSuccess", "*", True),
        ("rds:DescribeDBInstances", ["x", "arn:aws:rds:us-east-1:123456789012:db:a"], True),
        ("s3:REST.PUT.OBJECT", "x", True),
    ],
)
def test_what_a_resource_is_for(action: str, resources: str | list[str], expected: bool):
    assert authorization.applies(action, resources) is expected
