"""Changes that would not reach a version, planted in the template: each is found. Also the state after a rollback."""

from __future__ import annotations

from typing import Any

import pytest

from proofs.lint import lengths, versions
from proofs.lint.transform import decided, transformed
from proofs.lint.variants import VARIANTS
from proofs.lint.versions import ALL, IN_VPC, Edit, Function, functions

DEV = VARIANTS["dev"]


def test_the_template_is_right():
    assert versions.problems() == []
    assert lengths.problems() == []


def _of_type(template: dict[str, Any], resource_type: str) -> dict[str, dict[str, Any]]:
    found = {name: part["Properties"] for name, part in template["Resources"].items() if part["Type"] == resource_type}
    assert found
    return found


def _without(resource_type: str, text: str, part: str) -> Edit:
    """Returns an edit that removes one part of a text in each resource of the type that has the text."""

    def edit(template: dict[str, Any]) -> None:
        for properties in _of_type(template, resource_type).values():
            if text in properties:
                whole = properties[text]["Fn::Sub"]
                said = whole if isinstance(whole, str) else whole[0]
                shorter = said.replace(f"${{{part}}}", "")
                properties[text] = {"Fn::Sub": shorter if isinstance(whole, str) else [shorter, *whole[1:]]}

    return edit


_LAYER, _VERSION = "AWS::Lambda::LayerVersion", "AWS::Lambda::Version"

FAULTS: dict[str, tuple[Edit, str]] = {
    "the group is not named": (
        _without(_LAYER, "LicenseInfo", "FunctionSecurityGroup"),
        "PlanFunction takes FunctionSecurityGroup, which",
    ),
    "the layer is not named": (_without(_VERSION, "Description", "Layer"), "changed migrations: publishes nothing, not Apply,"),
    "the release is not named": (_without(_VERSION, "Description", "Release"), "changed parameter Release: publishes nothing"),
    "a parameter is not named": (_without(_LAYER, "Description", "SqlxTable"), "changed parameter SqlxTable: publishes nothing"),
    "the role is not named": (_without(_VERSION, "Description", "ApproveFunctionRole"), "ApproveFunction takes ApproveFunctionRole,"),
    "more is named than is taken": (
        lambda template: _of_type(template, _LAYER)["MigrationsLayer"].update(Description={"Ref": "NotificationAddress"}),
        "changed parameter NotificationAddress: publishes Apply, Plan, Preflight, not nothing",
    ),
    "a version without a change": (
        lambda template: [
            properties.update(Description={"Ref": "NotificationAddress"})
            for properties in _of_type(template, _VERSION).values()
        ],
        "changed parameter NotificationAddress: publishes Apply, Approve, Notify, Plan, Preflight, and Lambda sees a change of nothing",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_change_that_does_not_arrive_is_found(name: str):
    edit, expected = FAULTS[name]
    assert any(expected in problem for problem in versions.problems(edit))


def test_a_text_without_room_is_found():
    def edit(template: dict[str, Any]) -> None:
        for properties in _of_type(template, _VERSION).values():
            properties["Description"] = {"Fn::Sub": "${DatabaseSecretArn} ${DatabaseName} ${DatabaseSchema}"}

    assert any("Description can have" in problem for problem in lengths.problems(edit))


def test_an_alarms_text_without_room_is_found():
    def edit(template: dict[str, Any]) -> None:
        _of_type(template, "AWS::CloudWatch::Alarm")["BucketAlarm"]["AlarmDescription"] = {"Fn::Sub": "${ReportsBucket} " * 40}

    assert any("BucketAlarm: AlarmDescription can have" in problem for problem in lengths.problems(edit))


def test_an_edited_group_is_replaced_and_reaches_the_versions():
    def edit(template: dict[str, Any]) -> None:
        _of_type(template, "AWS::EC2::SecurityGroup")["FunctionSecurityGroup"]["GroupDescription"] = "Another text"

    before, after = functions(DEV), functions(DEV, edit)
    assert {name for name in ALL if before[name].version != after[name].version} == IN_VPC


class Account:
    """The versions in CloudFormation and Lambda: no version is published that equals the last one, and none is withdrawn."""

    def __init__(self) -> None:
        self.deployed: dict[str, str] = {}
        self.last: dict[str, str] = {}

    def update(self, stack: dict[str, Function], *, fails: bool = False) -> set[str]:
        """Publishes the functions whose version is not the deployed one, and returns their names. With `fails` the
        deployment is rolled back afterwards."""
        published = {name for name, function in stack.items() if self.deployed.get(name) != function.version}
        for name in published:
            if self.last.get(name) == stack[name].configuration:
                raise RuntimeError(f"A version for the function {name} exists")
            self.last[name] = stack[name].configuration
        if not fails:
            self.deployed = {name: function.version for name, function in stack.items()}
        return published


CODE = {f"{name}Function": "changed" for name in ALL}

CHANGES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "code": ({}, CODE),
    "code and migrations": ({}, CODE | {"MigrationsLayer": "changed"}),
    "a parameter": ({"EnvironmentKmsKeyArn": VARIANTS["prod"]["EnvironmentKmsKeyArn"]}, {}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_after_a_roll_back_another_release_deploys_the_same(name: str):
    parameters, uploads = CHANGES[name]
    account = Account()
    account.update(functions(DEV))
    account.update(functions(DEV | parameters, **uploads), fails=True)
    with pytest.raises(RuntimeError, match="exists"):
        account.update(functions(DEV | parameters, **uploads))
    assert account.update(functions(DEV | parameters | {"Release": "2"}, **uploads)) == ALL
    assert account.update(functions(DEV | parameters | {"Release": "2"}, **uploads)) == set()


def test_what_was_uploaded_elsewhere_needs_another_release():
    account = Account()
    account.update(functions(DEV))
    with pytest.raises(RuntimeError, match="exists"):
        account.update(functions(DEV, bucket="other"))
    assert account.update(functions(DEV | {"Release": "2"}, bucket="other")) == ALL


def test_an_older_state_can_be_deployed_again():
    account = Account()
    account.update(functions(DEV))
    account.update(functions(DEV, **CODE))
    assert account.update(functions(DEV)) == ALL


def test_a_function_has_nothing_that_is_not_of_its_versions():
    template = decided(transformed(VARIANTS["prod"]))
    for name, properties in _of_type(template, "AWS::Lambda::Function").items():
        # These settings are not part of a version. They would change the version's logical id, and Lambda would have
        # nothing to publish.
        assert not {"ReservedConcurrentExecutions", "RecursiveLoop", "RuntimeManagementConfig", "CodeSigningConfigArn"} & set(
            properties
        ), name
        assert properties["Tags"] == [{"Key": "lambda:createdBy", "Value": "SAM"}], name
