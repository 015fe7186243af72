"""An environment's settings in samconfig.toml. Errors in them are named so that the user can correct them."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.operate.paths import ROOT

SAMCONFIG = ROOT / "samconfig.toml"
PLACEHOLDER = "FILL-IN"

#: The parameters without a default in the template that the scripts need.
_NEEDED = ("Environment", "DatabaseInstance", "NotificationAddress")

#: The template's defaults of the parameters that the scripts need.
_DEFAULTS = {"Project": "lockstep", "Architecture": "x86_64"}


class NotReady(RuntimeError):
    """A setting is missing or wrong; the message says which, and where to set it."""


@dataclass(frozen=True)
class Settings:
    """The settings of one environment in samconfig.toml."""

    stack: str
    region: str
    profile: str | None
    parameters: dict[str, str]


def read(environment: str, file: Path = SAMCONFIG) -> Settings:
    """Returns the environment's settings. Raises `NotReady` naming every value that is still to be filled in."""
    config = _load(file).get(environment)
    if not config:
        raise NotReady(f"{file.name} has no settings for {environment}")
    heading = f"{file.name}, [{environment}.deploy.parameters]"
    deploy = _options(config, "deploy")
    parameters = _overrides(deploy, heading)
    everything = {name: value for name, value in deploy.items() if isinstance(value, str)} | parameters
    if unfilled := [name for name, value in everything.items() if PLACEHOLDER in value]:
        raise NotReady(f"{heading}: fill in {', '.join(unfilled)}")
    if missing := [name for name in ("stack_name", "region") if not isinstance(deploy.get(name), str)]:
        raise NotReady(f"{heading}: add {', '.join(missing)}")
    if missing := [name for name in _NEEDED if not parameters.get(name)]:
        raise NotReady(f"{heading}: add {', '.join(missing)} to parameter_overrides")
    if parameters["Environment"] != environment:
        raise NotReady(f"{heading}: Environment is {parameters['Environment']}")
    built = _DEFAULTS | _overrides(_options(config, "build"), f"{file.name}, [{environment}.build.parameters]")
    deployed = _DEFAULTS | parameters
    if built["Architecture"] != deployed["Architecture"]:
        raise NotReady(
            f"{file.name}: Architecture is {built['Architecture']} under [{environment}.build.parameters] and "
            f"{deployed['Architecture']} under [{environment}.deploy.parameters]; the functions would not start"
        )
    stack = f"{deployed['Project']}-migrations-{environment}"
    if deploy["stack_name"] != stack:
        raise NotReady(
            f"{file.name}, [{environment}.global.parameters]: stack_name is {deploy['stack_name']}; make it {stack}, "
            "because the template gives its parts names that begin with this, and the scripts find them by it"
        )
    return Settings(stack, deploy["region"], deploy.get("profile"), parameters)


def place(environment: str, file: Path = SAMCONFIG) -> tuple[str | None, str | None]:
    """Returns the Region and the profile of an environment's stack, for a process whose own environment has none."""
    if not file.exists() or any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ):
        return None, None
    deploy = _options(_load(file).get(environment) or {}, "deploy")

    def filled_in(name: str, *said_by: str) -> str | None:
        value = deploy.get(name)
        usable = isinstance(value, str) and PLACEHOLDER not in value and not any(map(os.environ.get, said_by))
        return value if usable else None

    return (
        filled_in("region", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
        filled_in("profile", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID"),
    )


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except OSError as failure:
        raise NotReady(f"{file.name} cannot be read: {failure.strerror}") from None
    except ValueError as failure:
        # The parser's message names the line and the column.
        raise NotReady(f"{file.name} is not TOML: {failure}") from None


def _options(config: dict[str, Any], command: str) -> dict[str, Any]:
    """Returns a command's options on top of the options for all commands, as SAM merges them."""
    return config.get("global", {}).get("parameters", {}) | config.get(command, {}).get("parameters", {})


def _overrides(options: dict[str, Any], heading: str) -> dict[str, str]:
    """Returns the template's parameters. SAM also takes them as one text. This refuses that, because only a list shows
    its values."""
    overrides = options.get("parameter_overrides", [])
    if not isinstance(overrides, list):
        raise NotReady(f'{heading}: write parameter_overrides as a list, ["Name=value", "Name=value"]')
    for given in overrides:
        if not isinstance(given, str) or "=" not in given:
            raise NotReady(f'{heading}: in parameter_overrides, {given!r} is not of the form "Name=value"')
    return dict(given.split("=", 1) for given in overrides)
