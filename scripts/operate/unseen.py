"""What the checks of the network report where EC2 refuses to answer."""

from __future__ import annotations

from botocore.exceptions import ClientError

from scripts.operate.samconfig import NotReady

_FORBIDDEN = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")

_NOT_THERE = {"subnet": "InvalidSubnetID", "route table": "InvalidRouteTableID"}


def explain(failure: ClientError, parameter: str, kind: str, looked_for: str, region: str) -> str:
    """Returns why `looked_for` is not known, if the caller lacks permission. Raises `NotReady` if one of the
    parameter's `kind` does not exist, and any other failure unchanged."""
    error = failure.response["Error"]
    if error["Code"] in _FORBIDDEN:
        return f"It was not checked whether {looked_for}: {error['Message']}"
    if error["Code"].startswith(_NOT_THERE[kind]):
        raise NotReady(f"{parameter}: {error['Message']}; take {kind}s of VpcId, in {region}") from None
    raise failure
