"""Resolves the functions in a template without conditions: Ref, Fn::GetAtt, Fn::Sub, Fn::Join, Fn::Split, Fn::Select.

An unknown function or name is an error: a guessed value would prove nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

ACCOUNT = "123456789012"
REGION = "us-east-1"

_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


def parameters_of(template: dict[str, Any]) -> dict[str, Any]:
    """Returns the parameters' values, which `lint.transform` has made their defaults."""
    return {name: declared["Default"] for name, declared in template["Parameters"].items()}


def names_of(template: dict[str, Any]) -> dict[str, Any]:
    """Returns the value of each Ref, and under `Resource.Attribute` of each GetAtt, that the policies use."""
    values = _PSEUDO | parameters_of(template)
    values["AWS::StackName"] = stack = f"{values['Project']}-migrations-{values['Environment']}"
    values["AWS::StackId"] = arn("cloudformation", f"stack/{stack}/01234567-89ab-cdef-0123-456789abcdef")
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})

        def own(name: str, properties: dict[str, Any] = properties) -> Any:
            return resolved(properties[name], values)

        match resource["Type"]:
            case "AWS::Lambda::Function":
                values[logical_id] = own("FunctionName")
                values[f"{logical_id}.Arn"] = arn("lambda", f"function:{values[logical_id]}")
            case "AWS::StepFunctions::StateMachine":
                values[logical_id] = arn("states", f"stateMachine:{own('StateMachineName')}")
            case "AWS::SNS::Topic":
                values[logical_id] = arn("sns", own("TopicName"))
                values[f"{logical_id}.TopicName"] = own("TopicName")
            case "AWS::S3::Bucket":
                values[logical_id] = own("BucketName")
                values[f"{logical_id}.Arn"] = f"arn:aws:s3:::{values[logical_id]}"
            case "AWS::CloudWatch::Alarm":
                values[logical_id] = own("AlarmName")
                values[f"{logical_id}.Arn"] = arn("cloudwatch", f"alarm:{values[logical_id]}")
            case "AWS::Logs::LogGroup":
                values[logical_id] = own("LogGroupName")
                values[f"{logical_id}.Arn"] = arn("logs", f"log-group:{values[logical_id]}:*")
            case "AWS::IAM::Role":
                # Without a name of its own it gets one that CloudFormation shortens to the length that IAM accepts.
                made_up = f"{f'{stack}-{logical_id}'[:51]}-0123456789AB"
                values[logical_id] = own("RoleName") if "RoleName" in properties else made_up
                values[f"{logical_id}.Arn"] = arn("iam", f"role{own('Path')}{values[logical_id]}")
            case "AWS::IAM::ManagedPolicy":
                values[logical_id] = arn("iam", f"policy{own('Path')}{stack}-{logical_id}-0123456789AB")
            case "AWS::EC2::SecurityGroup":
                values[logical_id] = f"sg-{_identity(resource, values):017x}"
            case "AWS::EC2::VPCEndpoint":
                values[logical_id] = f"vpce-{_identity(resource, values):017x}"
                values[f"{logical_id}.DnsEntries"] = [f"Z0:{values[logical_id]}.example.com"]
    # The texts of these resources name the others.
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::LayerVersion":
            name = resolved(resource["Properties"]["LayerName"], values)
            values[logical_id] = arn("lambda", f"layer:{name}:{_identity(resource, values) % 10**7:07}")
    return values


def _identity(resource: dict[str, Any], values: dict[str, Any]) -> int:
    """Returns a number for the resource that CloudFormation makes. A change of a create-only property changes the number.

    It has seventeen hexadecimal digits, like EC2's identifiers.
    """
    given = json.dumps(create_only(resource, values), sort_keys=True)
    return int(hashlib.sha256(given.encode()).hexdigest()[:17], 16)


def create_only(resource: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Returns the properties of a resource that cannot be updated: with another value, CloudFormation replaces the
    resource."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource["Type"]).schema
    names = {path.split("/")[2] for path in schema["createOnlyProperties"]}
    return {name: resolved(value, values) for name, value in resource["Properties"].items() if name in names}


def arn(service: str, rest: str) -> str:
    """Returns an ARN in the account and Region of all checks."""
    return f"arn:aws:{service}:{'' if service == 'iam' else REGION}:{ACCOUNT}:{rest}"


def resolved(value: Any, values: dict[str, Any]) -> Any:
    """Returns the value with all functions in it resolved."""
    if isinstance(value, list):
        return [resolved(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or not (next(iter(value)) == "Ref" or next(iter(value)).startswith("Fn::")):
        return {name: resolved(item, values) for name, item in value.items()}
    ((function, argument),) = value.items()
    match function:
        case "Ref":
            return values[argument]
        case "Fn::GetAtt":
            return values[argument if isinstance(argument, str) else ".".join(argument)]
        case "Fn::Join":
            parts = resolved(argument[1], values)
            if isinstance(parts, str):  # a list as the text of a parameter
                parts = parts.split(",")
            return argument[0].join(map(str, parts))
        case "Fn::Split":
            return resolved(argument[1], values).split(argument[0])
        case "Fn::Select":
            return resolved(argument[1], values)[argument[0]]
        case "Fn::Sub":
            text, own = argument if isinstance(argument, list) else (argument, {})
            known = values | {name: resolved(part, values) for name, part in own.items()}
            return re.sub(r"\$\{([^}]+)\}", lambda found: str(known[found[1]]), text)
    raise ValueError(f"The function {function} is not known here; add it to proofs/lint/resolve.py")
