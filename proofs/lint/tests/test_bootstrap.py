"""The template of the roles for GitHub, as a stack of its own beside the other one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import get_session

from proofs.lint.deployed import deployed, together
from proofs.lint.paths import BOOTSTRAP
from proofs.lint.resolve import names_of, resolved
from proofs.lint.served_regions import served_regions
from proofs.lint.transform import bootstrap, decided, transformed
from proofs.lint.variants import BOOTSTRAP as VARIANTS
from proofs.lint.variants import VARIANTS as OF_THE_STACK

#: The longest value of each parameter that is a part of a name.
_LONGEST = {"Project": "p" * 30, "Environment": "prod"}

#: CloudFormation takes no longer template without a bucket, IAM no longer policies of a role.
_TEMPLATE, _POLICIES = 51_200, 10_240


def test_it_needs_no_bucket():
    assert len(BOOTSTRAP.read_bytes()) <= _TEMPLATE


def test_it_makes_roles_and_nothing_else():
    assert {part["Type"] for part in bootstrap(VARIANTS["prod"])["Resources"].values()} == {"AWS::IAM::Role"}


@pytest.mark.parametrize("served", sorted(served_regions()))
def test_the_runners_role_has_the_name_that_approve_refuses(served: str):
    role = deployed("prod").template["Resources"]["GitHubRunnerRole"]["Properties"]["RoleName"]
    variables = deployed("prod").template["Resources"]["ApproveFunction"]["Properties"]["Environment"]["Variables"]
    values = deployed("prod").names | _LONGEST | {"AWS::Region": served}
    name = resolved(role, values)
    assert resolved(variables["REJECT_ONLY_ROLE"], values) == name
    limit = get_session().get_service_model("iam").operation_model("CreateRole").input_shape.members["RoleName"].metadata["max"]
    assert served in name and len(name) <= limit


def test_the_roles_policies_are_never_too_long():
    template = decided(bootstrap(VARIANTS["prod"] | _LONGEST))
    values = names_of(template) | {
        "AWS::Region": max(served_regions(), key=len), "VpcId": f"vpc-{0:017}", "DatabaseSecurityGroupId": f"sg-{0:017}",
    }
    for name, role in template["Resources"].items():
        documents = [resolved(policy["PolicyDocument"], values) for policy in role["Properties"]["Policies"]]
        assert sum(len(json.dumps(document, separators=(",", ":"))) for document in documents) <= _POLICIES, name


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda github: github["Resources"].update(Role={"Fn::Sub": "${AWS::StackName}"}), "names its own stack"),
        (lambda github: github["Resources"].update(PlanFunctionRole={}), "PlanFunctionRole in Resources"),
        (lambda github: github["Parameters"]["VpcId"].update(Default="vpc-9"), "VpcId in Parameters"),
        (lambda github: github["Parameters"]["Project"].update(AllowedPattern=".*"), "Project in Parameters"),
    ],
)
def test_what_would_mean_two_things_is_refused(edit: Edit, told: str):
    github = decided(bootstrap(VARIANTS["prod"]))
    edit(github)
    with pytest.raises(ValueError, match=told):
        together(decided(transformed(OF_THE_STACK["prod"])), github)
