"""The template of the roles for GitHub, as a stack of its own beside the other one."""

from __future__ import annotations

import json
import re
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
_LONGEST = {"Project": "p" * 29, "Environment": "prod"}

#: CloudFormation takes no longer template without a bucket, IAM no longer policies of a role.
_TEMPLATE, _POLICIES = 51_200, 10_240

#: The longest managed policy that IAM takes.
_MANAGED = 6_144


def test_it_needs_no_bucket():
    assert len(BOOTSTRAP.read_bytes()) <= _TEMPLATE


def test_it_makes_roles_and_nothing_else():
    assert {part["Type"] for part in bootstrap(VARIANTS["prod"])["Resources"].values()} == {"AWS::IAM::Role"}


@pytest.mark.parametrize("served", sorted(served_regions()))
def test_who_starts_has_a_name_that_approve_refuses(served: str):
    resources = deployed("prod").template["Resources"]
    values = deployed("prod").names | _LONGEST | {"AWS::Region": served}
    names = {
        role: resolved(part["Properties"]["RoleName"], values)
        for role, part in resources.items()
        if part["Type"] == "AWS::IAM::Role" and "RoleName" in part["Properties"]
    }
    variables = resources["ApproveFunction"]["Properties"]["Environment"]["Variables"]
    refused = resolved(variables["REJECT_ONLY_ROLES"], values).split(",")
    assert refused == [names["GitHubRunnerRole"], names["GitHubShipperRole"]]
    limit = get_session().get_service_model("iam").operation_model("CreateRole").input_shape.members["RoleName"].metadata["max"]
    for name in names.values():
        assert served in name and len(name) <= limit


def test_the_longest_name_is_the_longest_that_both_templates_accept():
    accepted = deployed("prod").template["Parameters"]["Project"]["AllowedPattern"]
    assert re.fullmatch(accepted, _LONGEST["Project"]) and not re.fullmatch(accepted, _LONGEST["Project"] + "p")


def test_the_roles_policies_are_never_too_long():
    template = decided(bootstrap(VARIANTS["prod"] | _LONGEST))
    values = names_of(template) | {
        "AWS::Region": max(served_regions(), key=len), "VpcId": f"vpc-{0:017}", "DatabaseSecurityGroupId": f"sg-{0:017}",
    }
    for name, role in template["Resources"].items():
        documents = [resolved(policy["PolicyDocument"], values) for policy in role["Properties"]["Policies"]]
        assert sum(len(json.dumps(document, separators=(",", ":"))) for document in documents) <= _POLICIES, name


def test_the_policies_to_attach_are_never_too_long():
    """IAM counts no whitespace, and takes less of them than of a role's own policies."""
    template = decided(transformed(OF_THE_STACK["prod"] | _LONGEST))
    values = names_of(template) | {"AWS::Region": max(served_regions(), key=len)}
    managed = {name: part for name, part in template["Resources"].items() if part["Type"] == "AWS::IAM::ManagedPolicy"}
    assert {"StartPolicy", "ShipPolicy", "PlanPolicy", "ApprovePolicy", "VpcFunctionsPolicy"} == managed.keys()
    for name, policy in managed.items():
        document = resolved(policy["Properties"]["PolicyDocument"], values)
        assert len(json.dumps(document, separators=(",", ":"))) <= _MANAGED, name


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
