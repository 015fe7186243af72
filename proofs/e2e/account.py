"""A stack in a real AWS account, asked the same questions as a local one."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from local.deploy import Deployment
from local.stack import Stack
from scripts.operate.target import Target


class Account(Stack):
    """Only what goes through AWS's own API is there: no database, no mailbox, nothing to set."""

    def __init__(self) -> None:
        """Nothing to start: the stack exists, and region and credentials are the caller's."""

    def client(self, service: str) -> Any:
        return boto3.client(service, config=Config(retries={"max_attempts": 10, "mode": "standard"}))

    def target(self, deployment: Deployment, key: str = "") -> Target:
        """Whatever the key, it is the caller's own credentials that sign."""
        return Target(deployment.environment, deployment.stack, session=boto3.session.Session())

    def find(self, stack: str) -> Deployment:
        """The deployment of a CloudFormation stack."""
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        return Deployment(stack, stack.rsplit("-", 1)[1], outputs, outputs["StateMachineArn"])
