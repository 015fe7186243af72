"""The password and the task token appear in nothing that a person could read. No deployed function has planted bugs."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

from local import build, processes
from local.postgres import AWKWARD
from proofs.e2e.relay import Relay
from proofs.harness import planted_bugs
from scripts.dist.targets import FUNCTIONS


def test_the_password_and_the_token_stay_where_they_are(case):
    prod = case("prod")
    password = prod.connection.password
    assert set(AWKWARD) <= set(password)
    output = []

    # An approved run, followed by the script.
    prod.write("1_a", "CREATE TABLE a (n int)")
    execution, digest = prod.start_and_wait_for_approval()
    name = execution.rsplit(":", 1)[1]
    answers = [prod.pending(execution)]
    output += [prod.command("show", name), prod.command("show", name, "--json"), prod.command("runs")]
    approved = prod.command("approve", name, "--digest", digest, "--reason", "fine")
    assert approved.returncode == 0, approved.stderr
    assert prod.wait(execution)["status"] == "SUCCEEDED"
    output += [approved, prod.command("run", "--follow", name), prod.command("show", name)]
    answers += [prod.pending(execution), prod.decide(execution, digest), prod.decide(execution, "0" * 64)]

    # A run that the database refuses, one whose connection it drops, one that cannot log in, one without its database.
    prod.write("2_b", "INSERT INTO a VALUES (1); SELECT 1 / 0")
    output.append(prod.command("run", "--mode", "plan"))
    refused, digest = prod.start_and_wait_for_approval()
    answers.append(prod.decide(refused, digest))
    assert prod.wait(refused)["error"] == "Migration.Failed"
    output.append(prod.command("show", refused))
    with_wrong_password = f"{password}-but-wrong"
    for changes in ({"password": with_wrong_password}, {"dbname": "gone"}, {"host": "gone.invalid"}):
        prod.stack.set_secret(prod.stack.classic_secret(**changes))
        output.append(prod.command("run"))
        assert output[-1].returncode == 1
    relay = Relay(processes.free_port())
    prod.stack.set_secret(prod.stack.classic_secret(port=relay.port))
    output.append(prod.command("run"))
    assert output[-1].returncode == 1
    relay.close()
    output.append(prod.command("logs", "--all"))
    assert output[-1].returncode == 0

    prod.mails()
    shown = "\n".join([*(result.stdout + result.stderr for result in output), *map(json.dumps, answers)])
    told = shown + prod.stack.everything_readable(prod.deployment, [])
    everything = told + prod.stack.everything_readable(prod.deployment, prod.executions())
    tokens = {token for execution in prod.executions() for token in task_tokens(prod.stack.history(execution))}
    # The search finds known texts.
    assert "migrator" in told and "Migration.Failed" in told and len(tokens) == 2
    assert "<!doctype html>" in told.lower() and "SELECT 1 / 0" in told
    for form in forms(password):
        assert form not in everything
    for token in tokens:
        for form in forms(token):
            assert form not in told


def test_no_deployed_function_has_planted_bugs(deployment):
    """That they are found in functions that have them is tested in `proofs/chaos/tests/test_bugs.py`."""
    deployment("dev")
    programs = [build.BUILD / name for name in FUNCTIONS]
    # They hold such texts as they are in the source.
    assert b"pg_try_advisory_lock" in (build.BUILD / "apply").read_bytes()
    assert not [program for program in programs if planted_bugs.are_in(program)]


def task_tokens(history):
    for event in history:
        parameters = json.loads(event.get("taskScheduledEventDetails", {}).get("parameters", "{}"))
        if "taskToken" in parameters.get("Payload", {}):
            yield parameters["Payload"]["taskToken"]


def forms(secret):
    """Returns a secret as it would look in text, JSON, JSON in JSON, a URL, HTML, a header; and each piece of it."""
    escaped = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    twice = [json.dumps(text)[1:-1] for text in escaped]
    pieces = [secret[start : start + 12] for start in range(len(secret) - 11)]
    encoded = [quote(secret), quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()]
    return {secret, *escaped, *twice, *pieces, *encoded, html.escape(secret), repr(secret)[1:-1]}
