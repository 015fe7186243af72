"""The measuring host of a function, with a real process on the other side."""

import sys
from pathlib import Path

import pytest

from proofs.bench import function

#: A program that behaves like a function towards its host.
PROGRAM = """#!{python}
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
with urllib.request.urlopen(api + "next") as given:
    payload, number = json.load(given), given.headers["Lambda-Runtime-Aws-Request-Id"]
secret = urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"], data=b"{{}}"))
there = os.environ["AWS_ENDPOINT_URL_S3"] + "/bucket/reports/d1/report.md?x-id=PutObject"
urllib.request.urlopen(urllib.request.Request(there, data=b"# r", method="PUT"))
answer = payload | {{"password": json.loads(json.load(secret)["SecretString"])["password"]}}
path = "/error" if payload.get("fails") else "/response"
body = {{"errorType": "Some.Name", "errorMessage": "why"}} if payload.get("fails") else answer
urllib.request.urlopen(urllib.request.Request(api + number + path, data=json.dumps(body).encode()))
urllib.request.urlopen(api + "next")
"""


@pytest.fixture
def program(tmp_path) -> Path:
    file = tmp_path / "function"
    file.write_text(PROGRAM.format(python=sys.executable))
    file.chmod(0o755)
    return file


def test_each_part_is_timed_in_its_order(program, tmp_path):
    run = function.run(program, {"a": 1}, {"password": "p"}, tmp_path, tmp_path / "log", 20)
    assert (run.output, run.error) == ({"a": 1, "password": "p"}, "")
    assert 0 < run.polled <= run.delivered < run.secret_given < run.answered
    assert run.peak_kb > 1_000 and run.cpu_ms > 1
    assert (run.stored, run.output_bytes) == ({"report.md": 3}, len('{"a": 1, "password": "p"}'))


def test_an_error_is_told_by_its_name(program, tmp_path):
    run = function.run(program, {"fails": True}, {"password": "p"}, tmp_path, tmp_path / "log", 20)
    assert run.error == "Some.Name: why"
