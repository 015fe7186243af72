"""Everything that can be wrong on the way to the database. Each failure has its own name, and comes within seconds or,
if a retry can cure it, within a minute."""

import socket
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local import processes
from proofs.e2e import subjects

WRONG: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "password": ({"password": "wrong"}, "Database.AuthenticationFailed", ["migrator", "password is not the role's", "in the secret"]),
    "user": ({"username": "unknown_role"}, "Database.AuthenticationFailed", ["unknown_role"]),
    "host": ({"host": "no-such-host.invalid"}, "Database.Unreachable", ["no-such-host.invalid", "cannot be resolved"]),
    "port": ({"port": processes.free_port()}, "Database.Unreachable", ["connection refused"]),
    "database": ({"dbname": "not_there"}, "Database.NotFound", ['"not_there"', "create it"]),
    "proxy": ({"host": "app.proxy-x.rds.amazonaws.com"}, "Config.Invalid", ["RDS Proxy", "instance's own endpoint"]),
    "no password": ({"password": None}, "Config.Invalid", ["DatabaseSecretArn", "username and password"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_secret_that_is_wrong(case, what):
    changes, error, parts = WRONG[what]
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.stack.set_secret(dev.stack.classic_secret(**changes))
    fails(dev, error, *parts)


def test_a_secret_that_is_no_json(case):
    dev = case()
    dev.stack.set_secret("hunter2 is not JSON")
    fails(dev, "Config.Invalid", "DatabaseSecretArn", "JSON object")
    assert "hunter2" not in dev.stack.everything_readable(dev.deployment, dev.executions())


def test_a_host_that_never_answers(case):
    """A security group that lets nothing through looks like this."""
    dev = case()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dev.stack.set_secret(dev.stack.classic_secret(port=silent.getsockname()[1]))
        fails(dev, "Database.Unreachable", "no answer in time", "security groups")


def test_an_authority_that_is_not_trusted(case):
    """The default authorities are RDS's own. They did not sign the local server's certificate."""
    fails(case("rds-authorities"), "Database.TlsFailed", "certificate")


def test_secrets_manager_out_of_reach(case):
    """The local network resolves the endpoint's name, but no endpoint answers."""
    fails(case("endpoint"), "Secret.Unreachable", "SecretsManagerEndpoint", "NAT gateway", "port 443")


def test_a_database_that_takes_no_writes(case):
    dev = case()
    with dev.connection.connect() as session:
        session.execute(f"ALTER DATABASE {dev.connection.database} SET default_transaction_read_only = on")
    dev.write("1_a", "CREATE TABLE a ()")
    fails(dev, "Database.ReadOnly", "default_transaction_read_only")


def test_a_replica(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    with standby(dev.stack):
        fails(dev, "Database.ReadOnly", "replica", "primary's own endpoint")
    assert dev.run()["status"] == "SUCCEEDED"


def fails(where, error, *parts):
    started = time.monotonic()
    run = where.run()
    # A refused password may be in rotation.
    assert time.monotonic() - started < (60 if error == "Database.AuthenticationFailed" else 30)
    assert (run["status"], run["error"]) == ("FAILED", error)
    [mail] = where.mails()
    assert mail.subject == subjects.failed()
    assert error in mail.body and "in state Preflight" in mail.body
    for part in parts:
        assert part in run["cause"] and part in mail.body


@contextmanager
def standby(stack):
    """Runs the server as a hot standby, which is what a read replica is."""
    server = stack.postgres
    with server.superuser.connect() as session:
        signal = Path(session.execute("SHOW data_directory").fetchone()[0]) / "standby.signal"
    server.halt()
    signal.touch()
    server.run()
    try:
        yield
    finally:
        server.halt()
        signal.unlink()
        server.run()
