"""A stack in a real AWS account, with the interface of a local one."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

from local.deploy import Deployment
from local.stack import Stack


class Account(Stack):
    """Has only what works through AWS's own API: no database, no mailbox, no setters."""

    def __init__(self) -> None:
        """Starts nothing: the stack exists, and Region and credentials are the caller's."""

    def client(self, service: str) -> Any:
        return boto3.client(service, config=Config(retries={"max_attempts": 10, "mode": "standard"}))

    def credentials(self, key: str = "") -> Credentials:
        """Returns the caller's own credentials. The key is ignored."""
        found = boto3.session.Session().get_credentials()
        assert found is not None
        return found.get_frozen_credentials()

    def find(self, stack: str) -> Deployment:
        """Returns the deployment of a CloudFormation stack."""
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        return Deployment(stack, stack.rsplit("-", 1)[1], outputs, outputs["StateMachineArn"])
