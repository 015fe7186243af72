"""A deployment by scripts/deploy in which neither sam nor AWS takes part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import boto3
import pytest
from moto import mock_aws

from scripts.operate import deploy
from scripts.operate.samconfig import Settings


def elf(function: Path, machine: int) -> Path:
    """Writes the head of a program for that processor, as `sam build` leaves one in a function's directory. Returns its
    path."""
    function.mkdir(parents=True)
    program = function / "bootstrap"
    program.write_bytes(b"\x7fELF\x02\x01".ljust(0x12, b"\0") + machine.to_bytes(2, "little") + bytes(44))
    program.chmod(0o755)
    return program


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.session.Session]:
    """An emulated account of its own. No call leaves it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.session.Session(region_name="us-east-1")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """The session of an account with a stack that was updated before."""
    session = MagicMock()
    session.client.return_value.get_caller_identity.return_value = {"Account": "123456789012"}
    session.client.return_value.describe_stacks.return_value = {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}
    monkeypatch.setattr(deploy, "boto3", SimpleNamespace(session=SimpleNamespace(Session=lambda **_: session)))
    return session


@pytest.fixture
def recorded(session: MagicMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that gets the arguments of each call of sam, one call a line."""
    calls, sam = tmp_path / "calls", tmp_path / "sam"
    sam.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    sam.chmod(0o755)
    monkeypatch.setattr(deploy, "install_sam", lambda: tmp_path)
    monkeypatch.setattr(deploy, "read", lambda _: Settings(
        "shop-migrations-prod", "eu-west-1", None, {"Release": "7", "NotificationAddress": "team@example.com"}
    ))
    elf(tmp_path / "build" / "ApplyFunction", 62)
    monkeypatch.setattr(deploy, "BUILD", tmp_path / "build")
    monkeypatch.setattr(deploy, "outputs_of", lambda *_: {"TopicArn": "topic"})
    monkeypatch.setattr(deploy, "unconfirmed", lambda *_: False)
    return calls
