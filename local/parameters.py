"""The template's parameters, in the form that `sam deploy` gets.

CloudFormation keeps the value of a parameter that a deployment does not name. So every parameter is named: one that
samconfig.toml does not set gets the template's default, even if it had another value before.
"""

from __future__ import annotations

from samtranslator.yaml_helper import yaml_parse

from local.paths import TEMPLATE


def defaults() -> dict[str, str]:
    """Returns the parameters that have a default, with their defaults."""
    parameters = yaml_parse(TEMPLATE.read_text())["Parameters"]
    return {name: str(one["Default"]) for name, one in parameters.items() if "Default" in one}


def override(name: str, value: str) -> str:
    """Returns a parameter in the syntax of SAM. An unquoted value ends at a space, and an empty unquoted one is refused."""
    return '{}="{}"'.format(name, value.replace('"', '\\"'))
