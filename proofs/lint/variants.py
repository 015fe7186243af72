"""The parameter values of the checks. Over all variants each condition of a template is once true and once false."""

from __future__ import annotations

_KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
_REQUIRED = {
    "VpcId": "vpc-00000001",
    "SubnetIds": "subnet-00000001,subnet-00000002",
    "DatabaseInstance": "app",
    "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf",
    "DatabaseSecurityGroupId": "sg-00000001",
    "NotificationAddress": "team@example.com",
}

#: What only the roles for GitHub need. The subjects have to differ where it matters.
GITHUB = {
    "GitHubOidcProviderArn": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
    "GitHubDeployerSubject": "repo:example/app:ref:refs/heads/main",
    "GitHubRunnerSubject": "repo:example/app:environment:run",
    "GitHubApproverSubject": "repo:example/app:environment:prod",
    "GitHubShipperSubject": "repo:example/shop:ref:refs/heads/main",
    "GitHubPlannerSubject": "repo:example/shop:pull_request",
}

VARIANTS = {
    "dev": _REQUIRED | {"Environment": "dev"},
    "prod": _REQUIRED
    | {
        "Environment": "prod",
        "Architecture": "arm64",
        "SecretsManagerEndpoint": "false",
        "S3RouteTableIds": "rtb-00000001,rtb-00000002",
        "S3PrefixListId": "pl-00000001",
        "DatabaseName": "app",
        "DatabaseCaFile": "/opt/ca.pem",
        "DatabaseSecretKmsKeyArn": _KEY,
        "NotificationKmsKeyArn": _KEY,
        "EnvironmentKmsKeyArn": _KEY,
    },
}

#: The same for bootstrap/github.yaml.
BOOTSTRAP = {
    "dev": {
        "Environment": "dev",
        **{name: _REQUIRED[name] for name in ("VpcId", "DatabaseSecurityGroupId")},
        **(GITHUB | dict.fromkeys(("GitHubApproverSubject", "GitHubShipperSubject", "GitHubPlannerSubject"), "")),
    },
    # People deploy and approve, and an application's repository ships.
    "shop": {
        "Environment": "dev",
        **{name: _REQUIRED[name] for name in ("VpcId", "DatabaseSecurityGroupId")},
        **(GITHUB | dict.fromkeys(("GitHubDeployerSubject", "GitHubRunnerSubject", "GitHubApproverSubject"), "")),
    },
    "prod": {
        "Environment": "prod",
        **{name: VARIANTS["prod"][name] for name in ("VpcId", "DatabaseSecurityGroupId", "EnvironmentKmsKeyArn")},
        **GITHUB,
    },
}
