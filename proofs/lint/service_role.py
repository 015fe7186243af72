"""Proves that CloudFormation's role suffices to deploy template.yaml, and that the role itself reaches no other stack.

The permissions of the roles and policies that it writes come from the template, and so from the person who deploys. The
permissions that a resource type needs are in its schema, which cfn-lint includes: those of its handlers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from proofs.lint import network
from proofs.lint.authorization import applies
from proofs.lint.deployed import ENVIRONMENTS, Deployed, Source, deployed, of_bootstrap
from proofs.lint.iam import Request, allowed, matches
from proofs.lint.resolve import ACCOUNT, REGION, arn
from proofs.lint.transform import transformed
from proofs.lint.variants import VARIANTS

ROLE = "CloudFormationServiceRole"

#: Permissions that a handler requires for a property that the template does not use, with the reason.
NOT_NEEDED = {
    "codedeploy:*": "no gradual deployment",
    "elasticfilesystem:*": "no file system",
    "s3files:*": "no file system",
    "firehose:*": "logs are not delivered elsewhere",
    "s3:REST.PUT.OBJECT": "logs are not delivered elsewhere",
    "s3:*Abac": "who may reach the bucket is not told by tags",
    "s3:*Acl": "the bucket has no access control list",
    "s3:*Analytics*": "no analytics",
    "s3:*BucketMetadata*": "no table of metadata",
    "s3:*BucketNotification": "the bucket sends no notification",
    "s3:*CORS": "no web page reads the bucket",
    "s3:*Cors": "no web page reads the bucket",
    "s3:*Inventory*": "no inventory",
    "s3:*Metrics*": "no metrics",
    "s3:*ObjectLock*": "no lock on objects",
    "s3:*Replication*": "no replica",
    "s3:*Website": "no web site",
    "s3:DeleteBucket": "the bucket is retained",
    "s3:DeleteBucketEncryption": "what the bucket has is changed, never taken away",
    "s3:DeleteBucketPolicy": "the policy is retained with the bucket",
    "s3:DeleteBucketLifecycle": "what the bucket has is changed, never taken away",
    "s3:DeleteBucketTagging": "what the bucket has is changed, never taken away",
    "s3:DeleteObject": "the bucket is retained",
    "s3:PutAccelerateConfiguration": "no acceleration",
    "s3:PutBucketLogging": "no access log",
    "s3:PutIntelligentTieringConfiguration": "no tiers",
    "s3tables:*": "no table of metadata",
    "vpc-lattice:*": "the endpoint is one for Secrets Manager",
    "vpce:AllowMultiRegion": "the endpoint is in the same region",
    "iam:AttachGroupPolicy": "policies are attached to roles only",
    "iam:AttachUserPolicy": "policies are attached to roles only",
    "iam:DetachGroupPolicy": "policies are attached to roles only",
    "iam:DetachUserPolicy": "policies are attached to roles only",
    "iam:*RolePermissionsBoundary": "no permissions boundary",
    "lambda:AssociateRuntimeAlias": "the runtime is AWS's",
    "lambda:*ConcurrencyConfig": "no provisioned concurrency",
    "lambda:*FunctionConcurrency": "no reserved concurrency",
    "lambda:*CodeSigningConfig": "no code signing",
    "lambda:PassCapacityProvider": "no capacity provider",
    "lambda:PutFunctionScalingConfig": "no capacity provider",
    "logs:*KmsKey": "log groups have CloudWatch's own key",
    "logs:*IndexPolicy": "no index",
    "logs:*LogDelivery": "the state machine's role has it",
    "logs:*DataProtectionPolicy": "no data protection policy",
    "logs:*ResourcePolicy": "no resource policy",
    "logs:PutBearerTokenAuthentication": "no bearer tokens",
    "logs:PutLogGroupDeletionProtection": "no deletion protection",
    "sns:PutDataProtectionPolicy": "no data protection policy",
    "sns:SetSubscriptionAttributes": "a subscription has no attribute that could change",
}

#: Actions that take no resource, so that they can only be allowed for all.
WITHOUT_RESOURCE = {
    "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
    "logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "sns:GetSubscriptionAttributes", "sns:Unsubscribe",
}

_UPLOADS = "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-0"

#: The context most favourable to a request, as it would be for another stack.
_FOREIGN_CONTEXT = {
    "aws:RequestTag/Name": "{stack}-functions",
    "aws:ResourceTag/Name": "{stack}-functions",
    "aws:ResourceAccount": ACCOUNT,
    "iam:PassedToService": "lambda.amazonaws.com",
    "iam:PolicyARN": arn("iam", "policy/{stack}/{stack}-StartPolicy-0"),
    "lambda:FunctionUrlAuthType": "AWS_IAM",
    "ec2:Vpc": "{vpc}",
    "ec2:VpceServiceName": f"com.amazonaws.{REGION}.secretsmanager",
    "kms:ViaService": f"lambda.{REGION}.amazonaws.com",
}


def problems(source: Source = deployed) -> list[str]:
    """Returns the permissions that the role lacks, and the resources of other stacks that it can reach."""
    found = []
    for environment in ENVIRONMENTS:
        stack = source(environment)
        found += [f"{environment}: {problem}" for check in (_lacking, _own, _foreign) for problem in check(stack)]
    return found


def _lacking(stack: Deployed) -> Iterator[str]:
    granted = [
        (pattern, statement["Resource"]) for statement in stack.statements(ROLE) for pattern in _list(statement["Action"])
    ]
    unused = set(NOT_NEEDED)
    for resource_type, action in sorted(_asked_for()):
        if any(matches(pattern, action) and applies(action, resources) for pattern, resources in granted):
            continue
        covering = {pattern for pattern in NOT_NEEDED if matches(pattern, action)}
        unused -= covering
        if not covering:
            yield f"{ROLE} lacks {action}, which a resource of the type {resource_type} may need"
    yield from (f"NOT_NEEDED says nothing any more with {pattern}; remove it" for pattern in sorted(unused))


@cache
def _asked_for() -> set[tuple[str, str]]:
    """Returns the resource types of the template, with the permissions that their handlers and tags require."""
    types = {resource["Type"] for values in VARIANTS.values() for resource in transformed(values)["Resources"].values()}
    asked = set()
    for resource_type in types:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
        for kind, handler in schema["handlers"].items():
            if kind != "list":  # the handler `list` finds resources outside of stacks
                asked |= {(resource_type, action) for action in handler["permissions"]}
        asked |= {(resource_type, action) for action in schema.get("tagging", {}).get("permissions", [])}
    return asked


def _own(stack: Deployed) -> Iterator[str]:
    """Yields what the role must be able to do with the template's own resources, by their names, and cannot."""
    name = stack.names["AWS::StackName"]
    functions = [stack.names[f"{step}Function.Arn"] for step in ("Preflight", "Plan", "Apply", "Notify", "Approve")]
    layer = arn("lambda", f"layer:{name}")
    wanted = [
        *((action, function, {}) for function in functions for action in ("lambda:CreateFunction", "lambda:PublishVersion")),
        *(("lambda:DeleteFunction", f"{function}:7", {}) for function in functions),
        *(("iam:PutRolePolicy", stack.names[f"{role}.Arn"], {}) for role in stack.roles if role not in of_bootstrap()),
        *(("iam:DeletePolicy", stack.names[policy], {}) for policy in ("StartPolicy", "ShipPolicy", "PlanPolicy", "ApprovePolicy", "VpcFunctionsPolicy")),
        *(
            ("logs:PutRetentionPolicy", stack.names[f"{log}LogGroup.Arn"].removesuffix(suffix), {})
            for log in ("Preflight", "Plan", "Apply", "Notify", "Approve", "MigrationStateMachine")
            for suffix in ("", ":*")
        ),
        ("lambda:PublishLayerVersion", layer, {}),
        ("lambda:GetLayerVersion", f"{layer}:3", {}),
        ("lambda:CreateFunctionUrlConfig", functions[-1], {"lambda:FunctionUrlAuthType": "AWS_IAM"}),
        ("lambda:CreateFunctionUrlConfig", f"{functions[-1]}:live", {"lambda:FunctionUrlAuthType": "AWS_IAM"}),
        ("s3:GetObject", f"{_UPLOADS}/{name}/0", {"aws:ResourceAccount": ACCOUNT}),
        ("s3:CreateBucket", stack.names["ReportsBucket.Arn"], {}),
        ("s3:PutBucketPolicy", stack.names["ReportsBucket.Arn"], {}),
        *(("states:CreateStateMachine", stack.names[f"{machine}StateMachine"], {}) for machine in ("Migration", "Plan")),
        ("cloudwatch:PutMetricAlarm", stack.names["BucketAlarm.Arn"], {}),
        ("sns:Subscribe", stack.names["NotificationTopic"], {}),
        ("events:PutRule", arn("events", f"rule/{name}-ended"), {}),
        ("ec2:AuthorizeSecurityGroupIngress", arn("ec2", f"security-group/{stack.names['DatabaseSecurityGroupId']}"), {}),
        *network.own(stack),
    ]
    for action, resource, context in wanted:
        request = Request(action, resource, context)
        if not allowed(stack.statements(ROLE), request):
            yield f"{ROLE} must do {request}"
    rules = [part for part in stack.template["Resources"].values() if part["Type"] == "AWS::Events::Rule"]
    if [rule["Properties"].get("Name") for rule in rules] != [{"Fn::Sub": "${Project}-migrations-${Environment}-ended"}]:
        yield f"The names of the EventBridge rules are not those that {ROLE} knows"


def _foreign(stack: Deployed) -> Iterator[str]:
    """Yields every allowed action of the role on resources of other stacks, including other stacks of this project."""
    statements = stack.statements(ROLE)
    free = {
        action for statement in statements if statement["Resource"] == "*" for action in _list(statement["Action"])
    }
    if free != WITHOUT_RESOURCE:
        yield f"{ROLE} has for every resource: {', '.join(sorted(free ^ WITHOUT_RESOURCE))}"
    for action, resource, context in network.foreign(stack):
        request = Request(action, resource, context)
        if allowed(statements, request):
            yield f"{ROLE} must not do {request}"
    own, vpc = stack.names["AWS::StackName"], arn("ec2", f"vpc/{stack.names['VpcId']}")
    for other in {"other", "lockstep-migrations", f"x{own}", *(own.replace("prod", word) for word in ("dev", "qa"))} - {own}:
        context = {name: value.format(stack=other, vpc=vpc) for name, value in _FOREIGN_CONTEXT.items()}
        for pattern in _actions(stack) - free:
            action = pattern.replace("*", "Function")
            of_action = [one for one in statements if any(matches(known, action) for known in _list(one["Action"]))]
            for resource in _resources_of(other, stack):
                request = Request(action, resource, context)
                if allowed(of_action, request):
                    yield f"{ROLE} must not do {request}"


def _resources_of(other: str, stack: Deployed) -> list[str]:
    """Returns the resources of another stack. Of EC2's resources only those without their owner's tag are included."""
    return [
        "*",
        arn("lambda", f"function:{other}-approve"),
        arn("lambda", f"function:{other}-approve:live"),
        arn("lambda", f"layer:{other}"),
        arn("lambda", f"layer:{other}:1"),
        arn("iam", f"role/{other}/{other}-ApproveFunctionRole-0"),
        arn("iam", f"role/{other}-ApproveFunctionRole-0"),
        arn("iam", f"role/{stack.names['AWS::StackName']}-ApproveFunctionRole-0"),
        *(stack.names[f"{role}.Arn"] for role in of_bootstrap()),
        arn("iam", f"policy/{other}/{other}-StartPolicy-0"),
        "arn:aws:iam::aws:policy/AdministratorAccess",
        arn("iam", "user/ann"),
        arn("states", f"stateMachine:{other}"),
        arn("states", f"stateMachine:{other}-plan"),
        arn("cloudwatch", f"alarm:{other}-bucket"),
        arn("states", f"execution:{other}:run"),
        arn("states", f"execution:{stack.names['AWS::StackName']}:run"),
        arn("events", f"rule/{other}-ended"),
        arn("sns", other),
        arn("logs", f"log-group:/aws/lambda/{other}-apply"),
        arn("logs", f"log-group:/aws/vendedlogs/states/{other}:*"),
        f"{_UPLOADS}/{other}/0",
        f"arn:aws:s3:::{other}-01234567",
        f"arn:aws:s3:::{other}-01234567/reports/0/report.html",
        arn("ec2", "security-group/sg-9"),
        arn("ec2", "vpc-endpoint/vpce-9"),
        arn("ec2", "vpc/vpc-9"),
        arn("secretsmanager", "secret:app-AbCdEf"),
        arn("rds", "db:app"),
        arn("kms", "key/9"),
        arn("cloudformation", f"stack/{other}/0"),
    ]


def _actions(stack: Deployed) -> set[str]:
    return {
        action
        for statement in stack.statements(ROLE)
        if statement["Effect"] == "Allow"
        for action in _list(statement["Action"])
    }


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
