"""Proves that a change reaches a new function version.

The state machine calls versions. CloudFormation publishes one when the version's logical id is new, or when one of its
properties is, since each of them can only be replaced. A change that leaves all of these as they were would be
deployed without a complaint and never run; the opposite fails, for Lambda publishes nothing that has not changed.
"""

from __future__ import annotations

import json

from lint.resolve import names_of, resolved
from lint.transform import decided, transformed
from lint.variants import GITHUB, VARIANTS

IN_VPC = {"Preflight", "Plan", "Apply"}
ALL = IN_VPC | {"Approve", "Notify"}

_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf"
_PARAMETERS = {
    "Project": ("another", ALL),
    "Environment": ("qa", ALL),
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
    # Turned on, the runner's role is one that the approve function knows. Who may take on the roles changes no code.
    "GitHubOidcProviderArn": (GITHUB["GitHubOidcProviderArn"], {"Approve"}),
    "GitHubDeployerSubject": ("repo:example/other:ref:refs/heads/main", set()),
    "GitHubRunnerSubject": ("repo:example/other:environment:run", set()),
    "GitHubApproverSubject": ("repo:example/other:environment:prod", set()),
    # Another processor needs other code, and so another upload.
    "Architecture": ("arm64", set()),
    # Another network needs other subnets. The rest is for roles, rules, the topic and the state machine.
    "VpcId": ("vpc-00000002", set()),
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
    "ApprovalFrom": ("caution", set()),
    "ApprovalSeconds": ("600", set()),
    "DatabaseWaitSeconds": ("600", set()),
    "DatabasePollSeconds": ("60", set()),
    "LogRetentionDays": ("7", set()),
}


def versions(parameters: dict[str, str], **uploads: str) -> dict[str, str]:
    """For each function, all that makes CloudFormation publish a version when it changes."""
    template = decided(transformed(parameters, **uploads))
    values = names_of(template)
    resources = template["Resources"]
    found = {}
    for logical_id, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Version":
            function = resource["Properties"]["FunctionName"]["Ref"]
            name = resources[function]["Properties"]["FunctionName"]
            description = resource["Properties"].get("Description", "")
            identity = [logical_id, resolved(name, values), resolved(description, values)]
            found[function.removesuffix("Function")] = json.dumps(identity)
    return found


def problems() -> list[str]:
    """Every change whose effect on the published versions is not the expected one."""
    base = VARIANTS["dev"]
    before = versions(base)
    if set(before) != ALL:
        return [f"functions with a version: {_list(set(before))}, not {_list(ALL)}"]
    found = [f"parameter {name}: nothing is known of it; add it to lint/versions.py" for name in _unknown(base)]

    def expect(change: str, after: dict[str, str], published: set[str]) -> None:
        changed = {name for name in ALL if before[name] != after[name]}
        if changed != published:
            found.append(f"{change}: publishes {_list(changed)}, not {_list(published)}")

    expect("nothing changed", versions(base), set())
    expect("changed migrations", versions(base, MigrationsLayer="changed"), IN_VPC)
    for name in ALL:
        expect(f"changed code of {name}", versions(base, **{f"{name}Function": "changed"}), {name})
    for parameter, (value, published) in _PARAMETERS.items():
        expect(f"changed parameter {parameter}", versions(base | {parameter: value}), published)
    return found


def _unknown(base: dict[str, str]) -> list[str]:
    return [name for name in transformed(base)["Parameters"] if name not in _PARAMETERS]


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
