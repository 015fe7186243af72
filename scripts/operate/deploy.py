"""Builds the functions, deploys the stack, and names the steps that a person still has to do.

`sam build` and `sam deploy` do the work, with the settings of samconfig.toml for the environment. Before the build this
module refuses values that are not filled in, a Region that is not served, a stack that cannot be updated, and subnets,
route tables and a history that cannot work. It does not deploy functions that Lambda could not start. After an update that
was rolled back it publishes all functions anew. It also points out a mail subscription that is not confirmed: until it is
confirmed, no mail tells how a migration ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import boto3
from botocore.exceptions import ClientError

from scripts.operate import environment, glibc, packages, route_tables, stack_status, subnets
from scripts.operate.arguments import Parser
from scripts.operate.errors import EXPECTED, FORBIDDEN, explain
from scripts.operate.parameters import defaults, override
from scripts.operate.paths import ROOT
from scripts.operate.samconfig import SAMCONFIG, NotReady, read
from scripts.operate.served_regions import served_regions
from scripts.operate.target import ENVIRONMENTS, project_option
from scripts.operate.terminal import Terminal, seconds
from scripts.setup import SetupFailed, install_sam

#: The directory where `sam build` puts the functions.
BUILD = ROOT / ".aws-sam" / "build"

#: The advice to a person who may not deploy.
_RIGHTS = "deploy as an administrator of the account, or from GitHub with the roles of bootstrap/github.yaml"

#: The outputs of bootstrap/github.yaml that are the workflow's variables.
_VARIABLES = {
    "DEPLOYER_ROLE": "GitHubDeployerRoleArn",
    "SERVICE_ROLE": "CloudFormationServiceRoleArn",
    "RUNNER_ROLE": "GitHubRunnerRoleArn",
    "APPROVER_ROLE": "GitHubApproverRoleArn",
}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = Parser(
        prog="scripts/deploy", description="Builds and deploys the stack of an environment."
    )
    parser.add_argument("environment", choices=ENVIRONMENTS)
    parser.add_argument(
        "--no-build", action="store_true", help="deploy what was built last, for this or another environment"
    )
    parser.add_argument(
        "--role-arn", metavar="ARN", type=str, help="the role that CloudFormation works with, if not your own; empty is none"
    )
    options = parser.parse_args(arguments)
    terminal = Terminal(sys.stderr)
    stack, region = options.environment, None
    try:
        settings = read(options.environment)
        stack, region = settings.stack, settings.region
        check_region(settings.region)
        packages.check_history(ROOT / "layer")
        session = boto3.session.Session(region_name=settings.region, profile_name=settings.profile)
        account = session.client("sts").get_caller_identity()["Account"]
        terminal.line(f"Deploying {stack} to the account {account} in {settings.region}", "bold")
        status = stack_status.status(session, stack)
        stack_status.check(status, stack, settings.region)
        for look in (subnets.check, route_tables.check):
            if unseen := look(session, settings):
                terminal.line(f"! {unseen}", "yellow")
        started = time.monotonic()
        parameters = defaults() | settings.parameters
        if stack_status.rolled_back(status):
            parameters["Release"] = release = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
            terminal.line(f"The last update of {stack} was rolled back: publishing every function anew (Release={release})")
        if not options.no_build:
            run_sam("build", options.environment)
        glibc.check(BUILD)
        packages.check_functions(BUILD, parameters["Architecture"])
        run_sam(
            "deploy", options.environment, *(["--role-arn", options.role_arn] if options.role_arn else []),
            "--parameter-overrides", *(override(name, value) for name, value in parameters.items()),
        )
        outputs = outputs_of(session, stack)
        show(Terminal(), outputs)
        show_variables(terminal, options.environment, settings.region, roles_for_github(session, stack))
        warn(terminal, unconfirmed(session, outputs["TopicArn"]), settings.parameters["NotificationAddress"])
        command = f"scripts/migrate {options.environment}{project_option(stack)}"
        terminal.line(f"✓ Deployed in {seconds(time.monotonic() - started)}. Next: {command}", "green")
        return 0
    except (NotReady, SetupFailed) as failure:
        terminal.line(f"deploy: {failure}", "red")
        return 2
    except EXPECTED as failure:
        terminal.line(f"deploy: {explain(failure, stack, region, _RIGHTS)}", "red")
    except subprocess.CalledProcessError as failure:
        terminal.line(f"deploy: `sam {failure.cmd[1]}` failed; its message is above", "red")
    except KeyboardInterrupt:
        return 130
    return 1


def run_sam(command: str, config_env: str, *more: str) -> None:
    """Runs `sam build` or `sam deploy` and shows its output as it comes. Raises `CalledProcessError`."""
    bin_directory = install_sam()
    # sam build calls cargo-lambda and zig, which are in sam's own directory.
    path = f"{bin_directory}{os.pathsep}{os.environ['PATH']}"
    # The build compiles other people's code too, so it gets none of the deployer's credentials.
    surroundings = environment.building() if command == "build" else os.environ | {"SAM_CLI_TELEMETRY": "0"}
    subprocess.run(
        [str(bin_directory / "sam"), command, "--config-file", str(SAMCONFIG), "--config-env", config_env, *more],
        cwd=ROOT,
        env=surroundings | {"PATH": path},
        check=True,
    )


def check_region(region: str) -> None:
    """Raises `NotReady` for a Region that the template would refuse, before anything is built."""
    if region not in (served := served_regions()):
        raise NotReady(
            f"Lockstep cannot be deployed to {region}, because Lambda has no function URLs there, or is not known to have "
            f"any. It can be to {', '.join(sorted(served))}"
        )


def outputs_of(session: boto3.session.Session, stack: str) -> dict[str, str]:
    """Returns the deployed stack's outputs."""
    described = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    # A stack that is being created has no outputs yet.
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def github_stack(stack: str) -> str:
    """Returns the name of the stack with the roles for GitHub beside a stack."""
    return f"{stack}-github"


def roles_for_github(session: boto3.session.Session, stack: str, must_see: bool = False) -> dict[str, str]:
    """Returns the outputs of the stack with the roles for GitHub. Without that stack there are none. For a caller who may not
    see it there are none either, unless it `must_see` them: a job in GitHub that deploys may not, and has them already."""
    try:
        return outputs_of(session, github_stack(stack))
    except ClientError as failure:
        if failure.response["Error"]["Code"] in ("ValidationError", *(() if must_see else FORBIDDEN)):
            return {}
        raise


def show(terminal: Terminal, outputs: dict[str, str]) -> None:
    """Prints the outputs, one a line."""
    width = max(map(len, outputs))
    for name, value in outputs.items():
        terminal.line(f"{name:{width}}  {value}")


def show_variables(terminal: Terminal, environment: str, region: str, roles: dict[str, str]) -> None:
    """Prints the commands that tell GitHub's workflow where to deploy and with which role, if there are roles for GitHub."""
    values = {name: roles.get(output) for name, output in _VARIABLES.items()}
    if not values["RUNNER_ROLE"]:
        return
    terminal.lines(
        "Variables of the GitHub repository, for .github/workflows/deploy-migrations.yml (the approver's only if\n"
        f"the GitHub environment {environment} has required reviewers):"
    )
    for name, value in ({"REGION": region} | values).items():
        if value:
            terminal.line(f"  gh variable set LOCKSTEP_{name}_{environment.upper()} --body {value}")


def unconfirmed(session: boto3.session.Session, topic: str) -> bool:
    """Returns whether the topic has no subscription that would deliver."""
    pages = session.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    states = [subscription["SubscriptionArn"] for page in pages for subscription in page["Subscriptions"]]
    return not any(state.startswith("arn:") for state in states)


def warn(terminal: Terminal, is_unconfirmed: bool, address: str) -> None:
    """Warns that no mail will arrive, and says how to change that."""
    if is_unconfirmed:
        terminal.lines(
            f"! The mail subscription of {address} is not confirmed, so no mail will arrive. The mail \"AWS Notification -\n"
            "  Subscription Confirmation\" has a link with a token. Follow the link, or give the token to aws sns\n"
            "  confirm-subscription --authenticate-on-unsubscribe true, so that no reader of a mail can end the subscription.\n"
            "  It is valid for two days; after that, subscribe the address again (aws sns subscribe) or deploy with another one.",
            "yellow",
        )
