"""The emulated AWS account of a stack: its two servers, and the resources that exist before anything is deployed.

One server is moto for Step Functions (see `local.stepfunctions`), the other is ministack for everything else. The
environment that they start with, and that the functions inherit, tells each of them about the other.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import environment, paths, processes
from local.postgres import Connection
from local.wire.steps import Secret

INSTANCE = "lockstep-local"


@dataclass
class Account:
    """The account's values for the template's parameters."""

    vpc_id: str
    subnet_ids: list[str]
    security_group_id: str
    secret_arn: str
    instance: str = INSTANCE


class Aws:
    """The two servers, and clients for them."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.logs = state / "logs"
        self.port = 0
        self.stepfunctions_port = 0
        self._clients: dict[tuple[str, int], Any] = {}

    def start(self, migrations: Path, connection: Connection) -> None:
        """Starts both servers with the environment that functions inherit."""
        self.port, self.stepfunctions_port = processes.free_port(), processes.free_port()
        directory = self.state / "aws"
        # The functions' binaries are unpacked into the temporary directory, so it is one of the stack's own.
        temporary = directory / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        servers = environment.isolated(
            **self.client_environment(),
            PYTHONPATH=str(paths.ROOT),
            MOTO_ACCOUNT_ID=environment.ACCOUNT,
            BIND_HOST="127.0.0.1",
            MINISTACK_HOST="127.0.0.1",
            GATEWAY_PORT=str(self.port),
            TMPDIR=str(temporary),
            STATE_DIR=str(directory),
            S3_DATA_DIR=str(directory / "s3"),
            MIGRATIONS_DIR=str(migrations),
            DATABASE_TLS=connection.tls,
        )
        python = sys.executable
        main = processes.start(
            "The AWS emulator", [python, "-m", "local.aws_server"], self.logs / "aws.log", self.state / "aws.json",
            env=servers, cwd=directory,
        )
        command = [python, "-m", "local.stepfunctions.server", str(self.stepfunctions_port), str(self.port)]
        stepfunctions = processes.start(
            "The Step Functions emulator", command, self.logs / "stepfunctions.log",
            self.state / "stepfunctions.json", env=servers, cwd=directory,
        )
        processes.wait_until_ready(main, lambda: processes.answers(self.port), self.logs / "aws.log")
        processes.wait_until_ready(
            stepfunctions, lambda: processes.answers(self.stepfunctions_port), self.logs / "stepfunctions.log"
        )

    def stop(self) -> None:
        """Stops both servers, and with them the functions, and removes their data. Only the logs stay."""
        for name in ("stepfunctions", "aws"):
            record = self.state / f"{name}.json"
            server = processes.recorded(record)
            if server is not None:
                server.stop()
                record.unlink()
        shutil.rmtree(self.state / "aws", ignore_errors=True)

    def client_environment(self) -> dict[str, str]:
        """Returns the variables that, added to the fake credentials, make a client (an SDK, the aws CLI, SAM) talk to
        this account."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ENDPOINT_URL_SFN": f"http://127.0.0.1:{self.stepfunctions_port}",
        }

    def client(self, service: str, port: int | None = None) -> Any:
        """Returns a boto3 client, which takes nothing from the environment of this process."""
        port = port or (self.stepfunctions_port if service == "stepfunctions" else self.port)
        # To make a client costs a tenth of a second of a processor, and a stack is asked many times a second.
        if (service, port) not in self._clients:
            self._clients[service, port] = environment.client(service, f"http://127.0.0.1:{port}")
        return self._clients[service, port]

    def furnish(self, connection: Connection) -> Account:
        """Makes what an account has before Lockstep is deployed: a network, a database and its secret."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)
        ]
        group = ec2.create_security_group(GroupName="database", Description="The database", VpcId=vpc)["GroupId"]
        secret = self.client("secretsmanager").create_secret(
            Name="lockstep-local-database", SecretString=json.dumps(classic_secret(connection))
        )
        self.client("rds").create_db_instance(
            DBInstanceIdentifier=INSTANCE, DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="postgres", MasterUserPassword="not-used-locally", DBName=connection.database,
            Port=connection.port,
        )
        return Account(vpc, subnets, group, secret["ARN"])

    def describe_instance_as(self, **fields: object) -> None:
        """Makes RDS report other values for the instance, such as `DBInstanceStatus="starting"`. Without fields it
        reports the real values again."""
        told = self.state / "aws" / "database-instance.json"
        fresh = told.with_suffix(".new")
        fresh.write_text(json.dumps(fields))
        fresh.replace(told)


def classic_secret(connection: Connection) -> Secret:
    """Returns the secret's value in the shape that Secrets Manager's own console makes."""
    return {
        "engine": "postgres", "host": connection.host, "port": connection.port,
        "username": connection.user, "password": connection.password, "dbname": connection.database,
    }


