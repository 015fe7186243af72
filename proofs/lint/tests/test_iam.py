"""The evaluation of policies, compared with IAM's documentation."""

from typing import Any

import pytest

from proofs.lint.iam import Request, allowed, matches, trusted


def may(
    *statements: dict[str, Any], action: str = "s3:GetObject", resource: str = "arn:aws:s3:::a/b", **context: str,
) -> bool:
    given = {name.replace("__", ":"): value for name, value in context.items()}
    return allowed(statements, Request(action, resource, given))


def says(
    effect: str = "Allow", action: str | list[str] = "s3:GetObject", resource: str | list[str] = "*", **more: dict[str, Any],
) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def test_what_nothing_allows_is_refused():
    assert not may()
    assert not may(says(action="s3:PutObject"))
    assert not may(says(resource="arn:aws:s3:::other/*"))
    assert may(says())


def test_a_deny_outweighs_every_allow():
    assert not may(says(), says("Deny"))
    assert not may(says("Deny"), says())
    assert may(says(), says("Deny", action="s3:PutObject"))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("a*", "a:b/c", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("a[b]", "ab", False),
        ("abc", "abcd", False),
        ("abc", "xabc", False),
    ],
)
def test_wildcards(pattern: str, text: str, expected: bool):
    assert matches(pattern, text) is expected


def test_actions_ignore_case_and_resources_do_not():
    assert may(says(action="S3:getobject"))
    assert not may(says(resource="arn:aws:s3:::A/b"))
    assert may(says(action=["s3:PutObject", "s3:Get*"], resource=["x", "arn:aws:s3:::a/*"]))


def test_conditions():
    equals = says(Condition={"StringEquals": {"aws:A": ["x", "y"]}})
    assert may(equals, aws__A="y")
    assert may(equals, AWS__a="x")
    assert not may(equals, aws__A="z")
    assert not may(equals)
    assert not may(says(Condition={"StringEquals": {"aws:A": "x*"}}), aws__A="xy")
    assert may(says(Condition={"StringLike": {"aws:A": "x*"}}), aws__A="xy")
    assert may(says(Condition={"Bool": {"aws:A": "true"}}), aws__A="True")
    assert not may(says(Condition={"Bool": {"aws:A": "true"}}))
    assert may(says(Condition={"BoolIfExists": {"aws:A": "true"}}))
    assert not may(says(Condition={"BoolIfExists": {"aws:A": "true"}}), aws__A="false")


def test_all_conditions_have_to_hold():
    both = says(Condition={"StringEquals": {"aws:A": "x", "aws:B": "y"}, "Bool": {"aws:C": "true"}})
    assert may(both, aws__A="x", aws__B="y", aws__C="true")
    assert not may(both, aws__A="x", aws__C="true")
    assert not may(both, aws__A="x", aws__B="y", aws__C="false")


def test_an_arn_is_compared_part_by_part():
    like = says(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:states:*:1:stateMachine:a"}})
    assert may(like, aws__SourceArn="arn:aws:states:eu-west-1:1:stateMachine:a")
    assert not may(like, aws__SourceArn="arn:aws:states:eu-west-1:2:1:stateMachine:a")


def test_a_condition_that_something_is_missing():
    missing = says(Condition={"Null": {"aws:A": "true"}, "ArnEqualsIfExists": {"aws:B": "arn:aws:ec2:*:1:vpc/a"}})
    assert may(missing)
    assert may(missing, aws__B="arn:aws:ec2:eu-west-1:1:vpc/a")
    assert not may(missing, aws__B="arn:aws:ec2:eu-west-1:1:vpc/b")
    assert not may(missing, aws__A="")
    there = says(Condition={"Null": {"aws:A": "false"}})
    assert may(there, AWS__a="x")
    assert not may(there)


def test_a_negated_condition_means_none_of_its_values():
    other = says(Condition={"ArnNotLike": {"aws:A": ["arn:aws:iam::*:role/a/*", "arn:aws:iam::*:role/b"]}})
    assert may(other, aws__A="arn:aws:iam::1:role/c")
    assert not may(other, aws__A="arn:aws:iam::1:role/a/x")
    assert not may(other, aws__A="arn:aws:iam::1:role/b")
    assert may(other)
    other = says(Condition={"StringNotEquals": {"aws:A": ["x", "y"]}})
    assert may(other, aws__A="z")
    assert not may(other, aws__A="y")
    assert may(other)


def test_a_role_trusts_whom_it_names():
    trust = [{"Effect": "Allow", "Principal": {"Service": "a.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    assert trusted(trust, ("Service", "a.amazonaws.com"), Request("sts:AssumeRole"))
    assert not trusted(trust, ("Service", "b.amazonaws.com"), Request("sts:AssumeRole"))
    assert not trusted(trust, ("AWS", "a.amazonaws.com"), Request("sts:AssumeRole"))
    assert not trusted(trust, ("Service", "a.amazonaws.com"), Request("sts:TagSession"))


@pytest.mark.parametrize(
    "unknown",
    [
        {"Effect": "Allow", "NotAction": "a:b", "Resource": "*"},
        {"Effect": "Allow", "Action": "a:b", "NotResource": "*"},
        {"Effect": "Maybe", "Action": "a:b", "Resource": "*"},
        says(Condition={"StringNotLike": {"aws:A": "x"}}),
        says(action="a:b", Condition={"ForAnyValue:StringLike": {"aws:A": "x"}}),
        says(resource="arn:aws:s3:::${aws:username}"),
    ],
)
def test_what_is_not_known_is_an_error(unknown: dict[str, Any]):
    with pytest.raises(ValueError, match="not known here"):
        may(unknown)
