"""Calls a function's URL, signed with AWS credentials."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from local.stack import Stack
from local.wire.approve import Answer

#: The alias that a URL belongs to.
ALIAS = "live"

#: Seconds to connect, and seconds to wait for an answer.
_PATIENCE = (10, 60)


def call(
    stack: Stack, function: str, key: str, method: str, query: dict[str, str] | None = None, body: Answer | None = None
) -> tuple[int, Any]:
    """Calls a function's URL as the person with this access key (see `local.function_url`). Returns the HTTP status and the
    answer, an object whose type the caller knows."""
    client = stack.client("lambda")
    url = client.get_function_url_config(FunctionName=function, Qualifier=ALIAS)["FunctionUrl"]
    if query:
        url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    data = b"" if body is None else json.dumps(body).encode()
    request = AWSRequest(method, url, {"Content-Type": "application/json"}, data)
    SigV4Auth(stack.credentials(key), "lambda", client.meta.region_name).add_auth(request)
    answer = URLLib3Session(timeout=_PATIENCE).send(request.prepare())
    return answer.status_code, json.loads(answer.text)
