"""Proves that a change reaches a new function version.

The state machine calls versions. CloudFormation publishes one if the version's logical id is new, or if one of its
properties changes, since each of them can only be replaced. A change that leaves all of these unchanged would be
deployed without an error and never run. The opposite fails, because Lambda publishes no version without a change.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from proofs.lint.resolve import create_only, names_of, resolved
from proofs.lint.transform import decided, transformed
from proofs.lint.variants import VARIANTS

IN_VPC = {"Preflight", "Plan", "Apply"}
ALL = IN_VPC | {"Approve", "Notify"}

_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf"
_PARAMETERS = {
    "Project": ("another", ALL),
    "Environment": ("qa", ALL),
    "Release": ("2", ALL),
    "EnvironmentKmsKeyArn": (VARIANTS["prod"]["EnvironmentKmsKeyArn"], ALL),
    "SubnetIds": ("subnet-00000003", IN_VPC),
    "SecretsManagerEndpoint": ("false", IN_VPC),
    "DatabaseSecretArn": (_SECRET, IN_VPC),
    "DatabaseName": ("other", IN_VPC),
    "DatabaseSchema": ("other", IN_VPC),
    "DatabaseCaFile": ("/opt/ca.pem", IN_VPC),
    "SqlxTable": ("other", IN_VPC),
    "Divergence": ("strict", IN_VPC),
    "LockTimeoutMs": ("1000", IN_VPC),
    "ApplyTimeoutSeconds": ("600", {"Apply"}),
    # Another network has other groups.
    "VpcId": ("vpc-00000002", IN_VPC),
    # The other parameters are for roles, rules, the topic and the state machine.
    "DatabaseSecurityGroupId": ("sg-00000002", set()),
    "DatabasePort": ("5433", set()),
    "DatabaseInstance": ("other", set()),
    "DatabaseSecretKmsKeyArn": (VARIANTS["prod"]["DatabaseSecretKmsKeyArn"], set()),
    "NotificationKmsKeyArn": (VARIANTS["prod"]["NotificationKmsKeyArn"], set()),
    "NotificationAddress": ("other@example.com", set()),
    "NothingPendingMail": ("true", set()),
    "S3RouteTableIds": ("rtb-00000001", set()),
    "S3PrefixListId": ("pl-00000001", set()),
    "ReportRetentionDays": ("30", set()),
    "BucketAlarmGb": ("20", set()),
    "ApprovalFrom": ("caution", set()),
    "ApprovalSeconds": ("600", set()),
    "DatabaseWaitSeconds": ("600", set()),
    "DatabasePollSeconds": ("60", set()),
    "LogRetentionDays": ("7", set()),
}

#: Another processor needs other code, and so another upload.
_WITH_OTHER_CODE = "Architecture"

#: The properties of a function that are no part of a version. SAM adds a tag, always the same.
_NOT_OF_A_VERSION = {"Tags"}

#: Changes a transformed template in place, like an edit of the template.
Edit = Callable[[dict[str, Any]], object]


@dataclass(frozen=True)
class Function:
    """A function as CloudFormation and Lambda see it."""

    #: Everything whose change makes CloudFormation publish a version.
    version: str
    #: What Lambda compares with the last published version.
    configuration: str


def functions(
    parameters: dict[str, str], edit: Edit = lambda _: None, /, bucket: str = "uploads", **uploads: str
) -> dict[str, Function]:
    """Returns the functions of a stack by their steps."""
    template = copy.deepcopy(_stack(tuple(parameters.items()), bucket, tuple(uploads.items())))
    edit(template)
    values = names_of(template)
    return {
        name: Function(
            json.dumps([logical_id, create_only(version, values)]),
            json.dumps(_compared(template["Resources"][f"{name}Function"]["Properties"], values)),
        )
        for name, (logical_id, version) in _versions(template).items()
    }


@cache
def _stack(parameters: tuple[tuple[str, str], ...], bucket: str, uploads: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return decided(transformed(dict(parameters), bucket, **dict(uploads)))


def problems(edit: Edit = lambda _: None) -> list[str]:
    """Returns every change that publishes other versions than expected."""
    base = VARIANTS["dev"]
    before = functions(base, edit)
    if set(before) != ALL:
        return [f"functions with a version: {_list(set(before))}, not {_list(ALL)}"]
    found = [f"parameter {name}: nothing is known of it; add it to proofs/lint/versions.py" for name in _unknown(base)]

    def expect(change: str, after: dict[str, Function], published: set[str]) -> None:
        replaced = {name for name in ALL if before[name].version != after[name].version}
        different = {name for name in ALL if before[name].configuration != after[name].configuration}
        if replaced != published:
            found.append(f"{change}: publishes {_list(replaced)}, not {_list(published)}")
        if different != replaced:
            found.append(f"{change}: publishes {_list(replaced)}, and Lambda sees a change of {_list(different)}")

    expect("nothing changed", functions(base, edit), set())
    expect("changed migrations", functions(base, edit, MigrationsLayer="changed"), IN_VPC)
    for name in ALL:
        expect(f"changed code of {name}", functions(base, edit, **{f"{name}Function": "changed"}), {name})
    for parameter, (value, published) in _PARAMETERS.items():
        expect(f"changed parameter {parameter}", functions(base | {parameter: value}, edit), published)
    other_code = {f"{name}Function": "changed" for name in ALL}
    expect("another architecture", functions(base | {_WITH_OTHER_CODE: "arm64"}, edit, **other_code), ALL)
    for variant, parameters in VARIANTS.items():
        template = decided(transformed(parameters))
        edit(template)
        found += [f"{variant}: {problem}" for problem in _unnamed(template)]
    return found


def _versions(template: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Returns the logical id and the resource of each function's version."""
    return {
        resource["Properties"]["FunctionName"]["Ref"].removesuffix("Function"): (logical_id, resource)
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Version"
    }


def _compared(properties: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    compared = {name: value for name, value in properties.items() if name not in _NOT_OF_A_VERSION}
    # The same code from another place is the same code.
    return resolved(compared | {"Code": properties["Code"]["S3Key"]}, values)


def _unnamed(template: dict[str, Any]) -> Iterator[str]:
    """Yields a function's inputs that its version does not name. If their values changed, the version would not be
    replaced."""
    resources = template["Resources"]
    for name, (_, version) in _versions(template).items():
        properties = resources[f"{name}Function"]["Properties"]
        named = _referred(version["Properties"])
        for layer in [one for one in named if resources.get(one, {}).get("Type") == "AWS::Lambda::LayerVersion"]:
            named |= _referred(resources[layer]["Properties"])
        # A function with another name is another function.
        missing = _referred(properties) - named - _referred(properties["FunctionName"]) - {_WITH_OTHER_CODE}
        if missing:
            yield f"{name}Function takes {_list(missing)}, which its VersionDescription does not name"


def _referred(value: Any) -> set[str]:
    """Returns the parameters and resources that a value refers to."""
    if isinstance(value, list):
        return set().union(*map(_referred, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(_referred, value.values()))
    if reference := value.get("Ref") or value.get("Fn::GetAtt"):
        found.add((reference if isinstance(reference, str) else reference[0]).split(".")[0])
    if text := value.get("Fn::Sub"):
        text, own = text if isinstance(text, list) else (text, {})
        found |= set(re.findall(r"\$\{([\w:]+)", text)) - set(own)
    return {name for name in found if not name.startswith("AWS::")}


def _unknown(base: dict[str, str]) -> list[str]:
    return [name for name in transformed(base)["Parameters"] if name not in _PARAMETERS and name != _WITH_OTHER_CODE]


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
