"""A function's URL answers signed requests, names their signer, and refuses all others."""

import io
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import environment, function_url, paths, processes
from local.tests import pages

URL = "http://127.0.0.1:1/_aws/lambda-url/some-id/"
QUERY = "?execution=arn%3Aaws%3Astates%3A%3A1&x=a%20b"

#: Returns the event that it was called with.
FUNCTION = """
import json

def handle(event, context):
    if event["rawQueryString"] == "fail=1":
        raise ValueError("only for the log")
    return {"statusCode": 201, "headers": {"x-answer": "yes"}, "body": json.dumps(event)}
"""


def signed(method="POST", url=URL, body=b"{}", key="Ann", secret="local", **headers):
    request = AWSRequest(method, url, {"Content-Type": "application/json", **headers}, body)
    SigV4Auth(Credentials(key, secret), "lambda", environment.REGION).add_auth(request)
    return request.prepare()


class TestSigner:
    """The signer, from the request as it arrived."""

    def ask(self, request, body=b"{}", query=None, path="/_aws/lambda-url/some-id/", method="POST", later=timedelta(), **more):
        headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
        headers |= {"host": "127.0.0.1:1"} | more
        return function_url.signer(method, path, query or {}, headers, body, datetime.now(UTC) + later)

    def test_a_user(self):
        caller = self.ask(signed())
        assert caller["userArn"] == "arn:aws:iam::000000000000:user/Ann"
        assert (caller["accessKey"], caller["accountId"], caller["cognitoIdentity"]) == ("Ann", "000000000000", None)

    def test_a_session_of_a_role(self):
        caller = self.ask(signed(key="ann@example.com@Approver"))
        assert caller["userArn"] == "arn:aws:sts::000000000000:assumed-role/Approver/ann@example.com"
        assert caller["userId"].endswith(":ann@example.com")

    def test_the_query_is_signed(self):
        request = signed(url=URL + QUERY)
        asked = {"x": ["a b"], "execution": ["arn:aws:states::1"]}
        assert self.ask(request, query=asked) is not None
        assert self.ask(request, query=asked | {"x": ["other"]}) is None
        assert self.ask(request) is None

    def test_a_colon_in_the_query_is_signed_as_an_escape(self):
        asked = {"execution": ["arn:aws"]}
        assert self.ask(signed(url=f"{URL}?execution=arn%3Aaws"), query=asked) is not None
        for other in ("arn:aws", "arn%3aaws"):
            assert self.ask(signed(url=f"{URL}?execution={other}"), query=asked) is None

    def test_a_request_that_was_changed_after_signing_has_no_caller(self):
        assert self.ask(signed(secret="wrong")) is None
        assert self.ask(signed(), body=b'{"more": 1}') is None
        assert self.ask(signed(), method="GET") is None
        assert self.ask(signed(), path="/_aws/lambda-url/another-id/") is None
        assert self.ask(signed(), later=timedelta(minutes=6)) is None
        assert self.ask(signed(), later=-timedelta(minutes=6)) is None
        another_date = (datetime.now(UTC) - timedelta(seconds=30)).strftime("%Y%m%dT%H%M%SZ")
        assert self.ask(signed(), **{"x-amz-date": another_date}) is None
        for authorization in ("", "Bearer x", "AWS4-HMAC-SHA256 Credential=Ann/20260101/us-east-1/lambda/aws4_request"):
            assert self.ask(signed(), authorization=authorization) is None

    @pytest.mark.parametrize("part", [("/lambda/", "/s3/"), ("us-east-1", "eu-west-1"), ("host;", "")])
    def test_a_signature_of_another_scope_has_no_caller(self, part):
        request = signed()
        changed = request.headers["Authorization"].replace(*part)
        assert changed != request.headers["Authorization"]
        assert self.ask(request, authorization=changed) is None


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The URL of a function in an account of its own."""
    port, directory = processes.free_port(), tmp_path_factory.mktemp("aws")
    settings = environment.isolated(
        PYTHONPATH=str(paths.ROOT), AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1", MINISTACK_HOST="127.0.0.1", TMPDIR=str(directory), STATE_DIR=str(directory),
        S3_DATA_DIR=str(directory / "s3"),
    )
    log = directory / "log"
    command = [sys.executable, "-m", "local.aws_server"]
    server = processes.start("The AWS emulator", command, log, directory / "server.json", env=settings, cwd=directory)
    try:
        processes.wait_until_ready(server, lambda: processes.answers(port), log)
        yield make_function(environment.client("lambda", f"http://127.0.0.1:{port}"))
    finally:
        server.stop()


def make_function(functions):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("echo.py", FUNCTION)
    functions.create_function(
        FunctionName="echo", Runtime="python3.11", Handler="echo.handle", Role="arn:aws:iam::000000000000:role/echo",
        Code={"ZipFile": file.getvalue()}, Publish=True,
    )
    functions.create_alias(FunctionName="echo", Name="live", FunctionVersion="1")
    functions.create_function_url_config(FunctionName="echo", Qualifier="live", AuthType="AWS_IAM")
    return functions.get_function_url_config(FunctionName="echo", Qualifier="live")["FunctionUrl"]


def send(request):
    plain = urllib.request.Request(request.url, request.body or None, dict(request.headers), method=request.method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(plain) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, dict(refusal.headers), refusal.read().decode()


class TestServed:
    """Over HTTP, to a function."""

    def test_the_event_is_that_of_aws(self, url):
        assert url.startswith("http://127.0.0.1:")
        status, headers, text = send(signed(url=url + QUERY, body=b'{"by": "Cem"}'))
        event = json.loads(text)
        context = event["requestContext"]
        assert (status, headers["x-answer"], event["version"]) == (201, "yes", "2.0")
        assert (event["body"], event["isBase64Encoded"]) == ('{"by": "Cem"}', False)
        assert (event["rawPath"], context["http"]["path"], context["http"]["method"]) == ("/", "/", "POST")
        assert event["queryStringParameters"] == {"execution": "arn:aws:states::1", "x": "a b"}
        assert context["authorizer"]["iam"] == function_url.identity("Ann")

    def test_a_name_in_a_header_or_the_body_changes_nothing(self, url):
        forged = json.dumps({"requestContext": {"authorizer": {"iam": {"userArn": "arn:aws:iam::1:user/root"}}}})
        request = signed(url=url, body=forged.encode(), **{"X-Amzn-Iam-User-Arn": "arn:aws:iam::1:user/root"})
        event = json.loads(send(request)[2])
        assert event["requestContext"]["authorizer"]["iam"]["userArn"] == "arn:aws:iam::000000000000:user/Ann"

    def test_one_callers_name_is_not_the_next_ones(self, url):
        callers = [json.loads(send(signed(url=url, key=key))[2])["requestContext"]["authorizer"]["iam"] for key in "AB"]
        assert [caller["accessKey"] for caller in callers] == ["A", "B"]

    def test_an_unsigned_request_is_refused(self, url):
        unsigned = AWSRequest("GET", url + QUERY).prepare()
        for request in (unsigned, signed("GET", url, secret="wrong"), signed("HEAD", url, secret="wrong")):
            status, headers, text = send(request)
            assert status == 403 and "x-answer" not in headers
            assert text in ('{"Message":"Forbidden"}', "")
        changed = signed(url=url, body=b'{"decision": "reject"}')
        changed.body = b'{"decision": "approve"}'[:22]
        assert send(changed)[0] == 403

    @pytest.mark.skipif(not shutil.which("curl"), reason="this machine has no curl")
    @pytest.mark.parametrize("token", ["", "of-a-session"])
    def test_curl_as_the_page_has_it(self, url, token):
        arn = "arn:aws:states:us-east-1:000000000000:execution:lockstep-migrations-prod:apply-20260101T000000Z-a1b2c3"
        [listing] = [block for block in pages.blocks() if "--aws-sigv4" in block]
        settings = environment.isolated(AWS_ACCESS_KEY_ID="Ann", AWS_SESSION_TOKEN=token, URL=url)
        # The look-up is emulated; local/tests/test_pages.py checks its arguments.
        script = 'aws() { echo "$URL"; }\n' + listing.replace("<ARN>", arn)
        sent = subprocess.run(["bash", "-euc", script], env=settings, capture_output=True, text=True, timeout=60, check=True)
        event = json.loads(sent.stdout)
        assert event["requestContext"]["http"]["method"] == "GET", sent.stdout
        assert event["queryStringParameters"] == {"execution": arn}
        assert event["requestContext"]["authorizer"]["iam"] == function_url.identity("Ann")

    def test_an_error_inside_the_function_is_not_shown(self, url):
        status, _, text = send(signed("GET", url + "?fail=1", body=b""))
        assert (status, text) == (502, "Internal Server Error")


