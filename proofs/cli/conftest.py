"""The command, an emulated account, and a project with a samconfig.toml of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pty
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from local import environment, paths, processes
from proofs.harness import build

REGION = environment.REGION


@pytest.fixture(scope="session")
def binary() -> Path:
    """The command."""
    return build.binaries("lockstep") / "lockstep"


@dataclass
class Account:
    """An emulated account. The command reaches it through a door that can refuse what a policy would refuse."""

    port: int
    door: int = 0
    #: The actions that are refused, such as `DescribeSubnets`.
    refused: set[str] = field(default_factory=set)
    #: What is said in place of something else, since the emulator passes through few states of a stack.
    instead: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    #: The actions that the command has asked for.
    asked: set[str] = field(default_factory=set)
    #: What is done before S3's answer to an action is sent. It may return another status and body in place of the answer. A
    #: `ConnectionError` loses the answer.
    before_answer: dict[str, Callable[[], tuple[int, bytes] | None]] = field(default_factory=dict)
    #: The headers of the last request of each action of S3's.
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """The variables that lead the command there."""
        return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.door}"}

    def client(self, service: str) -> Any:
        """Returns a client that nothing is refused to."""
        # To make a client takes longer than to use it.
        if service not in self.clients:
            self.clients[service] = environment.client(service, f"http://127.0.0.1:{self.port}")
        return self.clients[service]

    def empty(self) -> None:
        """Takes everything out of the account."""
        self.refused, self.instead, self.asked, self.before_answer, self.headers = set(), {}, set(), {}, {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == 200
        connection.close()

    def pass_on(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Returns S3's answer to a request: its status, its body and its headers."""
        action = "ListObjectsV2" if "list-type=2" in path else f"{method.title()}Object"
        self.asked.add(action)
        self.headers[action] = {name.lower(): value for name, value in headers.items()}
        if action in self.refused:
            return 403, b"" if method == "HEAD" else b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>", {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, dict(headers))
        answered = connection.getresponse()
        content = answered.read()
        connection.close()
        if other := self.before_answer.get(action, lambda: None)():
            return *other, {}
        return answered.status, content, {name.lower(): value for name, value in answered.headers.items()}

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Returns the answer to a request: its status and its body."""
        target = headers.get("x-amz-target", "").rpartition(".")[2]
        [action] = parse_qs(body.decode()).get("Action", [target])
        self.asked.add(action)
        if action in self.refused:
            told = f"You are not authorized to perform {action}"
            if target:
                return 400, json.dumps({"__type": "AccessDeniedException", "message": told}).encode()
            if action in _OF_EC2:
                error = f"<Error><Code>UnauthorizedOperation</Code><Message>{told}</Message></Error>"
                return 403, f"<Response><Errors>{error}</Errors></Response>".encode()
            error = f"<Error><Code>AccessDenied</Code><Message>{told}</Message></Error>"
            return 403, f"<ErrorResponse>{error}</ErrorResponse>".encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        # Of another host the emulator takes the first part for the bucket of the template.
        body = body.replace(b"TemplateURL=http%3A%2F%2F127.0.0.1%3A", b"TemplateURL=http%3A%2F%2Flocalhost%3A")
        connection.request("POST", "/", body, dict(headers) | {"content-length": str(len(body))})
        answered = connection.getresponse()
        text = answered.read().decode()
        connection.close()
        for said, other in self.instead.items():
            text = text.replace(said, other)
        return answered.status, text.encode()


_OF_EC2 = {
    "DescribeSubnets", "DescribeRouteTables", "DescribeNatGateways", "DescribeVpcEndpoints", "DescribeVpcEndpointServices",
    "DescribeSecurityGroups", "DescribeManagedPrefixLists",
}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account, served by moto."""
    made = Account(processes.free_port())
    directory = tmp_path_factory.mktemp("moto")
    log = directory / "moto.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(made.port)]
    server = processes.start("moto", command, log, directory / "moto.json", env=environment.isolated())

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = made.answer(dict(self.headers.items()), body)
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            try:
                status, answer, headers = made.pass_on(self.command, self.path, dict(self.headers.items()), body)
            except ConnectionError:
                self.close_connection = True
                return
            self.send_response(status)
            for name in ("content-length", "etag", "last-modified"):
                if name in headers:
                    self.send_header(name, headers[name])
            if "content-length" not in headers:
                self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else answer)

        do_HEAD = do_GET = do_PUT

        def log_message(self, *_: object) -> None:
            pass

    try:
        processes.wait_until_ready(server, lambda: processes.answers(made.port), log)
        with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
            made.door = door.server_port
            threading.Thread(target=door.serve_forever, args=(0.05,), daemon=True).start()
            yield made
            door.shutdown()
    finally:
        server.stop()


@pytest.fixture
def account(served: Account) -> Account:
    """An account with nothing in it."""
    served.empty()
    return served


@dataclass
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str


class Project:
    """A checkout with what the commands read of one."""

    def __init__(self, root: Path, binary: Path, account: Account) -> None:
        self.root = root
        self.samconfig = root / "samconfig.toml"
        self._binary = binary
        self._account = account
        shutil.copy(paths.TEMPLATE, root)
        # The search for samconfig.toml ends at a repository's root.
        (root / ".git").mkdir()

    def lockstep(self, *arguments: str, **more: str) -> Ran:
        """Runs the command in the project, with the account's credentials and without a terminal."""
        settings = environment.isolated(**self._account.settings) | more
        ran = subprocess.run(
            [self._binary, *arguments], cwd=self.root, env=settings,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def at_a_terminal(self, *arguments: str, answers: list[str]) -> tuple[int, str]:
        """Runs the command at a terminal, where each question gets the next of these answers. Returns the exit status and what is shown."""
        ours, its = pty.openpty()
        settings = environment.isolated(**self._account.settings, TERM="dumb")
        process = subprocess.Popen([self._binary, *arguments], cwd=self.root, env=settings, stdin=its, stdout=its, stderr=its)
        os.close(its)
        left = list(answers)
        shown = b""
        # The terminal of a program that has ended cannot be read.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 65536):
                shown += part
                # The command throws away what was typed before its question.
                if left and shown.endswith((b"] ", b": ")):
                    os.write(ours, f"{left.pop(0)}\n".encode())
        os.close(ours)
        return process.wait(timeout=60), shown.decode()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts the command in a session of its own, so that a signal can be sent to it and its children."""
        return subprocess.Popen(
            [self._binary, *arguments], cwd=self.root, env=environment.isolated(**self._account.settings),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )


@pytest.fixture
def project(tmp_path: Path, binary: Path, account: Account) -> Project:
    """A project without a samconfig.toml."""
    root = tmp_path / "project"
    root.mkdir()
    return Project(root, binary, account)


@dataclass
class Network:
    """A VPC with two private subnets in two zones, and a database there."""

    vpc: str
    subnets: list[str]
    table: str
    group: str
    secret: str


@pytest.fixture
def network(account: Account) -> Network:
    """What a newcomer has who followed the guide."""
    return make_network(account)


def make_network(account: Account, **database: Any) -> Network:
    """Makes the network, and an instance that RDS manages a secret for."""
    ec2, rds = account.client("ec2"), account.client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    group = ec2.create_security_group(GroupName="database", Description="The database", VpcId=vpc)["GroupId"]
    rds.create_db_subnet_group(DBSubnetGroupName="private", DBSubnetGroupDescription="private", SubnetIds=subnets)
    options: dict[str, Any] = {
        "Engine": "postgres", "DBName": "app", "Port": 5433, "VpcSecurityGroupIds": [group], "ManageMasterUserPassword": True,
    }
    rds.create_db_instance(
        DBInstanceIdentifier="app-db", DBInstanceClass="db.t4g.micro", AllocatedStorage=20, MasterUsername="postgres",
        DBSubnetGroupName="private", AvailabilityZone=f"{REGION}b", **(options | database),
    )
    instance = rds.describe_db_instances(DBInstanceIdentifier="app-db")["DBInstances"][0]
    return Network(vpc, subnets, table, group, (instance.get("MasterUserSecret") or {}).get("SecretArn", ""))


@pytest.fixture
def differences() -> Callable[[str, str], list[str]]:
    """A function that returns the lines that differ between two texts."""

    def of(before: str, after: str) -> list[str]:
        old, new = before.splitlines(), after.splitlines()
        return [f"-{line}" for line in old if line not in new] + [f"+{line}" for line in new if line not in old]

    return of


