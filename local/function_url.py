"""A function's URL with AuthType AWS_IAM, on the loopback interface.

ministack keeps URLs, makes the event and invokes the function behind them, but it checks no signature and knows no
caller. Here, as on AWS, a request is answered only if its Signature Version 4 is right (service `lambda`, the host and
the date signed, not older than five minutes), and the event names the signer. The signature is computed again with
botocore, from the request as it arrived.

The emulated account has no users, so the names of signers are this stack's own convention. The access key id NAME, with
the secret `local`, is the user NAME, and `SESSION@ROLE` is a session of a role. A caller can take any name here.

Not emulated: IAM's policies (every signed request is allowed), session tokens, and signatures in the query (presigned URLs).
"""

from __future__ import annotations

import contextvars
import hmac
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from ministack.services import lambda_svc

from local import environment

#: The secret of every access key.
SECRET = environment.FAKE_AWS["AWS_SECRET_ACCESS_KEY"]

_PREFIX = "/_aws/lambda-url"
_FORBIDDEN = (403, {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"}, b'{"Message":"Forbidden"}')
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[\w+=.@-]+)/(?P<day>\d{8})/(?P<region>[a-z0-9-]+)/lambda/aws4_request, *"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
_VALID_FOR = timedelta(minutes=5)

#: A signer, in the form of `requestContext.authorizer.iam`.
Identity = dict[str, Any]

#: The signer of the request that is being served; None if the URL requires no signature.
_caller: contextvars.ContextVar[Identity | None] = contextvars.ContextVar("caller", default=None)


def install() -> None:
    """Makes ministack give URLs an address here, refuse requests without a valid signature, and name the signer to the
    function."""
    create = lambda_svc._create_function_url_config
    serve = lambda_svc.handle_function_url_request
    build_event = lambda_svc._build_function_url_event
    to_response = lambda_svc.lambda_execute_result_to_api_proxy_response
    make_id = lambda_svc._function_url_id

    def create_here(function: str, data: dict[str, Any], qualifier: str | None) -> tuple[Any, ...]:
        answer = create(function, data, qualifier)
        made = lambda_svc._function_urls.get(lambda_svc._url_config_key(function, qualifier))
        if made is None or made["FunctionUrl"].startswith("http:"):
            return answer
        made["FunctionUrl"] = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}{_PREFIX}/{make_id(made['FunctionUrl'])}/"
        return lambda_svc.json_response(made, status=answer[0])

    async def serve_signed(
        url_id: str, method: str, path: str, headers: dict[str, Any], body: bytes, query: dict[str, Any],
        resolved: tuple[Any, ...] | None = None, **more: Any,
    ) -> tuple[Any, ...]:
        resolved = resolved or lambda_svc.resolve_function_url(url_id)
        if resolved is not None and resolved[-1]["AuthType"] == "AWS_IAM":
            caller = signer(method, f"{_PREFIX}/{url_id}{path}", query, headers, body, datetime.now(UTC))
            if caller is None:
                return _FORBIDDEN
            _caller.set(caller)
        return await serve(url_id, method, path, headers, body, query, resolved=resolved, **more)

    def event_with_caller(*given: Any, **more: Any) -> dict[str, Any]:
        event = build_event(*given, **more)
        if (caller := _caller.get()) is not None:
            event["requestContext"] |= {"authentication": None, "authorizer": {"iam": caller}}
        return event

    def without_the_error(result: dict[str, Any]) -> tuple[Any, ...]:
        # A failure inside the function is for its log, not for the caller.
        if result.get("error"):
            return {"statusCode": 502, "body": "Internal Server Error"}, None
        return to_response(result)

    lambda_svc._create_function_url_config = create_here
    lambda_svc._function_url_id = lambda url: url.rstrip("/").rsplit("/", 1)[1] if _PREFIX in url else make_id(url)
    lambda_svc.handle_function_url_request = serve_signed
    lambda_svc._build_function_url_event = event_with_caller
    lambda_svc.lambda_execute_result_to_api_proxy_response = without_the_error


def signer(
    method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes, now: datetime
) -> Identity | None:
    """Returns the signer of a request; None if the signature is missing or wrong."""
    headers = {name.lower(): value for name, value in headers.items()}
    given = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if given is None or given["region"] != environment.REGION:
        return None
    signed = given["headers"].split(";")
    date = headers.get("x-amz-date", "")
    if not {"host", "x-amz-date"} <= set(signed) <= set(headers) or not _is_recent(date, given["day"], now):
        return None
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name in query for value in query[name])
    request = AWSRequest(
        method=method,
        url=f"http://{headers['host']}{quote(path)}?{'&'.join('='.join(pair) for pair in pairs)}",
        headers={name: headers[name] for name in signed},
        data=body,
    )
    request.context["timestamp"] = date
    again = SigV4Auth(Credentials(given["key"], SECRET), "lambda", given["region"])
    signature = again.signature(again.string_to_sign(request, again.canonical_request(request)), request)
    return identity(given["key"]) if hmac.compare_digest(signature, given["signature"]) else None


def identity(access_key: str) -> Identity:
    """Returns the identity that an access key id stands for: a user, or the session of a role if the id contains an `@`."""
    session, _, role = access_key.rpartition("@")
    if session:
        arn, user = f"sts::{environment.ACCOUNT}:assumed-role/{role}/{session}", f"AROALOCAL{role.upper()}:{session}"
    else:
        arn, user = f"iam::{environment.ACCOUNT}:user/{access_key}", f"AIDALOCAL{access_key.upper()}"
    return {
        "accessKey": access_key,
        "accountId": environment.ACCOUNT,
        "callerId": user,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:{arn}",
        "userId": user,
    }


def _is_recent(date: str, day: str, now: datetime) -> bool:
    try:
        at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return date.startswith(day) and abs(now - at) <= _VALID_FOR
