"""A function's process is treated as Lambda treats it."""

import os
import stat
import sys
import textwrap

import pytest

from proofs.harness.runtime_api import Answer, Function

PROGRAM = """
    import json, os, sys, time, urllib.request

    api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"

    def post(url, body):
        return json.load(urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())))

    while True:
        with urllib.request.urlopen(api + "next") as invocation:
            event, request = json.load(invocation), invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        if event["do"] == "die":
            sys.exit(1)
        if event["do"] == "hang":
            time.sleep(60)
        if event["do"] == "fail":
            post(f"{api}{request}/error", {"errorType": "Lock.Held", "errorMessage": "by another"})
        if event["do"] == "tell":
            secret = post(os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"], {"SecretId": "any"})["SecretString"]
            post(f"{api}{request}/response", {"secret": json.loads(secret), "pid": os.getpid()})
"""


@pytest.fixture
def function(tmp_path):
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\n{textwrap.dedent(PROGRAM)}")
    os.chmod(program, stat.S_IRWXU)
    made = Function(program, tmp_path, tmp_path / "log")
    yield made
    made.kill()


def test_one_process_serves_many_invocations_and_reads_each_ones_secret(function):
    answers = [function.invoke({"do": "tell"}, {"password": number}, 10).output for number in range(3)]
    assert [answer["secret"]["password"] for answer in answers] == [0, 1, 2]
    assert len({answer["pid"] for answer in answers}) == 1


def test_a_failure_has_its_name(function):
    assert function.invoke({"do": "fail"}, {}, 10) == Answer(error="Lock.Held", message="by another")


def test_a_process_that_ends_is_an_exit_error_and_is_replaced(function):
    assert function.invoke({"do": "die"}, {}, 10).error == "Runtime.ExitError"
    assert function.invoke({"do": "tell"}, {}, 10).output["pid"]


def test_a_process_that_hangs_is_killed_at_its_timeout(function):
    assert function.invoke({"do": "hang"}, {}, 1).error == "Sandbox.Timedout"
    assert function.invoke({"do": "tell"}, {}, 10).output["pid"]


def test_a_report_that_is_not_taken_is_as_if_the_process_had_died_before(function):
    def kill():
        function.kill()
        return False

    function.before_report = kill
    assert function.invoke({"do": "tell"}, {}, 10).error == "Runtime.ExitError"
