"""Every task that calls a function retries each error that Lambda's API documents, unless no retry helps."""

from __future__ import annotations

import json
import re

import botocore.session
import pytest

from proofs.lint import paths

#: What has to be changed before another call can succeed.
REQUEST, CODE, NETWORK, KEY, ACCOUNT = (
    "the request itself", "the function's code or version", "the network's settings or rights", "the key or its policy",
    "the account's quota",
)
#: No function of ours uses it.
NOT_OURS = "a feature that no function here uses"

#: The errors that no retry cures, with their subject.
NOT_CURABLE = {
    "InvalidParameterValueException": REQUEST,
    "InvalidRequestContentException": REQUEST,
    "ModeNotSupportedException": REQUEST,
    "RecursiveInvocationException": REQUEST,
    "RequestTooLargeException": REQUEST,
    "SerializedRequestEntityTooLargeException": REQUEST,
    "UnsupportedMediaTypeException": REQUEST,
    "CodeArtifactUserFailedException": CODE,
    "InvalidRuntimeException": CODE,
    "InvalidZipFileException": CODE,
    "NoPublishedVersionException": CODE,
    "ResourceNotFoundException": CODE,
    "EC2AccessDeniedException": NETWORK,
    "InvalidSecurityGroupIDException": NETWORK,
    "InvalidSubnetIDException": NETWORK,
    "KMSAccessDeniedException": KEY,
    "KMSDisabledException": KEY,
    "KMSInvalidStateException": KEY,
    "KMSNotFoundException": KEY,
    "ServiceQuotaExceededException": ACCOUNT,
    "DurableExecutionAlreadyStartedException": NOT_OURS,
    "EFSIOException": NOT_OURS,
    "EFSMountConnectivityException": NOT_OURS,
    "EFSMountFailureException": NOT_OURS,
    "EFSMountTimeoutException": NOT_OURS,
    "S3FilesMountConnectivityException": NOT_OURS,
    "S3FilesMountFailureException": NOT_OURS,
    "S3FilesMountTimeoutException": NOT_OURS,
    "SnapStartException": NOT_OURS,
    "SnapStartNotReadyException": NOT_OURS,
    "SnapStartRegenerationFailureException": NOT_OURS,
    "SnapStartTimeoutException": NOT_OURS,
}


def documented() -> set[str]:
    model = botocore.session.get_session().get_service_model("lambda")
    return {shape.name for shape in model.operation_model("Invoke").error_shapes}


def spellings(error: str) -> set[str]:
    """Returns the API's spelling of the error, and that of the AWS SDK for Java, in which an acronym is a word."""
    return {error, re.sub(r"[A-Z]{2,}(?=[A-Z][a-z]|\d)", lambda acronym: acronym[0].capitalize(), error)}


def calls() -> dict[str, set[str]]:
    """Returns the retried errors of each task that calls a function."""
    states = json.loads(paths.DEFINITION.read_text())["States"]
    return {
        name: {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}
        for name, state in states.items()
        if state.get("Resource", "").startswith("arn:aws:states:::lambda:invoke")
    }


def test_an_acronym_has_two_spellings():
    assert spellings("SubnetIPAddressLimitReachedException") >= {"SubnetIpAddressLimitReachedException"}
    assert spellings("EC2ThrottledException") == {"EC2ThrottledException", "Ec2ThrottledException"}
    assert spellings("ServiceException") == {"ServiceException"}


def test_what_is_not_curable_is_documented():
    assert NOT_CURABLE.keys() - documented() == set()


@pytest.mark.parametrize("task", calls())
def test_every_other_error_is_retried(task: str):
    retried = calls()[task]
    curable = documented() - NOT_CURABLE.keys()
    expected = {f"Lambda.{spelling}" for error in curable for spelling in spellings(error)}
    assert expected - retried == set()
    never = {f"Lambda.{spelling}" for error in NOT_CURABLE for spelling in spellings(error)}
    assert never & retried == set()
