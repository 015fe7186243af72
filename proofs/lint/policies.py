"""Proves who may do what: a table of requests, each allowed or not, decided by the policies that would be deployed.

A `Row` is about one principal. An `Only` is about all principals of the template: those that it does not name may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from proofs.lint.deployed import ENVIRONMENTS, EVERYTHING, Deployed, Source, deployed
from proofs.lint.iam import Request, allowed
from proofs.lint.resolve import ACCOUNT, arn, resolved
from proofs.lint.variants import VARIANTS

ALWAYS = ENVIRONMENTS
NOT_IN_PROD = ("dev", "qa")
NEVER = ()

#: IAM's context for a call of the URL, for a URL without signatures, and for each invocation.
_URL = {"lambda:FunctionUrlAuthType": "AWS_IAM"}
_UNSIGNED = {"lambda:FunctionUrlAuthType": "NONE"}
_VIA_URL = {"lambda:InvokedViaFunctionUrl": "true"}
_DIRECTLY = {"lambda:InvokedViaFunctionUrl": "false"}

# {stack} is the stack's name, {Role} a role's ARN.
_MACHINE = arn("states", "stateMachine:{stack}")
_EXECUTION = arn("states", "execution:{stack}:run")
_PLAN_MACHINE = arn("states", "stateMachine:{stack}-plan")
_PLAN_EXECUTION = arn("states", "execution:{stack}-plan:run")
_ALARM = arn("cloudwatch", "alarm:{stack}-bucket")
_APPROVE = arn("lambda", "function:{stack}-approve")
_APPROVE_LIVE = f"{_APPROVE}:live"
_APPLY_LOG = arn("logs", "log-group:/aws/lambda/{stack}-apply:*")
_SECRET = arn("secretsmanager", "secret:app-AbCdEf")
_KEY = VARIANTS["prod"]["DatabaseSecretKmsKeyArn"]
_STACK = arn("cloudformation", "stack/{stack}/0")
_OTHER_STACK = arn("cloudformation", "stack/other/0")
_REPORTS = "{bucket}"
_REPORT = "{bucket}/reports/0/report.html"
_BUNDLE = "{bucket}/bundles/0.zip"
#: A request that puts only what is not there yet.
_NEW = {"s3:if-none-match": "*"}
#: The same, in a storage class that is named.
_STANDARD, _ARCHIVED = (_NEW | {"s3:x-amz-storage-class": name} for name in ("STANDARD", "GLACIER"))
#: A bucket in this account, and one of another account under such a name.
_HERE, _ELSEWHERE = {"aws:ResourceAccount": "123456789012"}, {"aws:ResourceAccount": "210987654321"}
_UPLOAD = "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-0/{stack}/0"

#: The policies with which a person starts what changes a database, and those together with the one that approves.
_STARTS = ("StartPolicy", "ShipPolicy")
_BOTH = tuple(f"{policy} + ApprovePolicy" for policy in _STARTS)
#: The roles for GitHub that start what changes a database. They may reject as well.
_GITHUB_STARTS = dict.fromkeys(("GitHubRunnerRole", "GitHubShipperRole"), ALWAYS)
#: Who uploads bundles and only plans, and who uploads them and runs them.
_PLANS = dict.fromkeys(("PlanPolicy", "GitHubPlannerRole"), ALWAYS)
#: Who starts or approves, and looks into what is run.
_PERSONS = dict.fromkeys((*_STARTS, "ApprovePolicy"), ALWAYS)
_SHIPS = dict.fromkeys(("ShipPolicy", "GitHubShipperRole"), ALWAYS)
_STARTERS = dict.fromkeys(_STARTS, ALWAYS) | _GITHUB_STARTS
_READERS = _STARTERS | _PLANS | {"ApprovePolicy": ALWAYS}
#: The principals of bootstrap/github.yaml among them know the bucket's account.
_READERS_ELSEWHERE = {who: where for who, where in _READERS.items() if not who.startswith("GitHub")}
_READERS_IN_GITHUB = {who: where for who, where in _READERS.items() if who.startswith("GitHub")}
_MACHINE_ROLES = dict.fromkeys(("MigrationStateMachineRole", "PlanStateMachineRole"), ALWAYS)

#: The functions that reach the database, and the policy that they share.
_IN_VPC = dict.fromkeys(("PreflightFunctionRole", "PlanFunctionRole", "ApplyFunctionRole", "VpcFunctionsPolicy"), ALWAYS)
_STEPS = ("preflight", "plan", "apply", "notify", "approve")

#: What Lambda needs to put a function into a VPC.
_INTERFACES = tuple(
    f"ec2:{action}"
    for action in (
        "CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface", "DescribeSubnets",
        "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses",
    )
)
#: CloudFormation's role looks at the network too.
_LOOKS = {"ec2:DescribeNetworkInterfaces": {"CloudFormationServiceRole": ALWAYS}}
_LOOKS["ec2:DescribeSubnets"] = _LOOKS["ec2:DescribeNetworkInterfaces"] | {"GitHubDeployerRole": ALWAYS}


@dataclass(frozen=True)
class Row:
    """One principal's request, and the environments in which it is allowed."""

    who: str
    action: str
    resource: str
    where: tuple[str, ...]
    context: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Only:
    """One request, and the principals that may make it, with the environments. All other principals may not make it
    anywhere."""

    action: str
    resource: str
    may: Mapping[str, tuple[str, ...]]
    context: dict[str, str] = field(default_factory=dict)


def _through_the_url(who: str, where: tuple[str, ...]) -> list[Row]:
    """Returns rows for both permissions that Lambda requires, on both names of the function behind the URL."""
    return [
        Row(who, action, resource, where, context)
        for resource in (_APPROVE, _APPROVE_LIVE)
        for action, context in (("lambda:InvokeFunctionUrl", _URL), ("lambda:InvokeFunction", _VIA_URL))
    ]


TABLE: list[Row | Only] = [
    # Starting and stopping
    Only("states:StartExecution", _MACHINE, _STARTERS),
    Only("states:StartExecution", _PLAN_MACHINE, _PLANS),
    *(Only("states:StartExecution", f"{machine}:1", {}) for machine in (_MACHINE, _PLAN_MACHINE)),
    *(Only("states:RedriveExecution", execution, {}) for execution in (_EXECUTION, _PLAN_EXECUTION)),
    Only("states:StopExecution", _EXECUTION, dict.fromkeys(_STARTS, ALWAYS)),
    Only("states:StopExecution", _PLAN_EXECUTION, {}),
    *(Row(both, "states:StartExecution", _MACHINE, NOT_IN_PROD) for both in _BOTH),
    # A plan alone is nothing that could be approved
    Row("PlanPolicy + ApprovePolicy", "states:StartExecution", _PLAN_MACHINE, ALWAYS),
    # Reading
    Only("states:DescribeExecution", _EXECUTION, _STARTERS | dict.fromkeys(("ApprovePolicy", "GitHubApproverRole"), ALWAYS)),
    Only(
        "states:GetExecutionHistory",
        _EXECUTION,
        _STARTERS | dict.fromkeys(("ApprovePolicy", "ApproveFunctionRole", "GitHubApproverRole"), ALWAYS),
    ),
    *(Only(f"states:{action}", _PLAN_EXECUTION, _PLANS) for action in ("DescribeExecution", "GetExecutionHistory")),
    Only("states:ListExecutions", _MACHINE, _STARTERS | {"ApprovePolicy": ALWAYS}),
    Only("states:ListExecutions", _PLAN_MACHINE, _PLANS),
    Only("logs:FilterLogEvents", _APPLY_LOG, _STARTERS | {"GitHubApproverRole": ALWAYS}),
    *(
        Row(who, "lambda:GetFunctionUrlConfig", resource, ALWAYS)
        for who in ("ApprovePolicy", "GitHubApproverRole", *_GITHUB_STARTS)
        for resource in (_APPROVE, _APPROVE_LIVE)
    ),
    # Deciding, through the URL
    *_through_the_url("ApprovePolicy", ALWAYS),
    *_through_the_url("GitHubApproverRole", ALWAYS),
    # These reject; the function accepts no approval from them
    *(row for who in _GITHUB_STARTS for row in _through_the_url(who, ALWAYS)),
    *(row for both in _BOTH for row in _through_the_url(both, NOT_IN_PROD)),
    *_through_the_url("PlanPolicy + ApprovePolicy", ALWAYS),
    *(
        Only(
            action,
            resource,
            {"ApprovePolicy": ALWAYS, "GitHubApproverRole": ALWAYS, **_GITHUB_STARTS},
            context,
        )
        for resource in (_APPROVE, _APPROVE_LIVE)
        for action, context in (("lambda:InvokeFunctionUrl", _URL), ("lambda:InvokeFunction", _VIA_URL))
    ),
    *(Only("lambda:InvokeFunctionUrl", resource, {}, _UNSIGNED) for resource in (_APPROVE, _APPROVE_LIVE)),
    # Deciding by a direct invocation. In prod such a caller could claim any name
    *(Only("lambda:InvokeFunction", _APPROVE, {"ApprovePolicy": NOT_IN_PROD}, context) for context in ({}, _DIRECTLY)),
    *(Row(both, "lambda:InvokeFunction", _APPROVE, NOT_IN_PROD, context) for both in _BOTH for context in ({}, _DIRECTLY)),
    # The alias of the URL is for the URL only: the function takes an invocation under it for verified
    *(Only("lambda:InvokeFunction", _APPROVE_LIVE, {}, context) for context in ({}, _DIRECTLY)),
    *(Only("lambda:InvokeFunction", f"{_APPROVE}{qualifier}", {}) for qualifier in (":1", ":$LATEST")),
    Only("lambda:InvokeAsync", _APPROVE, {}),
    # Deciding, with the task's token
    Only("states:SendTaskSuccess", "*", {"ApproveFunctionRole": ALWAYS}),
    Only("states:SendTaskFailure", "*", {}),
    Only("states:SendTaskHeartbeat", "*", {}),
    # Whatever other permissions a person has, in prod one of our policies denies the ways around the approval
    *(
        Row(f"{policy} + {EVERYTHING}", action, "*", NOT_IN_PROD)
        for policy in (*_STARTS, "ApprovePolicy")
        for action in ("states:SendTaskSuccess", "states:SendTaskFailure")
    ),
    *(
        Row(f"ApprovePolicy + {EVERYTHING}", "lambda:InvokeFunction", resource, NOT_IN_PROD, context)
        for resource in (_APPROVE, _APPROVE_LIVE, f"{_APPROVE}:1")
        for context in ({}, _DIRECTLY)
    ),
    *_through_the_url(f"ApprovePolicy + {EVERYTHING}", ALWAYS),
    *(row for policy in _STARTS for row in _through_the_url(f"{policy} + {EVERYTHING}", NOT_IN_PROD)),
    *(
        Row(f"{policy} + {EVERYTHING}", "lambda:InvokeFunction", resource, NOT_IN_PROD)
        for policy in _STARTS
        for resource in (_APPROVE, _APPROVE_LIVE, f"{_APPROVE}:1")
    ),
    *(
        Row(f"ApprovePolicy + {EVERYTHING}", action, resource, NOT_IN_PROD)
        for action, resource in (
            ("states:StartExecution", _MACHINE),
            ("states:StartExecution", f"{_MACHINE}:1"),
            ("states:RedriveExecution", _EXECUTION),
        )
    ),
    # The other functions
    *(
        Only("lambda:InvokeFunction", arn("lambda", f"function:{{stack}}-{step}:1"), _MACHINE_ROLES)
        for step in ("preflight", "plan", "notify")
    ),
    # The machine that only plans cannot apply, whatever its definition says
    Only("lambda:InvokeFunction", arn("lambda", "function:{stack}-apply:1"), {"MigrationStateMachineRole": ALWAYS}),
    Only("rds:DescribeDBInstances", arn("rds", "db:app"), _MACHINE_ROLES),
    *(
        Only("lambda:InvokeFunction", arn("lambda", f"function:{{stack}}-{step}"), {})
        for step in ("preflight", "plan", "apply", "notify")
    ),
    Only("lambda:InvokeFunction", arn("lambda", "function:other:1"), {}),
    Only("sns:Publish", arn("sns", "{stack}"), {"NotifyFunctionRole": ALWAYS}),
    # The database's secret
    Only("secretsmanager:GetSecretValue", _SECRET, _IN_VPC),
    Only("kms:Decrypt", _KEY, _IN_VPC, {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}),
    Only("kms:Decrypt", arn("kms", "key/other"), {}, {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}),
    Only("kms:Decrypt", _KEY, {}),
    Only("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:other-AbCdEf"), {}),
    Only("secretsmanager:PutSecretValue", _SECRET, {}),
    # The network's interfaces: Lambda makes them in the function's name, and the function's code makes none
    *(Only(action, "*", _IN_VPC | _LOOKS.get(action, {})) for action in _INTERFACES),
    *(
        Only(action, "*", _LOOKS.get(action, {}), {"lambda:SourceFunctionArn": arn("lambda", f"function:{{stack}}-{code}")})
        for action, code in (
            *((action, "plan") for action in _INTERFACES),
            *((_INTERFACES[0], f"{step}{version}") for step in _STEPS for version in ("", ":7", ":live")),
        )
    ),
    # Logs and traces
    *(
        Only(f"logs:{action}", arn("logs", f"log-group:/aws/lambda/{{stack}}-{step}:log-stream:a"), {f"{step.title()}FunctionRole": ALWAYS})
        for action in ("CreateLogStream", "PutLogEvents")
        for step in _STEPS
    ),
    *(
        Only(
            f"xray:{action}",
            "*",
            _IN_VPC | _MACHINE_ROLES | dict.fromkeys(("NotifyFunctionRole", "ApproveFunctionRole"), ALWAYS),
        )
        for action in ("PutTraceSegments", "PutTelemetryRecords")
    ),
    # The reports
    Only("s3:PutObject", _REPORT, {"PlanFunctionRole": ALWAYS}),
    Only("s3:PutObject", _REPORT, {"PlanFunctionRole": ALWAYS}, _HERE | _NEW),
    Only("s3:GetObject", _REPORT, _READERS, _HERE),
    Only("s3:GetObject", _REPORT, _READERS_ELSEWHERE, _ELSEWHERE),
    # The roles for GitHub know of the bucket's name what the stack's name says. A deleted stack has left such a bucket
    Only("s3:GetObject", "arn:aws:s3:::{stack}-89abcdef/reports/0/report.html", _READERS_IN_GITHUB, _HERE),
    *(
        Only("s3:GetObject", f"arn:aws:s3:::{{stack}}{end}", {}, _HERE)
        for end in ("-0/reports/0/report.html", "-a-migrations-prod-01234567/reports/0/report.html", "-89abcdef/other")
    ),
    Only(
        "s3:ListBucket",
        _REPORTS,
        _READERS | {"CloudFormationServiceRole": ALWAYS},
        _HERE,
    ),
    Only("s3:ListBucketVersions", _REPORTS, {}, _HERE),
    *(
        Only(f"s3:{action}", f"{_REPORTS}/{key}", {}, _HERE)
        for action, key in (
            ("PutObject", "other"), ("GetObject", "other"), ("DeleteObject", "reports/0/report.html"),
            ("DeleteObjectVersion", "reports/0/report.html"), ("PutObjectAcl", "reports/0/report.html"),
            ("BypassGovernanceRetention", "reports/0/report.html"),
        )
    ),
    *(Only(f"s3:{action}", "arn:aws:s3:::other/reports/0/report.html", {}, _HERE) for action in ("PutObject", "GetObject")),
    # The bundles: put once by those who ship, read by the functions that reach the database, and by no other
    Only("s3:PutObject", _BUNDLE, _SHIPS | _PLANS, _HERE | _NEW),
    Only("s3:PutObject", _BUNDLE, {"ShipPolicy": ALWAYS, "PlanPolicy": ALWAYS}, _ELSEWHERE | _NEW),
    Only("s3:PutObject", _BUNDLE, {}, _HERE),
    Only(
        "s3:PutObject",
        "arn:aws:s3:::{stack}-89abcdef/bundles/0.zip",
        {"GitHubShipperRole": ALWAYS, "GitHubPlannerRole": ALWAYS},
        _HERE | _NEW,
    ),
    *(Only("s3:PutObject", f"arn:aws:s3:::{name}/bundles/0.zip", {}, _HERE | _NEW) for name in ("other", "{stack}-0")),
    # A person who starts or approves a run on it sees what is in it
    Only("s3:GetObject", _BUNDLE, _IN_VPC | _PERSONS, _HERE),
    Only("s3:GetObjectVersion", _BUNDLE, _IN_VPC, _HERE),
    *(
        Only(f"s3:{action}", _BUNDLE, {}, _HERE)
        for action in ("DeleteObject", "DeleteObjectVersion", "PutObjectAcl", "PutObjectTagging", "PutObjectRetention")
    ),
    Only("s3:GetObjectVersion", _REPORT, {}, _HERE),
    # Whatever other permissions a principal has, the bucket's policy lets none replace a bundle or delete a version of one.
    # An administrator can free its name
    *(
        Row(EVERYTHING, f"s3:{action}", resource, where, context)
        for action, resource, where, context in (
            ("PutObject", _BUNDLE, NEVER, {}), ("PutObject", _BUNDLE, ALWAYS, _NEW), ("PutObject", _REPORT, ALWAYS, {}),
            ("PutObject", _BUNDLE, ALWAYS, _STANDARD), ("PutObject", _BUNDLE, NEVER, _ARCHIVED),
            ("DeleteObjectVersion", _BUNDLE, NEVER, {}), ("DeleteObjectVersion", _REPORT, ALWAYS, {}),
            ("DeleteObject", _BUNDLE, ALWAYS, {}), ("GetObject", _BUNDLE, NEVER, {"aws:SecureTransport": "false"}),
        )
    ),
    # The alarm on the bucket's size
    *(
        Only(f"cloudwatch:{action}", _ALARM, {"CloudFormationServiceRole": ALWAYS})
        for action in ("PutMetricAlarm", "DeleteAlarms")
    ),
    *(Only(f"cloudwatch:{action}", _ALARM, {}) for action in ("SetAlarmState", "DisableAlarmActions")),
    *(
        Only(f"s3:{action}", _REPORTS, {"CloudFormationServiceRole": ALWAYS})
        for action in ("PutBucketPolicy", "PutBucketPublicAccessBlock", "PutLifecycleConfiguration")
    ),
    Only("s3:DeleteBucket", _REPORTS, {}),
    # Deploying
    Row("GitHubDeployerRole", "cloudformation:CreateChangeSet", _STACK, ALWAYS, {"cloudformation:RoleArn": "{ServiceRole}"}),
    Only("cloudformation:CreateChangeSet", _STACK, {}),
    Only("cloudformation:CreateChangeSet", _STACK, {}, {"cloudformation:RoleArn": arn("iam", "role/other")}),
    Only("cloudformation:CreateChangeSet", _OTHER_STACK, {}, {"cloudformation:RoleArn": "{ServiceRole}"}),
    Only(
        "cloudformation:CreateChangeSet",
        "arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31",
        {"GitHubDeployerRole": ALWAYS},
    ),
    *(
        Only(f"cloudformation:{action}", _STACK, {"GitHubDeployerRole": ALWAYS})
        for action in (
            "DescribeChangeSet", "DeleteChangeSet", "DescribeStackEvents", "GetTemplateSummary",
        )
    ),
    # Who ships or reads finds the bucket by the stack's output
    Only("cloudformation:DescribeStacks", _STACK, _SHIPS | _PLANS | _PERSONS | {"GitHubDeployerRole": ALWAYS}),
    Only("cloudformation:DescribeStacks", _OTHER_STACK, {}),
    *(
        Only(f"cloudformation:{action}", resource, {})
        for resource in (_STACK, _OTHER_STACK)
        for action in ("CreateStack", "UpdateStack", "DeleteStack", "SetStackPolicy")
    ),
    *(
        Only("cloudformation:ExecuteChangeSet", stack, may, {"cloudformation:ChangeSetName": one})
        for stack, name, may in (
            (_STACK, "samcli-deploy0", {"GitHubDeployerRole": ALWAYS}),
            (_STACK, "another", {}),
            (_OTHER_STACK, "samcli-deploy0", {}),
        )
        for one in (name, arn("cloudformation", f"changeSet/{name}/0"))
    ),
    Only("cloudformation:ExecuteChangeSet", _STACK, {}),
    Only(
        "cloudformation:DescribeStacks",
        arn("cloudformation", "stack/aws-sam-cli-managed-default/0"),
        {"GitHubDeployerRole": ALWAYS},
    ),
    Row("GitHubDeployerRole", "s3:PutObject", _UPLOAD, ALWAYS, _HERE),
    Row("GitHubDeployerRole", "s3:GetObject", _UPLOAD, ALWAYS, _HERE),
    Only("s3:PutObject", _UPLOAD, {}, _ELSEWHERE),
    Only("s3:PutObject", _UPLOAD.replace("{stack}", "other"), {}, _HERE),
    Row("GitHubDeployerRole", "sns:ListSubscriptionsByTopic", arn("sns", "{stack}"), ALWAYS),
    # Passing roles: the deployer passes the service role to CloudFormation, which passes the stack's roles to their services
    Only(
        "iam:PassRole",
        "{ServiceRole}",
        {"GitHubDeployerRole": ALWAYS},
        {"iam:PassedToService": "cloudformation.amazonaws.com"},
    ),
    Row("GitHubDeployerRole", "iam:PassRole", "{ServiceRole}", NEVER, {"iam:PassedToService": "lambda.amazonaws.com"}),
    *(
        Row("GitHubDeployerRole", "iam:PassRole", role, NEVER, {"iam:PassedToService": service})
        for role in ("{ApproveFunctionRole}", "{GitHubApproverRole}", arn("iam", "role/other"))
        for service in ("cloudformation.amazonaws.com", "lambda.amazonaws.com")
    ),
    Only(
        "iam:PassRole",
        "{ApproveFunctionRole}",
        {"CloudFormationServiceRole": ALWAYS},
        {"iam:PassedToService": "lambda.amazonaws.com"},
    ),
    Only("iam:PassRole", "{ApproveFunctionRole}", {}, {"iam:PassedToService": "ec2.amazonaws.com"}),
    # Only an administrator changes the roles for GitHub, also the one that deploys
    *(
        Only(f"iam:{action}", role, {})
        for action in ("PutRolePolicy", "UpdateAssumeRolePolicy", "DeleteRole", "DeleteRolePolicy")
        for role in (
            "{GitHubRunnerRole}", "{GitHubShipperRole}", "{GitHubPlannerRole}", "{GitHubApproverRole}", "{GitHubDeployerRole}",
            "{ServiceRole}",
        )
    ),
    # CloudFormation's role attaches the stack's own policies to the stack's own roles
    *(
        Only(f"iam:{action}", role, may, {"iam:PolicyARN": policy})
        for action in ("AttachRolePolicy", "DetachRolePolicy")
        for role, policy, may in (
            ("{PlanFunctionRole}", "{VpcFunctionsPolicy}", {"CloudFormationServiceRole": ALWAYS}),
            ("{PlanFunctionRole}", "arn:aws:iam::aws:policy/AdministratorAccess", {}),
            ("{PlanFunctionRole}", arn("iam", "policy/other"), {}),
            ("{GitHubDeployerRole}", "{VpcFunctionsPolicy}", {}),
            (arn("iam", "role/other"), "{VpcFunctionsPolicy}", {}),
        )
    ),
    # Only CloudFormation's role changes what enforces the rest
    *(
        Only(action, resource, {"CloudFormationServiceRole": ALWAYS})
        for action, resource in (
            ("iam:PutRolePolicy", "{ApproveFunctionRole}"),
            ("iam:UpdateAssumeRolePolicy", "{ApproveFunctionRole}"),
            ("lambda:UpdateFunctionCode", _APPROVE),
            ("lambda:UpdateAlias", _APPROVE),
            ("lambda:AddPermission", _APPROVE),
            ("states:UpdateStateMachine", _MACHINE),
            ("states:UpdateStateMachine", _PLAN_MACHINE),
        )
    ),
    *(
        Only("sts:AssumeRole", role, {})
        for role in ("{ApproveFunctionRole}", "{GitHubApproverRole}", "{ServiceRole}", arn("iam", "role/other"))
    ),
]


def problems(source: Source = deployed) -> list[str]:
    """Returns the requests whose decision differs from the table."""
    found = []
    for environment in ENVIRONMENTS:
        stack = source(environment)
        found += [f"{environment}: {problem}" for problem in _other_ways_in(stack)]
        names = _names(stack)
        for row in rows(stack):
            request = _request(row, names)
            if allowed([*stack.statements(row.who), *stack.on_the_bucket], request) != (environment in row.where):
                found.append(f"{environment}: {row.who} {'must' if environment in row.where else 'must not'} do {request}")
    return found


def rows(stack: Deployed) -> Iterator[Row]:
    """Yields the table, with each `Only` as a row for every principal."""
    for entry in TABLE:
        if isinstance(entry, Row):
            yield entry
            continue
        unknown = set(entry.may) - set(stack.principals)
        if unknown:
            raise ValueError(f"The template has no {', '.join(unknown)}")
        for who in stack.principals:
            yield Row(who, entry.action, entry.resource, entry.may.get(who, NEVER), entry.context)


def _names(stack: Deployed) -> dict[str, str]:
    """Returns what the table's names stand for."""
    names = {role: stack.names[f"{role}.Arn"] for role in stack.roles}
    names |= {"bucket": stack.names["ReportsBucket.Arn"], "VpcFunctionsPolicy": stack.names["VpcFunctionsPolicy"]}
    return names | {"stack": stack.names["AWS::StackName"], "ServiceRole": names["CloudFormationServiceRole"]}


def _request(row: Row, names: dict[str, str]) -> Request:
    return Request(
        row.action,
        row.resource.format(**names),
        {name: value.format(**names) for name, value in row.context.items()},
    )


def _other_ways_in(stack: Deployed) -> Iterator[str]:
    """Yields other ways in: permissions on a function, a bucket or a topic itself, and a URL without signatures."""
    for name, resource in stack.template["Resources"].items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Lambda::Permission":
                if properties["Principal"] != "events.amazonaws.com" or "SourceArn" not in properties:
                    yield f"{name} lets {properties['Principal']} call a function"
                if "Approve" in str(properties["FunctionName"]):
                    yield f"{name} lets another principal call the approve function"
            case "AWS::Lambda::Url":
                called = properties["TargetFunctionArn"]
                if properties["AuthType"] != "AWS_IAM" or called != {"Ref": "ApproveFunctionAliaslive"}:
                    yield f"{name} is not the approve function's URL, on the alias live and for signed requests only"
            case "AWS::S3::BucketPolicy":
                if any(statement["Effect"] != "Deny" for statement in properties["PolicyDocument"]["Statement"]):
                    yield f"{name} lets a principal into a bucket, past every role and policy"
            case "AWS::SNS::TopicPolicy":
                of_the_alarm = {
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    "ArnLike": {"aws:SourceArn": stack.names["BucketAlarm.Arn"]},
                }
                for statement in resolved(properties["PolicyDocument"]["Statement"], stack.names):
                    admitted = (statement["Effect"], statement["Principal"], statement.get("Condition"))
                    if admitted[0] != "Deny" and admitted[1:] != ({"Service": "cloudwatch.amazonaws.com"}, of_the_alarm):
                        yield f"{name} lets another than the alarm of this stack publish, past every role and policy"
            case "AWS::IAM::Policy" | "AWS::IAM::UserPolicy" | "AWS::IAM::RolePolicy":
                yield f"{name}: a policy of its own is not known here; write it into its role"
