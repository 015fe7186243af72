"""What scripts/approve and scripts/reject send, and how they handle the answer."""

import itertools
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import MagicMock
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from local.function_url import signer
from scripts.operate import decide, function_url
from scripts.operate.target import Target

ARN = "arn:aws:states:us-east-1:000000000000:execution:lockstep-migrations-prod:apply-1"
RECORDED = {"decision": "approved", "by": "arn:aws:iam::1:user/ann", "identity": "verified", "reason": "fine"}


class Url:
    """A function's URL that gives the configured answers one after the other. For None it hangs up."""

    def __init__(self):
        self.answers: list[Any] = []
        self.requests: list[tuple[Any, ...]] = []
        url = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                caller = signer(
                    self.command, parts.path, parse_qs(parts.query), dict(self.headers), body, datetime.now(UTC)
                )
                url.requests.append((self.command, self.path, body, caller))
                answer = url.answers.pop(0)
                if answer is None:
                    self.connection.close()
                    return
                status, said = answer
                text = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/some-id/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def url():
    made = Url()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def target(url, monkeypatch):
    functions = MagicMock()
    functions.get_function_url_config.return_value = {"FunctionUrl": url.address}
    monkeypatch.setattr(Target, "client", lambda *_: functions)
    settings = {"AWS_ACCESS_KEY_ID": "Ann", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
    made = Target("prod", "lockstep-migrations-prod", settings=settings)
    made.__dict__["caller"] = {"Account": "000000000000", "Arn": "arn:aws:iam::000000000000:user/Ann"}
    monkeypatch.setattr(decide, "find", lambda *_: made)
    return made


def test_a_decision_is_signed(url, target):
    url.answers = [(200, RECORDED)]
    assert decide.decide(target, ARN, "abc", "approve", "fine", on_behalf_of="octocat") == RECORDED
    [(method, _, body, caller)] = url.requests
    assert method == "POST" and caller["userArn"] == "arn:aws:iam::000000000000:user/Ann"
    assert json.loads(body) == {
        "execution": ARN, "digest": "abc", "decision": "approve", "reason": "fine", "onBehalfOf": "octocat",
    }


def test_a_query_is_signed(url, target):
    url.answers = [(200, {"waiting": True})]
    assert function_url.call(target, "approve", "GET", {"execution": ARN}) == (200, {"waiting": True})
    [(method, path, _, caller)] = url.requests
    assert (method, path) == ("GET", f"/some-id/?execution={ARN.replace(':', '%3A')}") and caller is not None


@pytest.fixture
def pauses(monkeypatch):
    """The pauses before the further attempts. Nothing waits for them."""
    waited: list[float] = []
    monkeypatch.setattr(function_url.time, "sleep", waited.append)
    return waited


FAILED = (502, b"Internal Server Error")
TOO_MANY = (429, {"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."})


@pytest.mark.parametrize("failures", [[None], [FAILED], [TOO_MANY], [FAILED, None, TOO_MANY]])
def test_an_answer_that_was_lost_is_asked_for_again(url, target, pauses, failures):
    url.answers = [*failures, (200, RECORDED)]
    assert decide.decide(target, ARN, "abc", "approve", "fine") == RECORDED
    assert len(url.requests) == len(failures) + 1 and len({request[2] for request in url.requests}) == 1
    assert len(pauses) == len(failures) and all(b > a > 0 for a, b in itertools.pairwise(pauses))


def test_no_answer_at_all(url, target, pauses, capsys):
    url.answers = [None] * 4
    with pytest.raises(HTTPClientError):
        decide.decide(target, ARN, "abc", "approve", "fine")
    for failure in (FAILED, TOO_MANY):
        url.answers = [failure] * 4
        assert decide.main("approve", [ARN, "--digest", "abc", "--reason", "fine"]) == 1
        assert "scripts/logs prod --step approve" in capsys.readouterr().err
    assert url.answers == []


def test_a_refusal_is_told_in_the_functions_words(url, target, capsys):
    url.answers = [(409, {"error": "Approval.Refused", "message": "Bob has approved it already"})]
    assert decide.main("reject", ["prod", ARN, "--digest", "abc", "--reason", "no"]) == decide.REFUSED == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Refused: Bob has approved it already\n")


def test_a_caller_without_permission_gets_the_message_of_aws(url, target, capsys):
    url.answers = [(403, {"Message": "Forbidden"})]
    assert decide.main("approve", ["prod", "--digest", "abc", ARN, "--reason", "fine"]) == 1
    assert "does not let arn:aws:iam::000000000000:user/Ann call" in capsys.readouterr().err


def test_a_stack_without_the_url(target, capsys):
    absent = {"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}
    target.client("lambda").get_function_url_config.side_effect = ClientError(absent, "GetFunctionUrlConfig")
    assert decide.main("approve", [ARN, "--digest", "abc", "--reason", "fine"]) == 1
    assert "no stack lockstep-migrations-prod" in capsys.readouterr().err


def test_the_decision_is_shown(url, target, capsys):
    url.answers = [(200, RECORDED | {"onBehalfOf": "octocat"})]
    arguments = [ARN, "--digest", "abc", "--reason", "fine", "--on-behalf-of", "octocat"]
    assert decide.main("approve", arguments) == 0
    assert capsys.readouterr().out == "▶ Approved by arn:aws:iam::1:user/ann (verified), on behalf of octocat (claimed): fine\n"


def test_the_script_takes_no_name_of_the_approver(capsys):
    with pytest.raises(SystemExit, match="2"):
        decide.main("approve", [ARN, "--digest", "abc", "--reason", "fine", "--by", "Ann"])
    assert "--by" in capsys.readouterr().err
