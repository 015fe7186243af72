"""A stack in a real AWS account, with the interface of a local one."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

from local.deploy import Deployment
from local.stack import Stack

#: The tag of an instance whose database the tests may migrate.
TAG = ("throw-away", "true")


class NotThrowAway(RuntimeError):
    """The tests must not touch this stack's database; the message names the instance and the way out."""


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
        """Returns the deployment of a CloudFormation stack, if its database may be thrown away."""
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        given = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in described["Parameters"]}
        self._check_tag(given["DatabaseInstance"])
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        return Deployment(stack, stack.rsplit("-", 1)[1], outputs, outputs["StateMachineArn"])

    def _check_tag(self, instance: str) -> None:
        found = self.client("rds").describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]
        if TAG not in [(tag["Key"], tag["Value"]) for tag in found.get("TagList", [])]:
            raise NotThrowAway(
                f"The tests migrate the database, and the instance {instance} is not tagged {'='.join(TAG)}. "
                "Deploy against an instance that may be thrown away, and tag that one."
            )
