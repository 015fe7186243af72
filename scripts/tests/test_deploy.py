"""What scripts/deploy prints before and after it deploys."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError

from scripts.operate import deploy, samconfig
from scripts.operate.parameters import defaults, override
from scripts.operate.samconfig import SAMCONFIG
from scripts.operate.target import ENVIRONMENTS
from scripts.operate.terminal import Terminal

TOPIC = "arn:aws:sns:eu-west-1:123456789012:lockstep-migrations-dev"


ENTRY = """
[{0}.global.parameters]
stack_name = "shop-migrations-{0}"

[{0}.build.parameters]
parameter_overrides = ["Architecture=arm64"]

[{0}.deploy.parameters]
region = "FILL-IN-region"
parameter_overrides = [
  "Project=shop",
  "Environment={0}",
  "Architecture=arm64",
  "SubnetIds=FILL-IN-subnet-id,FILL-IN-subnet-id",
  "DatabaseInstance=FILL-IN-instance-identifier",
  "NotificationAddress=FILL-IN-mail-address",
]
"""


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """A samconfig.toml of its own: these tests must not depend on a team's changes to the repository's file."""

    def write(*changes: tuple[str, str], filled_in: bool = True) -> Path:
        text = "".join(map(ENTRY.format, ENVIRONMENTS))
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "samconfig.toml"
        file.write_text(re.sub(r"FILL-IN-[a-z-]+", "filled", text) if filled_in else text)
        return file

    return write


def test_everything_that_is_not_filled_in_is_named(config: Callable[..., Path]) -> None:
    with pytest.raises(samconfig.NotReady) as refused:
        samconfig.read("qa", config(filled_in=False))
    assert "[qa.deploy.parameters]: fill in region, SubnetIds, DatabaseInstance, Notif" in str(refused.value)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_filled_in_is_read(environment: str, config: Callable[..., Path]) -> None:
    settings = samconfig.read(environment, config())
    assert (settings.stack, settings.region) == (f"shop-migrations-{environment}", "filled")
    assert settings.parameters["Environment"] == environment
    assert settings.parameters["SubnetIds"] == "filled,filled"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"Environment=qa"', '"Environment=prod"', "Environment is prod"),
        ('region = "FILL-IN-region"', "", "add region"),
        ('  "NotificationAddress=FILL-IN-mail-address",\n', "", "add NotificationAddress to parameter_overrides"),
        ('"Environment=qa"', '"Environment"', "'Environment' is not of the form"),
        ('["Architecture=arm64"]', '"Architecture=arm64"', r"\[qa.build.parameters\]: write parameter_overrides as a list"),
        ('["Architecture=arm64"]', "[]", "Architecture is x86_64 under .* arm64 under"),
        ('"shop-migrations-qa"', '"shop-qa"', "stack_name is shop-qa; make it shop-migrations-qa"),
        ("stack_name", "stack-name", "add stack_name"),
        ("[qa.build.parameters]", "[qa.build.parameters", r"is not TOML: .*line \d+"),
        ("[qa.", "[other.", "has no settings for qa"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, told: str, config: Callable[..., Path]) -> None:
    with pytest.raises(samconfig.NotReady, match=told):
        samconfig.read("qa", config((old, new)))


def test_scripts_look_where_samconfig_says(config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with_profile = ('region = "FILL-IN-region"', 'region = "FILL-IN-region"\nprofile = "team"')
    assert samconfig.place("qa", config(with_profile, filled_in=False)) == (None, "team")
    file = config(with_profile)
    assert samconfig.place("qa", file) == ("filled", "team")
    assert samconfig.place("other", file) == (None, None)
    for name, expected in (
        ("AWS_REGION", (None, "team")), ("AWS_PROFILE", (None, None)), ("AWS_ACCESS_KEY_ID", ("filled", None)),
        ("AWS_ENDPOINT_URL_SFN", (None, None)),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, "said")
            assert samconfig.place("qa", file) == expected


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_repositorys_own_lacks_nothing_but_values(environment: str, tmp_path: Path) -> None:
    file = tmp_path / "samconfig.toml"
    file.write_text(re.sub(r"FILL-IN-[a-z-]+", "filled", samconfig.SAMCONFIG.read_text()))
    assert samconfig.read(environment, file).stack.endswith(f"-migrations-{environment}")


@pytest.mark.parametrize(
    ("states", "unconfirmed"),
    [(["PendingConfirmation"], True), ([], True), (["Deleted"], True), ([f"{TOPIC}:1"], False)],
)
def test_a_subscription_that_delivers_nothing_is_noticed(states: list[str], unconfirmed: bool) -> None:
    session = MagicMock()
    pages = [{"Subscriptions": [{"SubscriptionArn": state} for state in states]}]
    session.client.return_value.get_paginator.return_value.paginate.return_value = pages
    assert deploy.unconfirmed(session, TOPIC) is unconfirmed


def test_the_warning_names_the_address_and_the_way_out() -> None:
    output = io.StringIO()
    deploy.warn(Terminal(output), True, "team@example.com")
    assert "team@example.com" in output.getvalue()
    assert "Subscription Confirmation" in output.getvalue()
    output = io.StringIO()
    deploy.warn(Terminal(output), False, "team@example.com")
    assert output.getvalue() == ""


def test_what_samconfig_does_not_name_has_the_templates_default(recorded: Path, session: MagicMock) -> None:
    """CloudFormation would keep the value that was deployed last."""
    assert deploy.main(["prod", "--no-build"]) == 0
    [called] = recorded.read_text().splitlines()
    configured, _, overrides = called.partition(" --parameter-overrides ")
    assert configured == f"deploy --config-file {SAMCONFIG} --config-env prod"
    given = defaults() | {"Release": "7", "NotificationAddress": "team@example.com"}
    assert overrides.split(" ") == [override(name, value) for name, value in given.items()]


def test_what_is_deployed_after_a_roll_back_is_published_anew(recorded: Path, session: MagicMock) -> None:
    session.client.return_value.describe_stacks.return_value = {"Stacks": [{"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}]}
    assert deploy.main(["prod", "--no-build"]) == 0
    [called] = recorded.read_text().splitlines()
    assert re.search(r' Release="\d{8}T\d{6}"', called) and called.count("Release=") == 1


def test_what_is_compiled_gets_no_credentials(recorded: Path, session: MagicMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-deployers-token")
    sam = recorded.parent / "sam"
    sam.write_text(f'#!/bin/sh\necho "$1 $AWS_SESSION_TOKEN" >> {recorded}\n')
    assert deploy.main(["prod"]) == 0
    assert recorded.read_text().splitlines() == ["build ", "deploy the-deployers-token"]


def test_a_first_deployment_has_nothing_behind_it(recorded: Path, session: MagicMock) -> None:
    absent = ClientError({"Error": {"Code": "ValidationError", "Message": "it does not exist"}}, "DescribeStacks")
    session.client.return_value.describe_stacks.side_effect = absent
    assert deploy.main(["prod"]) == 0
    assert all('Release="7"' in call for call in recorded.read_text().splitlines() if call.startswith("deploy"))
    assert recorded.read_text().count("Release=") == 1


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --stack-name"),
        ("CREATE_FAILED", "aws cloudformation delete-stack --stack-name"),
        ("DELETE_FAILED", "aws cloudformation delete-stack --stack-name"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name"),
        ("UPDATE_IN_PROGRESS", "Wait for its end"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "Wait for its end"),
    ],
)
def test_a_stack_that_cannot_be_updated_is_refused_before_anything_is_built(
    status: str, way_out: str, recorded: Path, session: MagicMock, capsys: pytest.CaptureFixture[str]
) -> None:
    session.client.return_value.describe_stacks.return_value = {"Stacks": [{"StackStatus": status}]}
    assert deploy.main(["prod"]) == 2
    told = capsys.readouterr().err
    assert status in told and way_out in told
    assert not recorded.exists()


def test_a_change_set_that_was_never_executed_is_no_obstacle(recorded: Path, session: MagicMock) -> None:
    described = [{"Stacks": [{"StackStatus": "REVIEW_IN_PROGRESS"}]}, session.client.return_value.describe_stacks.return_value]
    session.client.return_value.describe_stacks.side_effect = described
    assert deploy.main(["prod", "--no-build"]) == 0


def test_a_person_who_may_not_deploy_reads_who_may(
    recorded: Path, session: MagicMock, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, "DescribeStacks")
    session.client.return_value.describe_stacks.side_effect = denied
    assert deploy.main(["prod"]) == 1
    assert "deploy as an administrator" in capsys.readouterr().err
    assert not recorded.exists()


@pytest.mark.parametrize("region", ["eu-central-2", "us-gov-west-1", "xx-new-1"])
def test_a_region_that_is_not_served_is_refused_before_anything_is_built(
    region: str, recorded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = deploy.read("prod")
    monkeypatch.setattr(deploy, "read", lambda _: samconfig.Settings(settings.stack, region, None, settings.parameters))
    assert deploy.main(["prod"]) == 2
    assert f"cannot be deployed to {region}" in capsys.readouterr().err
    assert not recorded.exists()
