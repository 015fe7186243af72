"""What scripts/deploy prints about subnets in which no endpoint can be made, on an emulated EC2."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from scripts.operate import deploy, subnets
from scripts.operate.samconfig import NotReady, Settings

REGION = "us-east-1"
SERVICE = f"com.amazonaws.{REGION}.secretsmanager"


def made(account: boto3.session.Session, *zones: str) -> list[str]:
    """Makes subnets in these zones and returns their ids."""
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]


def settings(*names: str, **parameters: str) -> Settings:
    return Settings("shop-migrations-dev", REGION, None, {"SubnetIds": ",".join(names), **parameters})


def test_subnets_of_different_zones_pass(account: boto3.session.Session) -> None:
    assert subnets.check(account, settings(*made(account, "us-east-1a", "us-east-1b"))) is None


def test_two_subnets_of_one_zone_are_named(account: boto3.session.Session) -> None:
    first, other, second = made(account, "us-east-1a", "us-east-1b", "us-east-1a")
    with pytest.raises(NotReady, match=f"{first} and {second} are both in us-east-1a.*SecretsManagerEndpoint=false"):
        subnets.check(account, settings(first, other, second))
    assert subnets.check(account, settings(first, second, SecretsManagerEndpoint="false")) is None


def test_a_subnet_that_is_not_there_is_named(account: boto3.session.Session) -> None:
    with pytest.raises(NotReady, match=r"subnet-0123456789abcdef0.*in us-east-1"):
        subnets.check(account, settings("subnet-0123456789abcdef0"))


def test_nothing_is_built_then(
    account: boto3.session.Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploy, "read", lambda _: settings(*made(account, "us-east-1a", "us-east-1a")))
    monkeypatch.setattr(deploy, "run_sam", lambda *_: pytest.fail("sam is called"))
    assert deploy.main(["dev"]) == 2
    assert "are both in us-east-1a" in capsys.readouterr().err


class Said:
    """A session whose EC2 gives the configured answers."""

    def __init__(self, *answers: tuple[str, dict[str, Any] | str]):
        self._ec2 = boto3.client("ec2", region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")
        stubber = Stubber(self._ec2)
        for operation, answer in answers:
            if isinstance(answer, str):
                stubber.add_client_error(operation, answer, "You are not authorized", 403)
            else:
                stubber.add_response(operation, answer)
        stubber.activate()

    def client(self, _: str) -> Any:
        return self._ec2


SUBNET = {"Subnets": [{"SubnetId": "subnet-1", "AvailabilityZone": "us-east-1e"}]}


def test_a_zone_without_the_service_is_named() -> None:
    services = {"ServiceDetails": [{"ServiceName": SERVICE, "AvailabilityZones": ["us-east-1a", "us-east-1b"]}]}
    said = Said(("describe_subnets", SUBNET), ("describe_vpc_endpoint_services", services))
    with pytest.raises(NotReady, match="subnet-1 is in us-east-1e, where Secrets Manager has no endpoint"):
        subnets.check(said, settings("subnet-1"))


@pytest.mark.parametrize(
    "answers",
    [
        [("describe_subnets", "UnauthorizedOperation")],
        [("describe_subnets", SUBNET), ("describe_vpc_endpoint_services", "UnauthorizedOperation")],
    ],
)
def test_a_missing_permission_is_reported(answers: list[tuple[str, Any]]) -> None:
    assert "can be made in the subnets: You are not authorized" in (subnets.check(Said(*answers), settings("subnet-1")) or "")


def test_another_failure_is_raised_unchanged() -> None:
    with pytest.raises(ClientError):
        subnets.check(Said(("describe_subnets", "RequestLimitExceeded")), settings("subnet-1"))
