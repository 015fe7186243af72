"""What scripts/deploy prints about route tables that lead to S3 already, on an emulated EC2."""

from __future__ import annotations

import boto3
import pytest

from scripts.operate import route_tables
from scripts.operate.samconfig import NotReady, Settings

REGION = "us-east-1"


@pytest.fixture
def tables(account: boto3.session.Session) -> tuple[str, list[str]]:
    """A VPC with two route tables."""
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return vpc, [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]


def settings(*tables: str) -> Settings:
    return Settings("shop-migrations-dev", REGION, None, {"S3RouteTableIds": ",".join(tables)})


def add_endpoint(account: boto3.session.Session, vpc: str, table: str, name: str) -> str:
    """Adds an endpoint of S3 to the route table, with its route, which the emulation does not make. Returns its id."""
    ec2 = account.client("ec2")
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway", RouteTableIds=[table],
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": name}]}],
    )["VpcEndpoint"]["VpcEndpointId"]
    [prefixes] = ec2.describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    )["PrefixLists"]
    ec2.create_route(RouteTableId=table, DestinationPrefixListId=prefixes["PrefixListId"], GatewayId=endpoint)
    return endpoint


def test_none_are_given(account: boto3.session.Session) -> None:
    assert route_tables.check(account, settings()) is None


def test_tables_without_an_endpoint_pass(account: boto3.session.Session, tables: tuple[str, list[str]]) -> None:
    assert route_tables.check(account, settings(*tables[1])) is None


def test_anothers_endpoint_is_named_with_its_table(account: boto3.session.Session, tables: tuple[str, list[str]]) -> None:
    vpc, (first, second) = tables
    endpoint = add_endpoint(account, vpc, second, "the-network-teams")
    with pytest.raises(NotReady, match=f"{second} leads to S3 already, through {endpoint}.*Leave S3RouteTableIds out"):
        route_tables.check(account, settings(first, second))
    assert route_tables.check(account, settings(first)) is None


def test_the_stacks_own_passes(account: boto3.session.Session, tables: tuple[str, list[str]]) -> None:
    vpc, (first, _) = tables
    add_endpoint(account, vpc, first, "shop-migrations-dev-s3")
    assert route_tables.check(account, settings(first)) is None


def test_a_table_that_is_not_there_is_named(account: boto3.session.Session) -> None:
    with pytest.raises(NotReady, match=r"rtb-0123456789abcdef0.*in us-east-1"):
        route_tables.check(account, settings("rtb-0123456789abcdef0"))
