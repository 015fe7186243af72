"""The Regions to which the template can be deployed."""

from __future__ import annotations

from samtranslator.yaml_helper import yaml_parse

from local.paths import TEMPLATE

RULE = "ServedRegion"


def served_regions() -> set[str]:
    """Returns the Regions that the template's rule names."""
    (assertion,) = yaml_parse(TEMPLATE.read_text())["Rules"][RULE]["Assertions"]
    regions, asked = assertion["Assert"]["Fn::Contains"]
    if asked != {"Ref": "AWS::Region"}:
        raise ValueError(f"The rule {RULE} asks for {asked}, not for the Region")
    return set(regions)
