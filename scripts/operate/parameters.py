"""The template's parameters, as `sam deploy` is given them.

CloudFormation keeps the value of a parameter that a deployment does not name. So all are named: what samconfig.toml does not
set has the template's default again, also where it had another value before.
"""

from __future__ import annotations

from samtranslator.yaml_helper import yaml_parse

from scripts.operate.paths import TEMPLATE


def defaults() -> dict[str, str]:
    """Returns the parameters that have a default, each with it."""
    parameters = yaml_parse(TEMPLATE.read_text())["Parameters"]
    return {name: str(one["Default"]) for name, one in parameters.items() if "Default" in one}


def override(name: str, value: str) -> str:
    """Returns a parameter as SAM takes it. A value that is not quoted ends at a space, and an empty one is refused."""
    return '{}="{}"'.format(name, value.replace('"', '\\"'))
