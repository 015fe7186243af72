"""CloudFormation's status of a stack before its deployment, and the way out where the stack cannot be deployed."""

from __future__ import annotations

import boto3
from botocore.exceptions import ClientError

from scripts.operate.samconfig import NotReady

#: The states after a failed first deployment or a failed deletion. CloudFormation does not change a stack in one of them.
_TO_DELETE = ("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")

#: A change set exists, and nothing of it is deployed. SAM continues from here.
_NOTHING_YET = "REVIEW_IN_PROGRESS"


def status(session: boto3.session.Session, stack: str) -> str | None:
    """Returns the stack's status, or None if there is no stack."""
    try:
        return session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError as failure:
        # CloudFormation's answer if the stack does not exist.
        if failure.response["Error"]["Code"] == "ValidationError":
            return None
        raise


def check(status: str | None, stack: str, region: str) -> None:
    """Raises `NotReady` for a stack that CloudFormation would refuse to change."""
    command = f"--stack-name {stack} --region {region}"
    if status in _TO_DELETE:
        raise NotReady(
            f"{stack} is {status}, and cannot be updated. Read why (aws cloudformation describe-stack-events {command}), "
            f"fix the cause, delete the stack (aws cloudformation delete-stack {command}), and deploy again"
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        raise NotReady(
            f"{stack} is {status}. Read why (aws cloudformation describe-stack-events {command}), fix the cause, let the rollback "
            f"go on (aws cloudformation continue-update-rollback {command}; with --role-arn where the stack's role lacks a "
            "right, see docs/github.md), and deploy again"
        )
    if status and status.endswith("_IN_PROGRESS") and status != _NOTHING_YET:
        raise NotReady(f"{stack} is {status}: another deployment is at work. Wait for its end, and deploy again")


def rolled_back(status: str | None) -> bool:
    """Returns whether the last update of the stack was undone. The versions that it published stay, and no version is
    published twice."""
    return status is not None and status.startswith("UPDATE_ROLLBACK")
