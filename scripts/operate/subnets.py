"""Checks before a deployment that the endpoint can be made in the subnets: CloudFormation would find out late, and undo
all."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError

from scripts.operate import unseen
from scripts.operate.samconfig import NotReady, Settings


def check(session: boto3.session.Session, settings: Settings) -> str | None:
    """Raises `NotReady` for subnets in which no endpoint can be made. Returns why it could not check, else None."""
    wanted = [subnet.strip() for subnet in settings.parameters.get("SubnetIds", "").split(",") if subnet.strip()]
    if settings.parameters.get("SecretsManagerEndpoint", "true") != "true" or not wanted:
        return None
    ec2 = session.client("ec2")
    try:
        subnets = ec2.describe_subnets(SubnetIds=wanted)["Subnets"]
        service = f"com.amazonaws.{settings.region}.secretsmanager"
        [details] = ec2.describe_vpc_endpoint_services(ServiceNames=[service])["ServiceDetails"]
    except ClientError as failure:
        return unseen.explain(failure, "SubnetIds", "subnet", "an endpoint can be made in the subnets", settings.region)
    if wrong := _twice(subnets) or _without(subnets, details["AvailabilityZones"]):
        raise NotReady(
            f"SubnetIds: {wrong}. Give subnets of other zones, or set SecretsManagerEndpoint=false where the subnets reach "
            "Secrets Manager already"
        )
    return None


def _twice(subnets: list[dict[str, Any]]) -> str | None:
    of_zone: dict[str, str] = {}
    for subnet in subnets:
        zone, name = subnet["AvailabilityZone"], subnet["SubnetId"]
        if zone in of_zone:
            return f"{of_zone[zone]} and {name} are both in {zone}, and an endpoint takes one subnet of a zone"
        of_zone[zone] = name
    return None


def _without(subnets: list[dict[str, Any]], zones: list[str]) -> str | None:
    for subnet in subnets:
        if subnet["AvailabilityZone"] not in zones:
            return f"{subnet['SubnetId']} is in {subnet['AvailabilityZone']}, where Secrets Manager has no endpoint"
    return None
