"""Calls a function's URL, signed with the caller's AWS credentials."""

from __future__ import annotations

import json
import os
import time
from typing import Any
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ConnectionError as NotConnected
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from scripts.operate.target import Target
from scripts.wire.approve import Answer

#: The alias that a URL belongs to.
ALIAS = "live"

#: Seconds to connect, and seconds to wait for an answer.
_PATIENCE = (10, 60)

#: Seconds between the attempts. A short failure or throttling passes in that time.
_PAUSES = (1, 2, 4)

_TOO_MANY_REQUESTS = 429


class NotReached(RuntimeError):
    """The function did not answer, or AWS did not let the caller through; the message says what to do."""


def call(
    target: Target, step: str, method: str, query: dict[str, str] | None = None, body: Answer | None = None
) -> tuple[int, Any]:
    """Calls a step's function and returns the HTTP status and the answer, an object whose type the caller knows. Only for
    requests that may safely arrive twice."""
    found = target.client("lambda").get_function_url_config(FunctionName=target.function(step), Qualifier=ALIAS)
    url = found["FunctionUrl"]
    if query:
        url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    data = b"" if body is None else json.dumps(body).encode()
    # A request may have arrived while its answer was lost. The function answers a repeated request in the same way.
    for pause in _PAUSES:
        try:
            answer = _send(target, method, url, data)
        except (NotConnected, HTTPClientError):
            pass
        else:
            if not _failed(answer):
                return _read(target, step, answer)
        time.sleep(pause)
    return _read(target, step, _send(target, method, url, data))


def _failed(answer: AWSResponse) -> bool:
    return answer.status_code >= 500 or answer.status_code == _TOO_MANY_REQUESTS


def _send(target: Target, method: str, url: str, data: bytes) -> AWSResponse:
    request = AWSRequest(method, url, {"Content-Type": "application/json"}, data)
    # Signed for each attempt, because a signature is valid for five minutes only.
    SigV4Auth(target.credentials(), "lambda", target.region).add_auth(request)
    session = URLLib3Session(
        verify=os.environ.get("AWS_CA_BUNDLE") or True,
        proxies={} if target.settings else get_environ_proxies(url),
        timeout=_PATIENCE,
    )
    return session.send(request.prepare())


def _read(target: Target, step: str, answer: AWSResponse) -> tuple[int, Any]:
    try:
        said = json.loads(answer.text)
    except ValueError:
        said = None
    if _failed(answer) or not isinstance(said, dict):
        why = said["message"] if isinstance(said, dict) and "error" in said else f"see scripts/logs {target.word} --step {step}"
        raise NotReached(f"The {step} function failed ({answer.status_code}): {why}")
    # Without `error` the refusal is AWS's own; the function's refusal has one.
    if answer.status_code == 403 and "error" not in said:
        raise NotReached(
            f"AWS does not let {target.caller['Arn']} call the {step} function of {target.stack}: "
            f"attach the stack's policy for it ({said.get('Message') or said.get('message')})"
        )
    return answer.status_code, said
