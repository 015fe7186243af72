"""What scripts/deploy says before it deploys, and after."""

from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from scripts.operate import deploy
from scripts.operate.target import ENVIRONMENTS
from scripts.operate.terminal import Terminal

TOPIC = "arn:aws:sns:eu-west-1:123456789012:lockstep-migrations-dev"


def filled_in(directory: Path, text: str | None = None) -> Path:
    """samconfig.toml as a person leaves it."""
    file = directory / "samconfig.toml"
    file.write_text(re.sub(r"FILL-IN-[a-z-]+", "filled", text or deploy.SAMCONFIG.read_text()))
    return file


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everything_that_is_not_filled_in_is_named(environment: str) -> None:
    with pytest.raises(deploy.NotReady) as refused:
        deploy.read(environment)
    assert f"[{environment}.deploy.parameters]" in str(refused.value)
    for name in ("region", "VpcId", "SubnetIds", "DatabaseInstance", "DatabaseSecretArn", "NotificationAddress"):
        assert name in str(refused.value)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_filled_in_is_read(environment: str, tmp_path: Path) -> None:
    settings = deploy.read(environment, filled_in(tmp_path))
    assert (settings.stack, settings.region) == (f"lockstep-migrations-{environment}", "filled")
    assert settings.parameters["Environment"] == environment
    assert settings.parameters["SubnetIds"] == "filled,filled"


def test_another_environment_under_the_wrong_heading_is_refused(tmp_path: Path) -> None:
    text = deploy.SAMCONFIG.read_text().replace("Environment=qa", "Environment=prod")
    with pytest.raises(deploy.NotReady, match="Environment is prod"):
        deploy.read("qa", filled_in(tmp_path, text))


def test_every_environment_says_everything() -> None:
    config = tomllib.loads(deploy.SAMCONFIG.read_text())
    options = {name: set(config[name]["deploy"]["parameters"]) for name in (*ENVIRONMENTS, "local")}
    assert len(set(map(frozenset, options.values()))) == 1, options


@pytest.mark.parametrize(
    ("states", "nobody"),
    [(["PendingConfirmation"], True), ([], True), (["Deleted"], True), ([f"{TOPIC}:1"], False)],
)
def test_a_subscription_that_delivers_nothing_is_noticed(states: list[str], nobody: bool) -> None:
    session = MagicMock()
    pages = [{"Subscriptions": [{"SubscriptionArn": state} for state in states]}]
    session.client.return_value.get_paginator.return_value.paginate.return_value = pages
    assert deploy.unconfirmed(session, TOPIC) is nobody


def test_the_warning_names_the_address_and_the_way_out() -> None:
    output = io.StringIO()
    deploy.warn(Terminal(output), True, "team@example.com")
    assert "team@example.com" in output.getvalue()
    assert "Subscription Confirmation" in output.getvalue()
    output = io.StringIO()
    deploy.warn(Terminal(output), False, "team@example.com")
    assert output.getvalue() == ""
