"""The environment of the emulators and of everything that talks to them.

It is built from nothing, so that no credential, profile, endpoint or proxy of the user gets in: a call that misses the
emulator fails instead of reaching AWS.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_TOOLCHAIN = ("CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "TERM", "NO_COLOR")

FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1,localhost",
}

_NO_FILES = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}


def isolated(**more: str) -> dict[str, str]:
    """Returns the environment of a local server, a function or a client of the emulators."""
    return _pick(_KEPT) | FAKE_AWS | more


def building(**more: str) -> dict[str, str]:
    """Returns the environment of `sam build`: the user's own, since crates must be downloaded, but without AWS settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    return own | _pick(_TOOLCHAIN) | {"SAM_CLI_TELEMETRY": "0"} | more


def client(service: str, endpoint: str, settings: dict[str, str] | None = None) -> Any:
    """Returns a boto3 client of an emulator, with the fake credentials. It ignores the profile and the proxies of this
    process."""
    fake = FAKE_AWS | (settings or {})
    unset = {name: (None, None, value, None) for name, value in _NO_FILES.items()}
    session = boto3.session.Session(
        botocore_session=botocore.session.Session(session_vars=unset),
        aws_access_key_id=fake["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=fake["AWS_SECRET_ACCESS_KEY"],
        region_name=fake["AWS_REGION"],
    )
    # An emulator may be slow but loses no answer. A retry would only do the same thing twice.
    config = Config(retries={"max_attempts": 0}, read_timeout=960, proxies={}, ignore_configured_endpoint_urls=True)
    return session.client(service, endpoint_url=endpoint, config=config)


def _pick(names: tuple[str, ...]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}
