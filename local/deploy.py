"""Builds the real functions and deploys the unmodified template into a stack's emulated account.

`sam build` and `sam deploy` run as they do for AWS. The build is for speed of building: cargo's dev profile without
debug information, in a directory of its own, so that it is never taken for what goes to AWS.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local import environment, paths, processes
from local.aws import Account, Aws
from local.parameters import override
from local.postgres import Connection
from scripts import setup

BUILD = paths.LOCAL / "build"
NOTIFICATION_ADDRESS = "team@example.com"

#: The files that the build reads. Tests, examples and documents are left out, so that a change there builds nothing.
_SOURCES = (
    "Cargo.toml", "Cargo.lock", ".cargo/config.toml", "template.yaml", "samconfig.toml", "statemachine/migrate.asl.json",
    "crates/*/Cargo.toml", "crates/*/src/**/*", "functions/*/Cargo.toml", "functions/*/src/**/*", "functions/*/*.pem",
    "migrations/**/*",
)

#: The template's functions, by the names of their binaries.
FUNCTIONS = ("preflight", "plan", "apply", "approve", "notify")

#: The settings of every function's build: no optimisation and no debug information, which builds fastest.
_FAST_BUILD = {
    "SAM_BUILD_MODE": "debug",
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "CARGO_PROFILE_DEV_STRIP": "symbols",
    "CARGO_INCREMENTAL": "0",
}

#: Without a terminal cargo shows its progress only if it is told to.
_SHOW_PROGRESS = {"CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "100"}


class DeployFailed(RuntimeError):
    """SAM failed; the message has its output."""


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


def architecture() -> str:
    """Returns this machine's processor in Lambda's terms. The functions run natively, so they are built for it."""
    if platform.system() != "Linux":
        raise DeployFailed(
            "The local stack runs the functions' real binaries, which are Linux programs: use Linux, WSL or a container"
        )
    return "arm64" if platform.machine().lower() in ("aarch64", "arm64") else "x86_64"


def build_command(say: Callable[[str], None]) -> Path:
    """Builds the command `lockstep` as the functions are built, so that it needs few crates more. Returns its path."""
    with setup.only_one("build"):
        say("Building the command")
        _run(_cargo("lockstep"), _settings() | _SHOW_PROGRESS, say)
    link = paths.COMMANDS / "lockstep"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(paths.ROOT / "target" / "lambda" / "lockstep" / "bootstrap")
    return link


def build(say: Callable[[str], None]) -> None:
    """Runs `sam build`, unless nothing that goes into it has changed."""
    with setup.only_one("build"):
        _build(say)


def _build(say: Callable[[str], None]) -> None:
    stamp = BUILD / ".lockstep-built"
    wanted = _digest_of_sources()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Building the functions (the first time takes some minutes)")
    # First without SAM, which does not show cargo's progress. SAM later calls the same command for each function, and
    # that has nothing left to do.
    _run(_cargo(*FUNCTIONS), _settings() | _SHOW_PROGRESS, say)
    command = [
        str(paths.SAM), "build", "--template-file", str(paths.TEMPLATE), "--build-dir", str(BUILD),
        "--parameter-overrides", f"ParameterKey=Architecture,ParameterValue={architecture()}",
        # Given explicitly, so that no configuration of a deployable build gets in.
        "--config-env", "local",
    ]
    _run(command, _settings(), say)
    stamp.write_text(wanted)


def _settings() -> dict[str, str]:
    path = f"{paths.SAM_VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return environment.building(PATH=path, AWS_DEFAULT_REGION=environment.REGION, **_FAST_BUILD)


def _cargo(*names: str) -> list[str]:
    """Returns the command that builds these programs for Lambda's machine."""
    command = ["cargo", "lambda", "build", *(argument for name in names for argument in ("--bin", name))]
    return command + (["--arm64"] if architecture() == "arm64" else [])


def deploy(
    aws: Aws, account: Account, connection: Connection, env: str, project: str, overrides: dict[str, str]
) -> Deployment:
    """Runs `sam deploy --config-env local`, then copies the state machine to the Step Functions emulator."""
    stack = f"{project}-migrations-{env}"
    parameters = _parameters_of_samconfig() | {
        "Project": project,
        "Environment": env,
        "Architecture": architecture(),
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
        str(paths.SAM), "deploy", "--template-file", str(BUILD / "template.yaml"),
        "--config-file", str(paths.ROOT / "samconfig.toml"), "--config-env", "local",
        "--stack-name", stack, "--region", environment.REGION, "--no-progressbar", "--no-fail-on-empty-changeset",
        "--parameter-overrides", *(override(name, value) for name, value in parameters.items() if value != ""),
    ]
    settings = environment.isolated(**aws.client_environment(), SAM_CLI_TELEMETRY="0")
    settings["PATH"] = f"{paths.SAM_VENV / 'bin'}{os.pathsep}{settings['PATH']}"
    _run(command, settings, lambda _: None)
    described = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    return Deployment(stack, env, outputs, copy_state_machine(aws, stack))


def _parameters_of_samconfig(env: str = "local") -> dict[str, str]:
    """Returns the overrides of samconfig.toml. Overrides on the command line would replace all of them."""
    config = tomllib.loads((paths.ROOT / "samconfig.toml").read_text())
    overrides = config[env]["deploy"]["parameters"].get("parameter_overrides", [])
    return dict(override.split("=", 1) for override in overrides)


def copy_state_machine(aws: Aws, name: str) -> str:
    """Gives the Step Functions emulator the machine that SAM deployed, word for word and under the same ARN."""
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
        raise DeployFailed(f"The state machine's copy is {made}, not {deployed_arn}")
    return made


def _run(command: list[str], settings: dict[str, str], say: Callable[[str], None]) -> None:
    """Runs a command and says every ten seconds how far it is. Its output is shown only if it fails."""
    process = subprocess.Popen(
        command, cwd=paths.ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[str] = []
    output = processes.pipe(process.stdout)
    reader = threading.Thread(target=lambda: lines.extend(iter(output.readline, "")), daemon=True)
    reader.start()
    started = time.monotonic()
    try:
        while True:
            try:
                process.wait(timeout=10)
                break
            except subprocess.TimeoutExpired:
                say(f"  {time.monotonic() - started:.0f} s: {_at(lines)}")
    except BaseException:
        process.terminate()
        process.wait()
        raise
    reader.join(timeout=5)
    if process.returncode != 0:
        raise DeployFailed(f"{' '.join(command[:2])} failed:\n{''.join(lines).strip()}")


def _at(lines: list[str]) -> str:
    """Returns how far a command is, judging by its output. Cargo's progress bar has the number of compiled crates and
    of all crates; the name of the next crate follows it."""
    bars = (re.match(r" *Building \[.*\] (\d+)/(\d+)", line) for line in reversed(lines))
    if bar := next(filter(None, bars), None):
        return f"{bar[1]} of {bar[2]} crates are compiled"
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:100]


def _digest_of_sources() -> str:
    digest = hashlib.sha256(json.dumps([_FAST_BUILD, architecture()]).encode())
    for file in _sources():
        digest.update(str(file.relative_to(paths.ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources() -> list[Path]:
    found = {file for pattern in _SOURCES for file in paths.ROOT.glob(pattern) if file.is_file()}
    # No function has anything of the command.
    return sorted(file for file in found if paths.COMMAND not in file.parents)
