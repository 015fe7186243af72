"""The templates as CloudFormation gets them, for given parameter values: template.yaml after SAM's transform, offline.

An untransformed template lacks what SAM makes: versions, aliases, the rule and its permission.
"""

from __future__ import annotations

import logging
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from proofs.lint.paths import BOOTSTRAP, TEMPLATE

_LAYER = "AWS::Lambda::LayerVersion"

#: The properties that `sam package` replaces by the places of the uploaded files.
_UPLOADED = {
    "AWS::Serverless::Function": "CodeUri",
    _LAYER: "Content",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


# The library warns that its usage statistics were not sent.
logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)


class _NoManagedPolicies:
    """SAM would ask IAM for the ARNs of policy names. The template uses none, so no request is needed."""

    def load(self) -> dict[str, str]:
        return {}


def packaged(uploads: dict[str, str], bucket: str) -> dict[str, Any]:
    """Returns the template as `sam package` leaves it. `uploads` names a resource's upload by a digest of its content."""
    template = yaml_parse(TEMPLATE.read_text())
    del template["Globals"]["Function"]["CodeUri"]
    for name, resource in template["Resources"].items():
        if resource["Type"] in _UPLOADED:
            key = uploads.get(name, name)
            # CloudFormation's own type has no short form for a place in S3.
            place = {"S3Bucket": bucket, "S3Key": key} if resource["Type"] == _LAYER else f"s3://{bucket}/{key}"
            resource["Properties"][_UPLOADED[resource["Type"]]] = place
    return template


def transformed(parameters: dict[str, str], bucket: str = "uploads", **uploads: str) -> dict[str, Any]:
    """Returns the transformed template, with the given values as the parameters' defaults."""
    template = _with_defaults(packaged(uploads, bucket), parameters)
    values = {name: declared["Default"] for name, declared in template["Parameters"].items()}
    return transform(template, values, _NoManagedPolicies())


def bootstrap(parameters: dict[str, str]) -> dict[str, Any]:
    """Returns the template of the roles for GitHub, with the given values as the parameters' defaults."""
    return _with_defaults(yaml_parse(BOOTSTRAP.read_text()), parameters)


def _with_defaults(template: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    return template


def decided(template: dict[str, Any]) -> dict[str, Any]:
    """Returns a template without conditions, decided by its parameters' defaults.

    checkov treats a value under a condition as missing.
    """
    values = {name: declared["Default"] for name, declared in template["Parameters"].items()}
    conditions = template.get("Conditions", {})

    def decide(value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(decide, value) if item != {"Ref": "AWS::NoValue"}]
        if not isinstance(value, dict):
            return value
        if list(value) == ["Fn::If"]:
            condition, if_true, if_false = value["Fn::If"]
            return decide(if_true if holds(conditions[condition], values, conditions) else if_false)
        items = {name: decide(item) for name, item in value.items()}
        return {name: item for name, item in items.items() if item != {"Ref": "AWS::NoValue"}}

    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or holds(conditions[resource["Condition"]], values, conditions)
    }
    for resource in resources.values():
        resource.pop("Condition", None)
    rest = {name: part for name, part in template.items() if name not in ("Conditions", "Resources")}
    return decide({**rest, "Resources": resources})


def holds(test: dict[str, Any], values: dict[str, Any], conditions: dict[str, Any]) -> bool:
    """Returns whether a condition, or a rule's assertion, is true for parameter values."""
    ((function, argument),) = test.items()
    match function:
        case "Condition":
            return holds(conditions[argument], values, conditions)
        case "Fn::And":
            return all(holds(one, values, conditions) for one in argument)
        case "Fn::Not":
            return not holds(argument[0], values, conditions)
        case "Fn::Equals":
            left, right = (_value(side, values) for side in argument)
            return left == right
        case "Fn::Contains":
            return _value(argument[1], values) in argument[0]
    raise ValueError(f"The condition function {function} is not known here; add it to proofs/lint/transform.py")


def _value(side: Any, values: dict[str, Any]) -> Any:
    return values[side["Ref"]] if isinstance(side, dict) else side
