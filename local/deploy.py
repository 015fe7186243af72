"""Deploys what `local.build` has built into a stack's emulated account, by `sam deploy` as for AWS."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass

from local import build, environment, paths
from local.aws import Account, Aws
from local.parameters import override
from local.postgres import Connection

NOTIFICATION_ADDRESS = "team@example.com"


@dataclass(frozen=True)
class Deployment:
    """One deployed stack: the names under which its parts are found."""

    stack: str
    environment: str
    outputs: dict[str, str]
    state_machine_arn: str

    def function(self, step: str) -> str:
        """Returns a function's name. The step is preflight, plan, apply, approve or notify."""
        return f"{self.stack}-{step}"

    def log_group(self, step: str) -> str:
        """Returns a function's log group."""
        return f"/aws/lambda/{self.function(step)}"


def deploy(
    aws: Aws, account: Account, connection: Connection, env: str, project: str, overrides: dict[str, str]
) -> Deployment:
    """Runs `sam deploy --config-env local`, then copies the state machines to the Step Functions emulator."""
    stack = f"{project}-migrations-{env}"
    parameters = _parameters_of_samconfig() | {
        "Project": project,
        "Environment": env,
        "Architecture": build.architecture(),
        "VpcId": account.vpc_id,
        "SubnetIds": ",".join(account.subnet_ids),
        "SecretsManagerEndpoint": "false",
        "DatabaseInstance": account.instance,
        "DatabaseSecretArn": account.secret_arn,
        "DatabaseSecurityGroupId": account.security_group_id,
        "DatabasePort": str(connection.port),
        "DatabaseCaFile": connection.ca_file,
        "NotificationAddress": NOTIFICATION_ADDRESS,
        "ApprovalFrom": _parameters_of_samconfig(env)["ApprovalFrom"],
    } | overrides
    command = [
        str(paths.SAM), "deploy", "--template-file", str(build.TEMPLATE),
        "--config-file", str(paths.ROOT / "samconfig.toml"), "--config-env", "local",
        "--stack-name", stack, "--region", environment.REGION, "--no-progressbar", "--no-fail-on-empty-changeset",
        "--parameter-overrides", *(override(name, value) for name, value in parameters.items() if value != ""),
    ]
    settings = environment.isolated(**aws.client_environment(), SAM_CLI_TELEMETRY="0")
    settings["PATH"] = f"{paths.SAM_VENV / 'bin'}{os.pathsep}{settings['PATH']}"
    build.run(command, settings, lambda _: None)
    described = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    return Deployment(stack, env, outputs, copy_state_machines(aws, stack))


def _parameters_of_samconfig(env: str = "local") -> dict[str, str]:
    """Returns the overrides of samconfig.toml. Overrides on the command line would replace all of them."""
    config = tomllib.loads((paths.ROOT / "samconfig.toml").read_text())
    overrides = config[env]["deploy"]["parameters"].get("parameter_overrides", [])
    return dict(override.split("=", 1) for override in overrides)


def copy_state_machines(aws: Aws, stack: str) -> str:
    """Gives the Step Functions emulator the machines that SAM deployed, word for word and under the same ARNs. Returns the
    ARN of the one that migrates; the other one only plans."""
    _copy_state_machine(aws, f"{stack}-plan")
    return _copy_state_machine(aws, stack)


def _copy_state_machine(aws: Aws, name: str) -> str:
    port = aws.port
    deployed_arn = f"arn:aws:states:{environment.REGION}:{environment.ACCOUNT}:stateMachine:{name}"
    source = aws.client("stepfunctions", port).describe_state_machine(stateMachineArn=deployed_arn)
    target = aws.client("stepfunctions")
    existing = [machine["stateMachineArn"] for machine in target.list_state_machines()["stateMachines"]]
    if deployed_arn in existing:
        target.update_state_machine(
            stateMachineArn=deployed_arn, definition=source["definition"], roleArn=source["roleArn"]
        )
        return deployed_arn
    made = target.create_state_machine(
        name=name, definition=source["definition"], roleArn=source["roleArn"], type="STANDARD"
    )["stateMachineArn"]
    if made != deployed_arn:
        raise build.BuildFailed(f"The state machine's copy is {made}, not {deployed_arn}")
    return made
