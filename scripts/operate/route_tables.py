"""Checks before a deployment that S3's gateway endpoint can be added to the route tables: each takes one endpoint of S3."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError

from scripts.operate import unseen
from scripts.operate.samconfig import NotReady, Settings


def check(session: boto3.session.Session, settings: Settings) -> str | None:
    """Raises `NotReady` for a route table that already has an endpoint of S3. Returns why it could not check, or None
    if it could."""
    wanted = [table.strip() for table in settings.parameters.get("S3RouteTableIds", "").split(",") if table.strip()]
    if not wanted:
        return None
    ec2 = session.client("ec2")
    try:
        tables = ec2.describe_route_tables(RouteTableIds=wanted)["RouteTables"]
        of_s3 = {"Name": "service-name", "Values": [f"com.amazonaws.{settings.region}.s3"]}
        endpoints = ec2.describe_vpc_endpoints(Filters=[of_s3, {"Name": "vpc-endpoint-type", "Values": ["Gateway"]}])
    except ClientError as failure:
        looked_for = "the route tables have an endpoint of S3 already"
        return unseen.explain(failure, "S3RouteTableIds", "route table", looked_for, settings.region)
    own = f"{settings.stack}-s3"
    others = {it["VpcEndpointId"] for it in endpoints["VpcEndpoints"] if _name(it) != own}
    for table in tables:
        for route in table.get("Routes", []):
            if route.get("GatewayId") in others:
                raise NotReady(
                    f"S3RouteTableIds: {table['RouteTableId']} leads to S3 already, through {route['GatewayId']}, and takes no "
                    "second endpoint. Leave S3RouteTableIds out, and keep S3PrefixListId"
                )
    return None


def _name(endpoint: dict[str, Any]) -> str | None:
    return next((tag["Value"] for tag in endpoint.get("Tags", []) if tag["Key"] == "Name"), None)
