"""One local stack: a PostgreSQL, the emulated AWS account, and what is deployed into it.

This is the interface of `make run`, `make up` and the end-to-end tests:

    with Stack(directory) as stack:
        dev = stack.deploy("dev")
        execution = stack.start_execution(dev, {"mode": "plan"})
        result = stack.wait(execution)
        mails = stack.mailbox(dev).mails()
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NotRequired, Self, TypedDict

from botocore.credentials import Credentials

from local import build, environment, paths, postgres, processes
from local import deploy as deploying
from local.aws import Account, Aws, classic_secret
from local.deploy import Deployment
from local.mailbox import Mailbox
from local.postgres import Connection
from local.wire.approve import Decided
from local.wire.record import Record
from local.wire.request import Input

#: An event of a history or of a log, as AWS gives it.
Event = dict[str, Any]


class Ended(TypedDict):
    """An execution that has ended, as DescribeExecution tells it, with its input and its output parsed."""

    executionArn: str
    name: str
    status: str
    startDate: datetime
    stopDate: datetime
    input: Input
    #: The record; None if the execution did not succeed.
    output: Record | None
    error: NotRequired[str]
    cause: NotRequired[str]


class Failed(TypedDict):
    """The failure of an invocation, as Lambda tells it; at the function URL with the HTTP status."""

    errorType: str
    errorMessage: str
    status: NotRequired[int]


class NotDecided(TypedDict):
    """A decision that the approve function refused."""

    error: Failed


class Stack:
    """A stack below one directory, which holds its state, its logs and its database."""

    def __init__(
        self,
        state: Path = paths.DEFAULT_STACK,
        migrations: Path = paths.MIGRATIONS,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.state = Path(state).resolve()
        self.say = say
        self.aws = Aws(self.state)
        url = os.environ.get("DATABASE_URL")
        self.postgres = postgres.Named(url) if url is not None else postgres.Embedded(self.state)
        self.deployments: list[Deployment] = []
        self._migrations = Path(migrations).resolve()
        self._mailboxes: dict[str, Mailbox] = {}

    # ------------------------------------------------------------ life

    def start(self) -> Self:
        """Starts the database and the account. What an earlier stack left in the directory is removed first."""
        self.stop()
        shutil.rmtree(self.state, ignore_errors=True)
        self.state.mkdir(parents=True)
        try:
            self.say("Starting PostgreSQL")
            self.connection: Connection = self.postgres.start()
            self.set_migrations(self._migrations)
            self.say("Starting the AWS emulators")
            self.aws.start(self.state / "migrations", self.connection)
            self.account: Account = self.aws.furnish(self.connection)
            self._save()
        except BaseException:
            self.give_up()
            raise
        return self

    def stop(self) -> None:
        """Stops what was started and deletes the database. Safe to call at any time, by any process."""
        with processes.uninterrupted():
            self.aws.stop()
            self.postgres.remove()
            (self.state / "stack.json").unlink(missing_ok=True)

    def give_up(self) -> None:
        """Stops, and says so."""
        with processes.uninterrupted():
            try:
                self.say("Stopping what was started")
            finally:
                self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def deploy(self, env: str = "dev", *, project: str = "lockstep", **overrides: str | int) -> Deployment:
        """Builds if something changed, deploys, and returns the deployment. Several deployments can exist side by side:
        give each its own `project`. Template parameters are keywords, such as `ApprovalSeconds=5`."""
        build.build(self.say)
        self.say(f"Deploying {project}-migrations-{env}")
        deployment = deploying.deploy(
            self.aws, self.account, self.connection, env, project,
            {name: str(value) for name, value in overrides.items()},
        )
        self.deployments = [other for other in self.deployments if other.stack != deployment.stack] + [deployment]
        self.mailbox(deployment)
        self._save()
        return deployment

    # ------------------------------------------------------------ executions

    def start_execution(
        self, deployment: Deployment, given: Mapping[str, object] | str | None = None, name: str | None = None
    ) -> str:
        """Starts an execution and returns its ARN. A string is passed on as it is, to try invalid input."""
        text = given if isinstance(given, str) else json.dumps(given or {})
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=deployment.state_machine_arn, name=name or f"run-{uuid.uuid4().hex[:12]}", input=text
        )
        return started["executionArn"]

    def wait(self, execution: str, seconds: float = 120) -> Ended:
        """Waits until the execution has ended, and returns it."""
        client = self.client("stepfunctions")
        deadline = time.monotonic() + seconds
        while True:
            described = client.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                break
            if time.monotonic() > deadline:
                raise TimeoutError(f"{execution} is still in {self.current_state(execution)} after {seconds} seconds")
            time.sleep(0.1)
        return described | {
            "input": json.loads(described["input"]),
            "output": json.loads(described["output"]) if "output" in described else None,
        }

    def wait_for_state(self, execution: str, state: str, seconds: float = 60) -> None:
        """Waits until the execution is in a state. Fails if the execution ends first."""
        deadline = time.monotonic() + seconds
        while (now := self.current_state(execution)) != state:
            status = self.client("stepfunctions").describe_execution(executionArn=execution)["status"]
            if status != "RUNNING" or time.monotonic() > deadline:
                raise TimeoutError(f"{execution} is {status}, in {now}, and never came to {state}")
            time.sleep(0.05)

    def current_state(self, execution: str) -> str:
        """Returns the state that was entered last."""
        entered = [event for event in self.history(execution) if "stateEnteredEventDetails" in event]
        return entered[-1]["stateEnteredEventDetails"]["name"] if entered else ""

    def history(self, execution: str) -> list[Event]:
        """Returns all events of an execution, the first one first."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=execution) for event in page["events"]]

    def newest_execution(self, deployment: Deployment) -> str | None:
        """Returns the execution that was started last; None if none was."""
        listed = self.client("stepfunctions").list_executions(stateMachineArn=deployment.state_machine_arn)["executions"]
        return max(listed, key=lambda one: one["startDate"])["executionArn"] if listed else None

    def waits_for_approval(self, execution: str) -> bool:
        """Returns whether an execution can be decided on: whether the task of its approval waits."""
        return self.current_state(execution) == "Approval" and self.history(execution)[-1]["type"] == "TaskSubmitted"

    def result(self, execution: str, state: str) -> Any:
        """Returns the last answer of a state's task, such as the plan; None if there is no answer."""
        found, current = None, ""
        for event in self.history(execution):
            if "stateEnteredEventDetails" in event:
                current = event["stateEnteredEventDetails"]["name"]
            if event["type"] == "TaskSucceeded" and current == state:
                output = json.loads(event["taskSucceededEventDetails"]["output"])
                found = output.get("Payload", output)
        return found

    def failures(self, execution: str) -> list[tuple[str, str]]:
        """Returns the error and the cause of every failed attempt, retried or not."""
        names = ("taskFailedEventDetails", "taskTimedOutEventDetails", "evaluationFailedEventDetails")
        details = [event[name] for event in self.history(execution) for name in names if name in event]
        return [(detail.get("error", ""), detail.get("cause", "")) for detail in details]

    def decide(self, deployment: Deployment, **decision: Any) -> Decided | NotDecided:
        """Invokes the approve function directly. Returns `{"error": {...}}` if the function refuses."""
        answer = self.client("lambda").invoke(
            FunctionName=deployment.function("approve"), Payload=json.dumps(decision).encode()
        )
        payload = json.loads(answer["Payload"].read())
        return {"error": payload} if answer.get("FunctionError") else payload

    # ------------------------------------------------------------ what came out

    def mailbox(self, deployment: Deployment) -> Mailbox:
        """Returns the mailbox of one deployment."""
        if deployment.stack not in self._mailboxes:
            self._mailboxes[deployment.stack] = Mailbox(self.aws, deployment.outputs["TopicArn"]).open()
        return self._mailboxes[deployment.stack]

    def log_lines(self, deployment: Deployment, step: str | None = None, since: float = 0) -> list[str]:
        """Returns the log of one function (or of all of them), oldest line first. `since` is in Unix seconds; earlier
        lines are left out."""
        steps = [step] if step else ["preflight", "plan", "apply", "approve", "notify"]
        events = [event for name in steps for event in self._log_events(deployment.log_group(name), int(since * 1000))]
        return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]

    def everything_readable(self, deployment: Deployment, executions: list[str]) -> str:
        """Returns all that a person could read: logs, histories, mails, reports. Tests search it for secrets."""
        histories = [json.dumps(self.history(execution), default=str, ensure_ascii=False) for execution in executions]
        mails = [f"{mail.subject}\n{mail.body}" for mail in self.mailbox(deployment).mails()]
        return "\n".join([*self.log_lines(deployment), *histories, *mails, *self._reports(deployment)])

    def _reports(self, deployment: Deployment) -> list[str]:
        """Returns every report of a deployment, in each rendering."""
        s3, bucket = self.client("s3"), deployment.outputs["ReportsBucketName"]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="reports/")
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys]

    # ------------------------------------------------------------ what tests and people change

    def set_migrations(self, directory: Path) -> None:
        """Makes the functions read the migrations in this directory from now on (on AWS: a deployed layer)."""
        link = self.state / "migrations"
        fresh = self.state / "migrations.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path(directory).resolve(), target_is_directory=True)
        fresh.replace(link)

    def set_database_status(self, status: str) -> None:
        """Makes RDS report a status of the instance: any text, such as `starting` or an unknown one."""
        self.describe_database_as(DBInstanceStatus=status)

    def describe_database_as(self, **fields: Any) -> None:
        """Makes RDS report other values for the instance, by its API's field names. None leaves a field out. Without
        fields it reports the real values again."""
        self.aws.describe_instance_as(**fields)

    def set_secret(self, value: Mapping[str, object] | str) -> None:
        """Replaces the secret's value."""
        text = value if isinstance(value, str) else json.dumps(value)
        self.client("secretsmanager").put_secret_value(SecretId=self.account.secret_arn, SecretString=text)

    def classic_secret(self, **changes: object) -> dict[str, object]:
        """Returns the right value of the secret with changes, such as `password="wrong"`. None removes a field."""
        value = {**classic_secret(self.connection), **changes}
        return {name: item for name, item in value.items() if item is not None}

    def use_database(self, name: str) -> Connection:
        """Makes a new, empty database on the same server and points the secret to it. Returns its connection."""
        self.postgres.create_database(name)
        self.connection = replace(self.connection, database=name)
        self.set_secret(self.classic_secret())
        return self.connection

    def limit_execution(self, deployment: Deployment, seconds: int) -> None:
        """Replaces the definition's top-level timeout, for which there is no parameter. The caller restores the
        definition."""
        states = self.client("stepfunctions")
        arn = deployment.state_machine_arn
        definition = json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"])
        states.update_state_machine(
            stateMachineArn=arn, definition=json.dumps(definition | {"TimeoutSeconds": seconds})
        )

    # ------------------------------------------------------------ access

    def client(self, service: str) -> Any:
        """Returns a boto3 client for this stack."""
        return self.aws.client(service)

    def credentials(self, key: str) -> Credentials:
        """Returns the credentials of the person with this access key (see `local.function_url`)."""
        return Credentials(key, environment.FAKE_AWS["AWS_SECRET_ACCESS_KEY"])

    def environment(self) -> dict[str, str]:
        """Returns the environment in which an SDK, the aws CLI or `lockstep` talk only to this stack."""
        return environment.FAKE_AWS | self.aws.client_environment() | {"LOCKSTEP_LOCAL": str(self.state)}

    # ------------------------------------------------------------ inside

    def _log_events(self, group: str, since: int) -> Iterator[Event]:
        logs = self.client("logs")
        try:
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
                yield from page["events"]
        except logs.exceptions.ResourceNotFoundException:
            return

    def _save(self) -> None:
        """Saves what other processes need to know of the stack: `lockstep` and `local/env`. It contains the database's
        password."""
        file = self.state / "stack.json"
        file.touch(mode=0o600)
        kept = {
            "environment": self.environment() | self.connection.libpq_environment(),
            "account": asdict(self.account),
            "deployments": [asdict(deployment) for deployment in self.deployments],
        }
        file.write_text(json.dumps(kept, indent=2))
