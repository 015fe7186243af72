"""What CloudFormation's role may and must not do in the VPC: requests, as IAM gets them from EC2.

Policies recognise security groups and endpoints by their tag Name. CloudFormation sets the tag at the creation, or it
creates first, closes a group and only then sets the tag. Both orders have to work, and neither may reach another
stack's resources.
"""

from __future__ import annotations

from collections.abc import Iterator

from proofs.lint.deployed import Deployed
from proofs.lint.resolve import REGION, arn

#: An action, a resource, and the context that EC2 passes to IAM.
Asked = tuple[str, str, dict[str, str]]

_CLOSE = ("AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress")
_ADMIT = ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress")
_TEXTS = ("UpdateSecurityGroupRuleDescriptionsEgress", "UpdateSecurityGroupRuleDescriptionsIngress")
_TAGS = ("CreateTags", "DeleteTags")
_OF_GROUP = (*_CLOSE, *_ADMIT, *_TEXTS, *_TAGS, "DeleteSecurityGroup")
_OF_ENDPOINT = ("ModifyVpcEndpoint", *_TAGS, "DeleteVpcEndpoints")

_GROUP, _ENDPOINT = arn("ec2", "security-group/sg-0"), arn("ec2", "vpc-endpoint/vpce-0")
_SUBNET, _ROUTES = arn("ec2", "subnet/subnet-0"), arn("ec2", "route-table/rtb-0")
_OTHER_VPC = arn("ec2", "vpc/vpc-9")


def own(stack: Deployed) -> Iterator[Asked]:
    """Yields the requests that must work: the life of a group and of an endpoint, in both orders."""
    vpc, name = _vpc(stack), f"{stack.names['AWS::StackName']}-0"
    for with_name in (True, False):
        given = _given(name) if with_name else {}
        yield _ask("CreateSecurityGroup", vpc)
        yield _ask("CreateSecurityGroup", _GROUP, given)
        if with_name:
            yield _ask("CreateTags", _GROUP, given | {"ec2:CreateAction": "CreateSecurityGroup"})
        for action in _CLOSE:
            yield _ask(action, _GROUP, _in(vpc) | (_named(name) if with_name else {}))
        yield _ask("CreateTags", _GROUP, _in(vpc) | _given(name))
        for service in ("secretsmanager", "s3"):
            for place in (vpc, _SUBNET, _ROUTES):
                yield _ask("CreateVpcEndpoint", place)
            yield _ask("CreateVpcEndpoint", _GROUP, _named(name))
            yield _ask("CreateVpcEndpoint", _ENDPOINT, given | _serves(service))
        if with_name:
            yield _ask("CreateTags", _ENDPOINT, given | {"ec2:CreateAction": "CreateVpcEndpoint"})
        yield _ask("CreateTags", _ENDPOINT, _given(name))
    for action in _OF_GROUP:
        yield _ask(action, _GROUP, _in(vpc) | _named(name))
    for action in _OF_ENDPOINT:
        yield _ask(action, _ENDPOINT, _named(name))
    for place in (_SUBNET, _ROUTES):
        yield _ask("ModifyVpcEndpoint", place)


def foreign(stack: Deployed) -> Iterator[Asked]:
    """Yields the requests that must not work. Their resource has another stack's name, is in another VPC, or has no
    name and was not just created."""
    vpc, name = _vpc(stack), f"{stack.names['AWS::StackName']}-0"
    yield _ask("CreateSecurityGroup", _OTHER_VPC)
    yield _ask("CreateVpcEndpoint", _OTHER_VPC)
    yield _ask("CreateSecurityGroup", _GROUP, _given("other"))
    yield _ask("CreateVpcEndpoint", _ENDPOINT, _given("other") | _serves("s3"))
    for tags in ({}, _given(name)):
        yield _ask("CreateVpcEndpoint", _ENDPOINT, tags | _serves("kms"))
        yield _ask("CreateTags", _GROUP, tags | _in(vpc) | _named("other"))
        yield _ask("CreateTags", _ENDPOINT, tags | _named("other"))
    for action in _OF_GROUP:
        yield _ask(action, _GROUP, _in(vpc) | _named("other"))
        yield _ask(action, _GROUP, _in(_OTHER_VPC) | _given(name))
        if action not in _CLOSE:
            yield _ask(action, _GROUP, _in(vpc))
    yield _ask("CreateTags", _GROUP, _in(vpc) | _given("other"))
    yield _ask("CreateTags", _GROUP, _given(name))
    yield _ask("CreateTags", _ENDPOINT, _given("other"))
    yield _ask("CreateTags", _GROUP, _in(vpc) | {"ec2:CreateAction": "RunInstances"})
    for action in _OF_ENDPOINT:
        yield _ask(action, _ENDPOINT, _named("other"))
        yield _ask(action, _ENDPOINT)


def _ask(action: str, resource: str, context: dict[str, str] | None = None) -> Asked:
    return f"ec2:{action}", resource, context or {}


def _vpc(stack: Deployed) -> str:
    return arn("ec2", f"vpc/{stack.names['VpcId']}")


def _in(vpc: str) -> dict[str, str]:
    return {"ec2:Vpc": vpc}


def _given(name: str) -> dict[str, str]:
    return {"aws:RequestTag/Name": name}


def _named(name: str) -> dict[str, str]:
    return {"aws:ResourceTag/Name": name}


def _serves(service: str) -> dict[str, str]:
    return {"ec2:VpceServiceName": f"com.amazonaws.{REGION}.{service}"}
