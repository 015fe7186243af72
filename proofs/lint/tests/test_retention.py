"""The resources that stay when the stack is deleted. None stays if the stack's creation fails."""

from __future__ import annotations

import pytest

from proofs.lint.transform import bootstrap, decided, transformed
from proofs.lint.variants import BOOTSTRAP, VARIANTS

#: The retained resources. If the creation fails, its resources are deleted, or the next creation would collide with
#: them. (The versions go with their functions, whatever SAM says of them.)
_KEPT = {
    "ReportsBucket": "RetainExceptOnCreate",
    "ReportsBucketPolicy": "RetainExceptOnCreate",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_retained_resource_is_deleted_if_its_creation_fails(variant: str):
    resources = decided(transformed(VARIANTS[variant]))["Resources"]
    said = {name: part["DeletionPolicy"] for name, part in resources.items() if part.get("DeletionPolicy", "Delete") != "Delete"}
    of_functions = {name for name in said if resources[name]["Type"] == "AWS::Lambda::Version"}
    assert {name: said[name] for name in said if name not in of_functions} == {
        name: policy for name, policy in _KEPT.items() if name in resources
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_retained_resource_is_also_retained_when_it_is_replaced(variant: str):
    resources = decided(transformed(VARIANTS[variant]))["Resources"]
    assert {resources[name].get("UpdateReplacePolicy") for name in _KEPT if name in resources} == {"Retain"}


def test_of_the_roles_for_github_nothing_is_kept():
    resources = bootstrap(BOOTSTRAP["prod"])["Resources"].values()
    assert [part for part in resources if "DeletionPolicy" in part or "UpdateReplacePolicy" in part] == []


def test_a_bucket_keeps_its_policy():
    """Without the policy the reports that stay could be read without TLS."""
    resources = decided(transformed(VARIANTS["prod"]))["Resources"]
    policies = [part for part in resources.values() if part["Type"] == "AWS::S3::BucketPolicy"]
    kept = {name for name in _KEPT if resources[name]["Type"] == "AWS::S3::Bucket"}
    assert {policy["Properties"]["Bucket"]["Ref"] for policy in policies if policy.get("DeletionPolicy")} == kept
