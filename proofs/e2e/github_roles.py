"""The roles for GitHub: the stack of bootstrap/github.yaml, as an administrator deploys it."""

from __future__ import annotations

from local import environment, paths
from local.stack import Stack

_SUBJECTS = {
    "GitHubOidcProviderArn": f"arn:aws:iam::{environment.ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
    "GitHubDeployerSubject": "repo:owner/name:ref:refs/heads/main",
    "GitHubRunnerSubject": "repo:owner/name:ref:refs/heads/main",
    "GitHubApproverSubject": "repo:owner/name:environment:prod",
    "GitHubShipperSubject": "repo:owner/shop:ref:refs/heads/main",
    "GitHubPlannerSubject": "repo:owner/shop:pull_request",
}


def deploy(stack: Stack, env: str, project: str) -> dict[str, str]:
    """Makes the roles for an environment, and returns the outputs of their stack."""
    name = f"{project}-migrations-{env}-github"
    parameters = _SUBJECTS | {
        "Project": project, "Environment": env,
        "VpcId": stack.account.vpc_id, "DatabaseSecurityGroupId": stack.account.security_group_id,
    }
    cloudformation = stack.client("cloudformation")
    # A change set, as `aws cloudformation deploy` makes one.
    cloudformation.create_change_set(
        StackName=name, ChangeSetName="roles", ChangeSetType="CREATE", TemplateBody=paths.BOOTSTRAP.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(StackName=name, ChangeSetName="roles")
    cloudformation.execute_change_set(StackName=name, ChangeSetName="roles")
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name)
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
