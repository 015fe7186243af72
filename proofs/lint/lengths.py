"""Proves that the texts that name the inputs of a version, and the alarm's, are never too long, whatever the parameters are.

AWS refuses a text that is too long only when it gets it, minutes after the deployment began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.session import get_session

from proofs.lint.resolve import names_of, resolved
from proofs.lint.transform import decided, transformed
from proofs.lint.variants import VARIANTS
from proofs.lint.versions import Edit

#: The operation that gets the texts of a resource, with its service.
_OPERATIONS = {
    "AWS::Lambda::Version": ("lambda", "PublishVersion"),
    "AWS::Lambda::LayerVersion": ("lambda", "PublishLayerVersion"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
}
_TEXTS = ("Description", "LicenseInfo", "AlarmName", "AlarmDescription")

#: Longer than any text that a parameter may be.
_UNBOUNDED = 1000


def problems(edit: Edit = lambda _: None) -> list[str]:
    """Returns the texts that can become too long."""
    longest = _longest(transformed(VARIANTS["prod"])["Parameters"])
    # The identifier of an endpoint of the stack's own is among the named inputs.
    template = decided(transformed(longest | {"SecretsManagerEndpoint": "true"}))
    edit(template)
    return list(_too_long(template))


def _too_long(template: dict[str, Any]) -> Iterator[str]:
    values = names_of(template)
    for logical_id, resource in template["Resources"].items():
        for name in _TEXTS if resource["Type"] in _OPERATIONS else ():
            text = resolved(resource["Properties"].get(name, ""), values)
            limit = _limit(_OPERATIONS[resource["Type"]], name)
            if len(text) > limit:
                yield f"{logical_id}: {name} can have {len(text)} characters, and AWS takes {limit}"


def _longest(declared: dict[str, Any]) -> dict[str, str]:
    """Returns for each parameter the longest value that its declaration accepts."""
    return {name: _grown(parameter) for name, parameter in declared.items()}


def _grown(parameter: dict[str, Any]) -> str:
    if "AllowedValues" in parameter:
        return max(map(str, parameter["AllowedValues"]), key=len)
    value = str(parameter["Default"])
    if parameter["Type"].startswith("List<"):
        count, member = _model("lambda").shape_for("SubnetIds").metadata["max"], value.split(",")[0]
        return ",".join([f"{member:0<24}"] * count)
    while len(value) < _UNBOUNDED and _accepted(parameter, value + "0"):
        value += "0"
    return value


def _accepted(parameter: dict[str, Any], value: str) -> bool:
    if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
        return False
    if parameter["Type"] == "Number":
        return int(value) <= parameter["MaxValue"]
    # An identifier of EC2.
    if parameter["Type"].startswith("AWS::"):
        return False
    return len(value) <= parameter.get("MaxLength", _UNBOUNDED)


@cache
def _model(service: str) -> Any:
    return get_session().get_service_model(service)


def _limit(call: tuple[str, str], name: str) -> int:
    service, operation = call
    members = _model(service).operation_model(operation).input_shape.members
    return members[name].metadata["max"] if name in members else 0
