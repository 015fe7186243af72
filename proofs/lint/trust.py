"""Proves who may assume the roles of both templates: exactly the services and the GitHub jobs that the roles are for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from proofs.lint.deployed import ENVIRONMENTS, Deployed, Source, deployed
from proofs.lint.iam import Request, trusted
from proofs.lint.resolve import ACCOUNT, arn, parameters_of
from proofs.lint.transform import bootstrap, decided, holds
from proofs.lint.variants import BOOTSTRAP, GITHUB

_PROVIDER = GITHUB["GitHubOidcProviderArn"]
_OTHER_PROVIDER = arn("iam", "oidc-provider/gitlab.com")
_AUDIENCE = "sts.amazonaws.com"
_OTHER_ACCOUNT = "210987654321"

_SUBJECTS = {
    "GitHubDeployerRole": "GitHubDeployerSubject",
    "GitHubRunnerRole": "GitHubRunnerSubject",
    "GitHubApproverRole": "GitHubApproverSubject",
    "GitHubShipperRole": "GitHubShipperSubject",
    "GitHubPlannerRole": "GitHubPlannerSubject",
}
_SERVICES = {
    "CloudFormationServiceRole": "cloudformation.amazonaws.com",
    "MigrationStateMachineRole": "states.amazonaws.com",
    "PlanStateMachineRole": "states.amazonaws.com",
}
#: The only machine that may assume a role.
_MACHINES = {"MigrationStateMachineRole": "MigrationStateMachine", "PlanStateMachineRole": "PlanStateMachine"}

#: No subject, which leaves the role out, and subjects in GitHub's forms: with and without the identifiers added in 2026, and
#: with customised claims.
_GOOD = (
    "",
    "repo:octo-org/octo-repo:environment:prod",
    "repo:octo-org/octo-repo:environment:Production (EU)",
    "repo:octo-org/octo-repo:ref:refs/heads/release/1.x+hotfix",
    "repo:octo-org@1234/octo-repo@5678:environment:prod",
    "repository_owner_id:1234:job_workflow_ref:octo-org/octo-repo/.github/workflows/x.yml@refs/heads/main",
    "repo:octo-org/octo-repo:environment:prod%3Aeu",
)
_BAD = ("*", "repo:octo-org/*", "repo:octo-org/octo-rep?:environment:prod", "repo:${aws:username}", "repo:a/b\nrepo:c/d")


def problems(source: Source = deployed) -> list[str]:
    """Returns the roles that trust the wrong principals, and the values that the parameters wrongly accept."""
    found = []
    for environment in ENVIRONMENTS:
        stack = source(environment)
        for role in stack.roles:
            for principal, request, expected in _attempts(stack, role):
                if trusted(stack.trust(role), principal, request) != expected:
                    who = " ".join(principal)
                    found.append(f"{environment}: {role} {'must' if expected else 'must not'} trust {who}: {request}")
    prod = source("prod")
    return [*found, *_subjects(prod), *_patterns(prod), *_rule(prod), *_turned_off()]


def _attempts(stack: Deployed, role: str) -> Iterator[tuple[tuple[str, str], Request, bool]]:
    """Yields principals with their requests, and whether the role has to trust them."""
    own = "" if role in _SUBJECTS else _SERVICES.get(role, "lambda.amazonaws.com")
    from_here = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": stack.names[_MACHINES.get(role, "MigrationStateMachine")]}
    for service in ("lambda.amazonaws.com", "states.amazonaws.com", "cloudformation.amazonaws.com", "ec2.amazonaws.com"):
        yield ("Service", service), Request("sts:AssumeRole", context=from_here), service == own
    if role in _SERVICES:
        elsewhere = {"aws:SourceAccount": _OTHER_ACCOUNT, "aws:SourceArn": from_here["aws:SourceArn"]}
        for context in ({}, elsewhere):
            yield ("Service", own), Request("sts:AssumeRole", context=context), False
    if role in _MACHINES:
        others = [stack.names[machine] for machine in _MACHINES.values() if machine != _MACHINES[role]]
        for machine in (arn("states", "stateMachine:other"), *others):
            yield ("Service", own), Request("sts:AssumeRole", context=from_here | {"aws:SourceArn": machine}), False
    for principal in ("*", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", _OTHER_ACCOUNT):
        yield ("AWS", principal), Request("sts:AssumeRole", context=from_here), False

    def job(**claims: str) -> Request:
        context = {f"token.actions.githubusercontent.com:{name}": value for name, value in claims.items()}
        return Request("sts:AssumeRoleWithWebIdentity", context=context)

    for of, parameter in _SUBJECTS.items():
        subject = GITHUB[parameter]
        yield ("Federated", _PROVIDER), job(sub=subject, aud=_AUDIENCE), role == of
        yield ("Federated", _OTHER_PROVIDER), job(sub=subject, aud=_AUDIENCE), False
        for another in (f"{subject}2", f"x{subject}", subject.upper(), subject.replace("example/", "other/"), ""):
            yield ("Federated", _PROVIDER), job(sub=another, aud=_AUDIENCE), False
        yield ("Federated", _PROVIDER), job(sub=subject, aud="https://github.com/example"), False
        yield ("Federated", _PROVIDER), job(sub=subject), False
        yield ("Federated", _PROVIDER), job(aud=_AUDIENCE), False


def _subjects(stack: Deployed) -> Iterator[str]:
    """Yields the roles that treat a * in their subject as a wildcard."""
    provider, claims = ("Federated", _PROVIDER), "token.actions.githubusercontent.com"
    for role, parameter in _SUBJECTS.items():
        wild = Deployed(stack.template, stack.names | {parameter: "repo:*"})
        context = {f"{claims}:aud": _AUDIENCE, f"{claims}:sub": GITHUB[parameter]}
        if trusted(wild.trust(role), provider, Request("sts:AssumeRoleWithWebIdentity", context=context)):
            yield f"{role} takes a * in {parameter} for a wildcard"


def _patterns(stack: Deployed) -> Iterator[str]:
    """Yields the errors in what the parameters accept."""
    for parameter in _SUBJECTS.values():
        pattern = stack.template["Parameters"][parameter]["AllowedPattern"]
        for subjects, expected in ((_GOOD, True), (_BAD, False)):
            for subject in subjects:
                if bool(re.fullmatch(pattern, subject)) != expected:
                    yield f"{parameter} {'refuses' if expected else 'accepts'} {subject!r}"


def _rule(stack: Deployed) -> Iterator[str]:
    """Yields the errors in what the rule GitHubSubjects accepts."""
    approver = "GitHubApproverSubject"
    others = [parameter for parameter in _SUBJECTS.values() if parameter != approver]
    cases: list[tuple[dict[str, str], bool]] = [
        ({}, True),
        (dict.fromkeys(others, GITHUB[others[0]]), True),
        ({approver: ""}, True),
        (dict.fromkeys(_SUBJECTS.values(), ""), True),
        *(({approver: GITHUB[other]}, False) for other in others),
    ]
    rule = stack.template["Rules"]["GitHubSubjects"]
    for given, expected in cases:
        values = parameters_of(stack.template) | given
        asked = "RuleCondition" not in rule or holds(rule["RuleCondition"], values, {})
        accepted = not asked or all(holds(one["Assert"], values, {}) for one in rule["Assertions"])
        if accepted != expected:
            yield f"The rule GitHubSubjects {'accepts' if accepted else 'refuses'} {given}"


def _turned_off() -> Iterator[str]:
    """Yields the roles that are there without a subject."""
    for role, parameter in _SUBJECTS.items():
        left = decided(bootstrap(BOOTSTRAP["prod"] | {parameter: ""}))["Resources"]
        if role in left:
            yield f"{role} is there without {parameter}"
        if parameter == "GitHubDeployerSubject" and "CloudFormationServiceRole" in left:
            yield f"CloudFormationServiceRole is there without {parameter}, so without a job that passes it"
