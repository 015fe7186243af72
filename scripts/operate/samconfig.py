"""What samconfig.toml says about an environment, and what is wrong with it, said so that a person can mend it."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.operate.paths import ROOT

SAMCONFIG = ROOT / "samconfig.toml"
PLACEHOLDER = "FILL-IN"

#: Parameters without a default in the template that the scripts themselves use.
_NEEDED = ("Environment", "DatabaseInstance", "NotificationAddress")

#: The template's defaults of the parameters that the scripts themselves use.
_DEFAULTS = {"Project": "lockstep", "Architecture": "x86_64"}


class NotReady(RuntimeError):
    """Something has to be set first; the message says what and where."""


@dataclass(frozen=True)
class Settings:
    """What samconfig.toml says about one environment."""

    stack: str
    region: str
    profile: str | None
    parameters: dict[str, str]


def read(environment: str, file: Path = SAMCONFIG) -> Settings:
    """The environment's settings. Raises `NotReady` naming every value that is still to be filled in."""
    config = _load(file).get(environment)
    if not config:
        raise NotReady(f"{file.name} says nothing about {environment}")
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
    """The region and the profile to look for an environment's stack in, where this process's environment says nothing."""
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
        # Its message names the line and the column.
        raise NotReady(f"{file.name} is not TOML: {failure}") from None


def _options(config: dict[str, Any], command: str) -> dict[str, Any]:
    """A command's options, with those of all commands below them, as SAM merges them."""
    return config.get("global", {}).get("parameters", {}) | config.get(command, {}).get("parameters", {})


def _overrides(options: dict[str, Any], heading: str) -> dict[str, str]:
    """The template's parameters. SAM takes them as one text too, which is refused: a list shows what it holds."""
    overrides = options.get("parameter_overrides", [])
    if not isinstance(overrides, list):
        raise NotReady(f'{heading}: write parameter_overrides as a list, ["Name=value", "Name=value"]')
    for given in overrides:
        if not isinstance(given, str) or "=" not in given:
            raise NotReady(f'{heading}: in parameter_overrides, {given!r} is not of the form "Name=value"')
    return dict(given.split("=", 1) for given in overrides)
