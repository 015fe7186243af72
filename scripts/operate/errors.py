"""Explains why a stack could not be reached, and what the user can do about it."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    SSOError,
    TokenRetrievalError,
)

from scripts.operate.function_url import NotReached
from scripts.operate.samconfig import NotReady
from scripts.operate.target import NoSuchTarget, WrongArguments

#: The failures that a script expects. Any other exception is a bug in the script.
EXPECTED = (NoSuchTarget, NotReady, NotReached, ClientError, BotoCoreError)

#: The codes of a refused permission.
FORBIDDEN = ("AccessDenied", "AccessDeniedException")

_ABSENT = ("StateMachineDoesNotExist", "ResourceNotFoundException")
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_UNKNOWN = ("UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch")
_RIGHTS = "attach the stack's policies for starting or approving"


def exit_code(failure: Exception) -> int:
    """Returns 2, argparse's status for wrong arguments, if the failure is about the arguments; else 1."""
    return 2 if isinstance(failure, WrongArguments) else 1


def explain(failure: Exception, stack: str, region: str | None = None, rights: str = _RIGHTS) -> str:
    """Returns one sentence about a failure, with the way out. `rights` is the way out where AWS refuses permission."""
    if isinstance(failure, NoRegionError):
        return "No AWS region is set: fill it in in samconfig.toml, set AWS_REGION, or name a profile with AWS_PROFILE"
    if isinstance(failure, NoCredentialsError):
        return "There are no AWS credentials: sign in, or name a profile with AWS_PROFILE"
    if isinstance(failure, (SSOError, TokenRetrievalError)):
        return f"The AWS credentials have expired: sign in again ({failure})"
    if isinstance(failure, EndpointConnectionError):
        return f"The endpoint does not answer: {failure}"
    if isinstance(failure, ClientError):
        code, message = failure.response["Error"]["Code"], failure.response["Error"]["Message"]
        if code in _ABSENT:
            where = f"in this account in {region}" if region else "in this account and region"
            return f"There is no stack {stack} {where}: deploy it first ({message})"
        if code in _EXPIRED:
            return f"The AWS credentials have expired: sign in again ({message})"
        if code == "ExecutionDoesNotExist":
            return f"There is no such execution of {stack} ({message})"
        if code in FORBIDDEN:
            return f"AWS does not allow it; {rights} ({message})"
        if code in _UNKNOWN:
            return f"AWS does not accept these credentials: sign in again, or name a profile with AWS_PROFILE ({message})"
    return str(failure)
