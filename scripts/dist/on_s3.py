"""Copies of a release in S3, in each Region that is served: Lambda takes code from its own Region alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from samtranslator.yaml_helper import yaml_parse

from scripts.dist.parts import Unfit
from scripts.dist.release import Packed, version_of
from scripts.setup import ROOT


def regions() -> list[str]:
    """Returns the Regions to which the template can be deployed."""
    [assertion] = yaml_parse((ROOT / "template.yaml").read_text())["Rules"]["ServedRegion"]["Assertions"]
    return assertion["Assert"]["Fn::Contains"][0]


def copy(packed: Packed, tag: str, bucket: str, wanted: list[str]) -> Iterator[str]:
    """Copies a release into the Regions' buckets, which are named `<bucket>-<region>`. Yields what was done.

    An object is never replaced. Raises `Unfit` if there is another one already, after all Regions were tried.
    """
    if not bucket:
        raise Unfit("no bucket is named: give --bucket the part of the buckets' names before the Region")
    prefix = f"lockstep/v{version_of(tag)}"
    failures = []
    for region in wanted:
        try:
            client = boto3.client("s3", region_name=region)
            new = sum(_put(client, f"{bucket}-{region}", f"{prefix}/{path.name}", path.read_bytes()) for path in packed.files)
            yield f"s3://{bucket}-{region}/{prefix}/: {new} of {len(packed.files)} files are new"
        except (ClientError, BotoCoreError, Unfit) as failure:
            failures.append(f"{region}: {failure}")
    if failures:
        raise Unfit("; ".join(failures))


def _put(client: Any, bucket: str, key: str, content: bytes) -> bool:
    """Returns whether the object is new. Raises `Unfit` if another one is there."""
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    try:
        client.put_object(Bucket=bucket, Key=key, Body=content, ChecksumSHA256=digest, IfNoneMatch="*")
        return True
    except ClientError as refused:
        if refused.response["Error"]["Code"] not in ("PreconditionFailed", "412"):
            raise
    if client.get_object(Bucket=bucket, Key=key)["Body"].read() != content:
        raise Unfit(f"{key} is another file there, and is never replaced: give the release another version")
    return False
