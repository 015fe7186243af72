"""Wrong policies, planted in the template: each is found, and every row of the table can fail."""

from __future__ import annotations

from typing import Any

import pytest

from proofs.lint import policies, service_role, trust
from proofs.lint.deployed import ENVIRONMENTS, EVERYTHING, deployed
from proofs.lint.tests.faulty import Fault, added, changed, documents, in_prod, stacks_with, statement, without

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_the_template_is_right():
    assert policies.problems() == []
    assert trust.problems() == []
    assert service_role.problems() == []


@pytest.mark.parametrize(("statements", "expected"), [([], True), ([ALL], False)])
def test_every_row_can_fail(statements: list[dict[str, Any]], expected: bool):
    def fault(template: dict[str, Any]) -> None:
        for name in deployed("prod").principals:
            for document in documents(template, name):
                document["Statement"] = statements
        for document in documents(template, "ReportsBucketPolicy"):
            document["Statement"] = []

    decided = [
        (environment in row.where) == (expected and EVERYTHING not in row.who)
        for environment in ENVIRONMENTS
        for row in policies.rows(deployed(environment))
    ]
    assert len(policies.problems(stacks_with(fault))) == sum(decided) > 0


FAULTS: dict[str, tuple[Fault, str]] = {
    "who starts may answer the task, by another policy": (
        without("StartPolicy", "NotAnswerTheTask"),
        "prod: StartPolicy + Everything must not do states:SendTaskSuccess",
    ),
    "who approves may answer the task, by another policy": (
        without("ApprovePolicy", "NotAnswerTheTask"),
        "prod: ApprovePolicy + Everything must not do states:SendTaskSuccess",
    ),
    "who approves may forge a signature, by another policy": (
        without("ApprovePolicy", "NotDirectly"),
        "prod: ApprovePolicy + Everything must not do lambda:InvokeFunction",
    ),
    "direct invocation in prod": (
        added("GitHubApproverRole", Action="lambda:InvokeFunction", Resource="*"),
        "prod: GitHubApproverRole must not do lambda:InvokeFunction",
    ),
    "the runner's condition is lost": (
        changed("GitHubRunnerRole", "InvokeThroughUrl", Condition=None),
        "prod: GitHubRunnerRole must not do lambda:InvokeFunction",
    ),
    "a policy's condition is lost, and its Deny": (
        lambda template: (
            changed("ApprovePolicy", "InvokeThroughUrl", Condition=None)(template),
            without("ApprovePolicy", "NotDirectly")(template),
        ),
        "prod: ApprovePolicy must not do lambda:InvokeFunction",
    ),
    "who starts may approve": (
        without("StartPolicy", "NotApprove"),
        "prod: StartPolicy + ApprovePolicy must not do lambda:InvokeFunctionUrl",
    ),
    "who approves may start": (
        without("ApprovePolicy", "NotStart"),
        "prod: StartPolicy + ApprovePolicy must not do states:StartExecution",
    ),
    "the Deny names only one of the function's names": (
        in_prod(changed("StartPolicy", "NotApprove", Resource={"Fn::GetAtt": ["ApproveFunction", "Arn"]})),
        "approve:live",
    ),
    "a Deny in every environment": (
        added("StartPolicy", Effect="Deny", Action="lambda:Invoke*", Resource="*"),
        "dev: StartPolicy + ApprovePolicy must do lambda:InvokeFunctionUrl",
    ),
    "a URL without signatures": (
        changed("ApprovePolicy", "CallUrl", Condition=None),
        "ApprovePolicy must not do lambda:InvokeFunctionUrl",
    ),
    "the task's token": (
        added("GitHubRunnerRole", Action="states:SendTask*", Resource="*"),
        "GitHubRunnerRole must not do states:SendTaskSuccess",
    ),
    "approve fails the task": (
        changed("ApproveFunctionRole", "AnswerApproval", Action=["states:SendTaskSuccess", "states:SendTaskFailure"]),
        "ApproveFunctionRole must not do states:SendTaskFailure",
    ),
    "the runner stops": (
        changed("GitHubRunnerRole", "Follow", Action="states:*"),
        "GitHubRunnerRole must not do states:StopExecution",
    ),
    "the approver starts": (
        added("GitHubApproverRole", Action="states:StartExecution", Resource="*"),
        "GitHubApproverRole must not do states:StartExecution",
    ),
    "the runner reads the reports of every stack": (
        changed("GitHubRunnerRole", "ReadReports", Resource={"Fn::Sub": "arn:aws:s3:::${Project}-migrations-${Environment}-*"}),
        "GitHubRunnerRole must not do s3:GetObject on arn:aws:s3:::lockstep-migrations-prod-a-migrations-prod-01234567/",
    ),
    "the runner reads another account's reports": (
        changed("GitHubRunnerRole", "ReadReports", Condition=None),
        "GitHubRunnerRole must not do s3:GetObject",
    ),
    "the deployer changes itself": (
        added("CloudFormationServiceRole", Action="iam:UpdateAssumeRolePolicy", Resource="*"),
        "CloudFormationServiceRole must not do iam:UpdateAssumeRolePolicy",
    ),
    "the deployer starts": (
        added("GitHubDeployerRole", Action="states:Start*", Resource="*"),
        "GitHubDeployerRole must not do states:StartExecution",
    ),
    "the deployer changes without the service role": (
        changed("GitHubDeployerRole", "ChangeThroughTheServiceRole", Condition=None),
        "GitHubDeployerRole must not do cloudformation:CreateChangeSet",
    ),
    "the deployer executes whatever waits": (
        changed("GitHubDeployerRole", "Execute", Condition=None),
        "GitHubDeployerRole must not do cloudformation:ExecuteChangeSet",
    ),
    "the deployer passes any role": (
        changed("GitHubDeployerRole", "PassTheServiceRole", Resource="*"),
        "GitHubDeployerRole must not do iam:PassRole",
    ),
    "the deployer passes to any service": (
        changed("GitHubDeployerRole", "PassTheServiceRole", Condition=None),
        "with {'iam:PassedToService': 'lambda.amazonaws.com'}",
    ),
    "notify reads the secret": (
        added("NotifyFunctionRole", Action="secretsmanager:*", Resource={"Ref": "DatabaseSecretArn"}),
        "NotifyFunctionRole must not do secretsmanager:GetSecretValue",
    ),
    "preflight reads every secret": (
        changed("VpcFunctionsPolicy", "ReadSecret", Resource="*"),
        "PreflightFunctionRole must not do secretsmanager:GetSecretValue",
    ),
    "a function without the policy of all three": (
        lambda template: template["Resources"]["ApplyFunctionRole"]["Properties"].pop("ManagedPolicyArns"),
        "ApplyFunctionRole must do secretsmanager:GetSecretValue",
    ),
    "a fourth function with the policy": (
        lambda template: template["Resources"]["NotifyFunctionRole"]["Properties"].update(
            ManagedPolicyArns=[{"Ref": "VpcFunctionsPolicy"}]
        ),
        "NotifyFunctionRole must not do secretsmanager:GetSecretValue",
    ),
    "the code makes interfaces": (
        without("VpcFunctionsPolicy", "NotFromTheCode"),
        "PlanFunctionRole must not do ec2:CreateNetworkInterface",
    ),
    "the code of one version makes interfaces": (
        changed(
            "VpcFunctionsPolicy", "NotFromTheCode",
            Condition={"ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:*-plan"}},
        ),
        "lockstep-migrations-dev-plan:7",
    ),
    "a function writes another one's log": (
        changed("PlanFunctionRole", "WriteLogs", Resource={"Fn::GetAtt": ["ApplyLogGroup", "Arn"]}),
        "PlanFunctionRole must not do logs:PutLogEvents",
    ),
    "the key is for more than the secret": (
        changed("VpcFunctionsPolicy", "DecryptSecret", Condition=None),
        "PlanFunctionRole must not do kms:Decrypt",
    ),
    "CloudFormation attaches whatever it likes": (
        changed("CloudFormationServiceRole", "AttachOwnPolicies", Condition=None),
        "CloudFormationServiceRole must not do iam:AttachRolePolicy",
    ),
    "the functions' own policy": (
        lambda template: template["Resources"].update(
            Open={
                "Type": "AWS::Lambda::Permission",
                "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": "ApproveFunction", "Principal": "*"},
            }
        ),
        "Open lets * call a function",
    ),
    "plan writes whatever it likes": (
        changed("PlanFunctionRole", "WriteReports", Resource={"Fn::Sub": "${ReportsBucket.Arn}/*"}),
        "PlanFunctionRole must not do s3:PutObject on arn:aws:s3:::lockstep-migrations-prod-01234567/other",
    ),
    "plan takes a report away": (
        changed("PlanFunctionRole", "WriteReports", Action=["s3:PutObject", "s3:DeleteObject"]),
        "PlanFunctionRole must not do s3:DeleteObject",
    ),
    "who approves cannot read what is approved": (
        without("ApprovePolicy", "ReadReportsAndBundles"),
        "ApprovePolicy must do s3:GetObject",
    ),
    "a bundle is replaced": (
        without("ReportsBucketPolicy", "BundlesAreNotReplaced"),
        "GitHubPlannerRole must not do s3:PutObject on arn:aws:s3:::lockstep-migrations-prod-01234567/bundles/0.zip",
    ),
    "a bundle is where the alarm does not count and no function can read": (
        without("ReportsBucketPolicy", "BundlesAreCounted"),
        "Everything must not do s3:PutObject on arn:aws:s3:::lockstep-migrations-prod-01234567/bundles/0.zip",
    ),
    "an administrator deletes what a run waits with": (
        without("ReportsBucketPolicy", "VersionsOfBundlesStay"),
        "Everything must not do s3:DeleteObjectVersion",
    ),
    "no name can be freed": (
        changed("ReportsBucketPolicy", "VersionsOfBundlesStay", Action=["s3:DeleteObject", "s3:DeleteObjectVersion"]),
        "Everything must do s3:DeleteObject",
    ),
    "reports cannot be written again": (
        changed("ReportsBucketPolicy", "BundlesAreNotReplaced", Resource={"Fn::Sub": "${ReportsBucket.Arn}/*"}),
        "PlanFunctionRole must do s3:PutObject",
    ),
    "the functions read no bundle": (without("VpcFunctionsPolicy", "ReadBundles"), "ApplyFunctionRole must do s3:GetObjectVersion"),
    "apply reads whatever is current": (
        changed("VpcFunctionsPolicy", "ReadBundles", Action="s3:GetObject"),
        "ApplyFunctionRole must do s3:GetObjectVersion",
    ),
    "the functions write bundles": (
        changed("VpcFunctionsPolicy", "ReadBundles", Action=["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]),
        "PreflightFunctionRole must not do s3:PutObject",
    ),
    "the functions list the bucket": (
        added("VpcFunctionsPolicy", Action="s3:ListBucket", Resource={"Fn::GetAtt": ["ReportsBucket", "Arn"]}),
        "PlanFunctionRole must not do s3:ListBucket",
    ),
    "who ships cannot upload": (without("ShipPolicy", "Ship"), "ShipPolicy must do s3:PutObject"),
    "who ships writes reports": (
        changed("ShipPolicy", "Ship", Resource={"Fn::Sub": "${ReportsBucket.Arn}/*"}),
        "ShipPolicy must not do s3:PutObject on arn:aws:s3:::lockstep-migrations-prod-01234567/reports/0/report.html",
    ),
    "who ships frees names": (
        changed("ShipPolicy", "Ship", Action=["s3:PutObject", "s3:DeleteObject"]),
        "ShipPolicy must not do s3:DeleteObject",
    ),
    "who ships reads all of the bucket": (
        changed("ShipPolicy", "ReadReportsAndBundles", Resource={"Fn::Sub": "${ReportsBucket.Arn}/*"}),
        "ShipPolicy must not do s3:GetObject",
    ),
    "who ships reads the secret": (
        added("ShipPolicy", Action="secretsmanager:GetSecretValue", Resource="*"),
        "ShipPolicy must not do secretsmanager:GetSecretValue",
    ),
    "who ships may approve": (
        without("ShipPolicy", "NotApprove"),
        "prod: ShipPolicy + ApprovePolicy must not do lambda:InvokeFunctionUrl",
    ),
    "who ships may answer the task, by another policy": (
        without("ShipPolicy", "NotAnswerTheTask"),
        "prod: ShipPolicy + Everything must not do states:SendTaskSuccess",
    ),
    "the shipper's condition is lost": (
        changed("GitHubShipperRole", "InvokeThroughUrl", Condition=None),
        "prod: GitHubShipperRole must not do lambda:InvokeFunction",
    ),
    "the shipper stops": (
        changed("GitHubShipperRole", "Follow", Action="states:*"),
        "GitHubShipperRole must not do states:StopExecution",
    ),
    "the shipper ships into another account": (
        changed("GitHubShipperRole", "Ship", Condition=None),
        "GitHubShipperRole must not do s3:PutObject",
    ),
    "who plans runs": (
        changed("PlanPolicy", "Start", Resource=[{"Ref": "PlanStateMachine"}, {"Ref": "MigrationStateMachine"}]),
        "PlanPolicy must not do states:StartExecution on arn:aws:states:us-east-1:123456789012:stateMachine:lockstep-migrations-prod",
    ),
    "who plans follows every run": (
        changed("PlanPolicy", "Follow", Resource={"Fn::Sub": "arn:aws:states:*:*:execution:${Project}-migrations-*"}),
        "PlanPolicy must not do states:GetExecutionHistory",
    ),
    "who plans reads the secret": (
        added("PlanPolicy", Action="secretsmanager:GetSecretValue", Resource="*"),
        "PlanPolicy must not do secretsmanager:GetSecretValue",
    ),
    "the planner runs": (
        added("GitHubPlannerRole", Action="states:StartExecution", Resource="*"),
        "GitHubPlannerRole must not do states:StartExecution",
    ),
    "the planner rejects": (
        added("GitHubPlannerRole", Action="lambda:InvokeFunctionUrl", Resource="*"),
        "GitHubPlannerRole must not do lambda:InvokeFunctionUrl",
    ),
    "the machine that only plans applies": (
        lambda template: statement(template, "PlanStateMachineRole", "RunSteps")["Resource"].append(
            {"Fn::Sub": "${ApplyFunction.Arn}:*"}
        ),
        "PlanStateMachineRole must not do lambda:InvokeFunction on arn:aws:lambda:us-east-1:123456789012:function:lockstep-migrations-prod-apply:1",
    ),
    "the machine that only plans decides": (
        added("PlanStateMachineRole", Action="lambda:InvokeFunction", Resource={"Fn::Sub": "${ApproveFunction.Arn}*"}),
        "PlanStateMachineRole must not do lambda:InvokeFunction",
    ),
    "every alarm publishes": (
        changed("NotificationTopicPolicy", "TellOfTheBucket", Condition=None),
        "NotificationTopicPolicy lets another than the alarm",
    ),
    "every principal publishes": (
        changed("NotificationTopicPolicy", "TellOfTheBucket", Principal="*"),
        "NotificationTopicPolicy lets another than the alarm",
    ),
    "an alarm under another name": (
        lambda template: template["Resources"]["BucketAlarm"]["Properties"].update(AlarmName="bucket"),
        "NotificationTopicPolicy lets another than the alarm",
    ),
    "a bucket for every principal": (
        lambda template: template["Resources"]["ReportsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
        ),
        "ReportsBucketPolicy lets a principal into a bucket",
    ),
    "a public URL": (
        lambda template: template["Resources"]["ApproveFunctionUrl"]["Properties"].update(AuthType="NONE"),
        "ApproveFunctionUrl is not",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_policy_is_found(name: str):
    fault, expected = FAULTS[name]
    assert any(expected in problem for problem in policies.problems(stacks_with(fault)))


def _trust(template: dict[str, Any], role: str) -> dict[str, Any]:
    return template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]


def _claims(role: str, **conditions: dict[str, Any]) -> Fault:
    return lambda template: _trust(template, role).update(Condition=conditions)


def _machine(role: str, name: str) -> Fault:
    source = {"Fn::Sub": f"arn:aws:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{name}"}
    return _claims(
        role, StringEquals={"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, ArnLike={"aws:SourceArn": source},
    )


_AUD = "token.actions.githubusercontent.com:aud"
_SUB = "token.actions.githubusercontent.com:sub"

WRONG_TRUST: dict[str, tuple[Fault, str]] = {
    "no audience": (
        _claims("GitHubRunnerRole", StringEquals={_SUB: {"Ref": "GitHubRunnerSubject"}}),
        "GitHubRunnerRole must not trust",
    ),
    "no subject": (_claims("GitHubApproverRole", StringEquals={_AUD: "sts.amazonaws.com"}), "GitHubApproverRole must not"),
    "another's subject": (
        _claims("GitHubApproverRole", StringEquals={_AUD: "sts.amazonaws.com", _SUB: {"Ref": "GitHubRunnerSubject"}}),
        "GitHubApproverRole must trust",
    ),
    "a pattern": (
        _claims("GitHubDeployerRole", StringLike={_AUD: "sts.amazonaws.com", _SUB: {"Ref": "GitHubDeployerSubject"}}),
        "GitHubDeployerRole takes a * in GitHubDeployerSubject for a wildcard",
    ),
    "every provider": (
        lambda template: _trust(template, "GitHubRunnerRole").update(
            Principal={"Federated": [{"Ref": "GitHubOidcProviderArn"}, "arn:aws:iam::123456789012:oidc-provider/gitlab.com"]}
        ),
        "GitHubRunnerRole must not trust Federated",
    ),
    "the whole account": (
        lambda template: _trust(template, "PlanFunctionRole").update(
            Principal={"Service": "lambda.amazonaws.com", "AWS": "arn:aws:iam::123456789012:root"}
        ),
        "PlanFunctionRole must not trust AWS",
    ),
    "CloudFormation of any account": (_claims("CloudFormationServiceRole"), "CloudFormationServiceRole must not trust"),
    "a parameter that takes wildcards": (
        lambda template: template["Parameters"]["GitHubRunnerSubject"].update(AllowedPattern=".*"),
        "GitHubRunnerSubject accepts 'repo:octo-org/*'",
    ),
    "a parameter that refuses GitHub's subjects": (
        lambda template: template["Parameters"]["GitHubRunnerSubject"].update(AllowedPattern="[a-z:/-]*"),
        "GitHubRunnerSubject refuses 'repo:octo-org@1234",
    ),
    "one job for all": (
        lambda template: template["Rules"]["GitHubSubjects"].update(Assertions=[]),
        "The rule GitHubSubjects accepts",
    ),
    "one job ships and approves": (
        lambda template: template["Rules"]["GitHubSubjects"]["Assertions"].pop(2),
        "The rule GitHubSubjects accepts {'GitHubApproverSubject': 'repo:example/shop:ref:refs/heads/main'}",
    ),
    "one job plans and approves": (
        lambda template: template["Rules"]["GitHubSubjects"]["Assertions"].pop(3),
        "The rule GitHubSubjects accepts {'GitHubApproverSubject': 'repo:example/shop:pull_request'}",
    ),
    "a rule that does not always hold": (
        lambda template: template["Rules"]["GitHubSubjects"].update(RuleCondition={"Fn::Equals": ["a", "b"]}),
        "The rule GitHubSubjects accepts",
    ),
    "two subjects that have to be given": (
        lambda template: template["Rules"]["GitHubSubjects"].pop("RuleCondition"),
        "The rule GitHubSubjects refuses",
    ),
    "a shipper that has to be given": (
        lambda template: template["Parameters"]["GitHubShipperSubject"].update(AllowedPattern=r"[^*?$\r\n]+"),
        "GitHubShipperSubject refuses ''",
    ),
    "another machine's role": (
        _machine("PlanStateMachineRole", "${Project}-migrations-${Environment}"),
        "PlanStateMachineRole must not trust Service states.amazonaws.com",
    ),
}


@pytest.mark.parametrize("name", WRONG_TRUST)
def test_a_wrong_trust_is_found(name: str):
    fault, expected = WRONG_TRUST[name]
    assert any(expected in problem for problem in trust.problems(stacks_with(fault)))


_FOREIGN = service_role.ROLE

_NAMES_FIRST = {
    "Null": {"aws:ResourceTag/Name": "true"},
    "StringLike": {"aws:RequestTag/Name": "lockstep-migrations-*"},
}

WRONG_SERVICE_ROLE: dict[str, tuple[Fault, str]] = {
    "every function": (
        changed(_FOREIGN, "Functions", Resource={"Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:*"}),
        "must not do lambda:AddPermission on arn:aws:lambda:us-east-1:123456789012:function:other-approve",
    ),
    "every role": (changed(_FOREIGN, "Roles", Resource="arn:aws:iam::123456789012:role/*"), "must not do iam:CreateRole"),
    "every machine": (
        changed(_FOREIGN, "StateMachines", Resource={"Fn::Sub": "arn:aws:states:*:*:stateMachine:${Project}*"}),
        "must not do states:CreateStateMachine",
    ),
    "a name that has to come with the creation": (
        changed(_FOREIGN, "CreateGroups", Condition={"StringLike": {"aws:RequestTag/Name": "lockstep-migrations-*"}}),
        "must do ec2:CreateSecurityGroup on",
    ),
    "a group's name that cannot come afterwards": (
        without(_FOREIGN, "NameGroupWithoutName"),
        "must do ec2:CreateTags on arn:aws:ec2:us-east-1:123456789012:security-group/sg-0",
    ),
    "an endpoint's name that cannot come afterwards": (
        without(_FOREIGN, "NameEndpointWithoutName"),
        "must do ec2:CreateTags on arn:aws:ec2:us-east-1:123456789012:vpc-endpoint/vpce-0",
    ),
    "rules that come before the name": (
        without(_FOREIGN, "CloseGroupsWithoutName"),
        "must do ec2:AuthorizeSecurityGroupEgress on",
    ),
    "a name of another for a group": (
        changed(_FOREIGN, "NameGroupWithoutName", Condition={"Null": {"aws:ResourceTag/Name": "true"}}),
        "must not do ec2:CreateTags on arn:aws:ec2:us-east-1:123456789012:security-group/sg-0",
    ),
    "a group's name in every VPC": (
        changed(_FOREIGN, "NameGroupWithoutName", Condition=_NAMES_FIRST),
        "security-group/sg-0 with {'ec2:Vpc': 'arn:aws:ec2:us-east-1:123456789012:vpc/vpc-9'",
    ),
    "a name of another for an endpoint": (
        changed(_FOREIGN, "NameEndpointWithoutName", Condition={"Null": {"aws:ResourceTag/Name": "true"}}),
        "must not do ec2:CreateTags on arn:aws:ec2:us-east-1:123456789012:vpc-endpoint/vpce-0",
    ),
    "another's name is taken away": (
        changed(_FOREIGN, "NameEndpointWithoutName", Condition={"StringLike": {"aws:RequestTag/Name": "lockstep-migrations-*"}}),
        "vpc-endpoint/vpce-0 with {'aws:RequestTag/Name': 'lockstep-migrations-prod-0', 'aws:ResourceTag/Name': 'other'}",
    ),
    "groups without a name in every VPC": (
        changed(_FOREIGN, "CloseGroupsWithoutName", Condition={"Null": {"aws:ResourceTag/Name": "true"}}),
        "must not do ec2:RevokeSecurityGroupEgress on",
    ),
    "groups without a name, let in": (
        changed(_FOREIGN, "CloseGroupsWithoutName", Action="ec2:*SecurityGroup*"),
        "must not do ec2:AuthorizeSecurityGroupIngress on",
    ),
    "every VPC": (
        changed(_FOREIGN, "PlaceInVpc", Resource="arn:aws:ec2:us-east-1:123456789012:*"),
        "must not do ec2:CreateSecurityGroup on arn:aws:ec2:us-east-1:123456789012:vpc/vpc-9",
    ),
    "an endpoint for every service": (
        changed(_FOREIGN, "CreateEndpoint", Condition=None),
        "with {'ec2:VpceServiceName': 'com.amazonaws.us-east-1.kms'}",
    ),
    "granted where it has no effect": (
        lambda template: (
            statement(template, _FOREIGN, "Look")["Action"].remove("logs:DescribeIndexPolicies"),
            statement(template, _FOREIGN, "LogGroups")["Action"].append("logs:DescribeIndexPolicies"),
        ),
        "lacks logs:DescribeIndexPolicies",
    ),
    "every group": (changed(_FOREIGN, "GroupsAndEndpoint", Condition=None), "must not do ec2:AuthorizeSecurityGroupEgress"),
    "something on everything": (changed(_FOREIGN, "Policies", Resource="*"), "has for every resource: iam:CreatePolicy"),
    "every bucket": (changed(_FOREIGN, "Reports", Resource="arn:aws:s3:::*"), "must not do s3:CreateBucket"),
    "every environment's bucket": (
        changed(_FOREIGN, "Reports", Resource={"Fn::Sub": "arn:aws:s3:::${Project}-migrations-*"}),
        "must not do s3:CreateBucket on arn:aws:s3:::",
    ),
    "too little": (without(_FOREIGN, "PassRoles"), "lacks iam:PassRole"),
    "no machine that only plans": (
        changed(
            _FOREIGN, "StateMachines",
            Resource={"Fn::Sub": "arn:aws:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${Project}-migrations-${Environment}"},
        ),
        "must do states:CreateStateMachine on arn:aws:states:us-east-1:123456789012:stateMachine:lockstep-migrations-prod-plan",
    ),
    "every alarm": (changed(_FOREIGN, "Alarm", Resource="arn:aws:cloudwatch:*:*:alarm:*"), "must not do cloudwatch:PutMetricAlarm"),
    "no alarm": (without(_FOREIGN, "Alarm"), "lacks cloudwatch:PutMetricAlarm"),
    "a name that is not its": (
        lambda template: template["Resources"]["NotificationTopic"]["Properties"].update(TopicName="mails"),
        "must do sns:Subscribe",
    ),
    "a role without the path": (
        lambda template: template["Resources"]["PlanFunctionRole"]["Properties"].update(Path="/"),
        "must do iam:PutRolePolicy",
    ),
    "a rule with a name that CloudFormation makes up": (
        lambda template: template["Resources"]["NotifyFunctionExecutionEnded"]["Properties"].pop("Name"),
        "The names of the EventBridge rules",
    ),
    "a role for GitHub among those of the stack": (
        lambda template: template["Resources"]["GitHubDeployerRole"]["Properties"].update(
            Path={"Fn::Sub": "/${Project}-migrations-${Environment}/"}
        ),
        "must not do iam:PutRolePolicy on arn:aws:iam::123456789012:role/lockstep-migrations-prod/",
    ),
}


@pytest.mark.parametrize("name", WRONG_SERVICE_ROLE)
def test_a_wrong_service_role_is_found(name: str, monkeypatch: pytest.MonkeyPatch):
    # Only prod has the other environments beside it; checking all three takes three times as long.
    monkeypatch.setattr(service_role, "ENVIRONMENTS", ("prod",))
    fault, expected = WRONG_SERVICE_ROLE[name]
    assert any(expected in problem for problem in service_role.problems(stacks_with(fault)))


def test_a_fault_goes_somewhere():
    with pytest.raises(ValueError, match="not enough values"):
        statement(deployed("dev").template, "StartPolicy", "NotApprove")
