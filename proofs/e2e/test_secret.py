"""The secret's shapes, and a password that is rotated during a run."""

import pytest
from psycopg import sql

from proofs.e2e.relay import Relay
from proofs.harness.waiting import until


@pytest.mark.parametrize("shape", [int, str])
def test_the_port_is_a_number_or_a_text(case, shape):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.stack.set_secret(dev.stack.classic_secret(port=shape(dev.connection.port)))
    assert dev.run()["status"] == "SUCCEEDED"
    assert dev.tables() == ["a"]


def test_the_secret_that_rds_manages_has_user_and_password_only(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.stack.set_secret({"username": dev.connection.user, "password": dev.connection.password})
    dev.stack.describe_database_as(DBName=dev.connection.database)
    assert dev.run()["status"] == "SUCCEEDED"
    assert dev.tables() == ["a"]


def test_no_database_named_anywhere(case):
    dev = case()
    dev.stack.set_secret({"username": dev.connection.user, "password": dev.connection.password})
    dev.stack.describe_database_as(DBName=None)
    run = dev.run()
    assert (run["status"], run["error"]) == ("FAILED", "Config.Invalid")
    assert "DatabaseName" in run["cause"]


def test_a_password_that_is_rotated_between_reading_and_connecting(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    old = dev.connection.password
    relay = Relay(dev.connection.port, lambda: rotate(dev, "new-" + old, relay.port))
    dev.stack.set_secret(dev.stack.classic_secret(port=relay.port))
    try:
        run = dev.run()
    finally:
        set_password(dev, old)
        relay.close()
    assert run["status"] == "SUCCEEDED"
    # Preflight connected twice, Plan and Apply once each. The state machine noticed nothing.
    assert relay.connections == 4
    assert dev.stack.failures(run["executionArn"]) == []


def test_a_secret_that_gets_its_new_password_later_than_the_database(case):
    """This is the order of every rotation: at its end the version with the new password becomes the current one."""
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    old = dev.connection.password
    new = "new-" + old
    relay = Relay(dev.connection.port, lambda: set_password(dev, new))
    dev.stack.set_secret(dev.stack.classic_secret(port=relay.port))
    try:
        execution = dev.start()
        until(lambda: dev.stack.failures(execution), "an attempt with the old password")
        dev.stack.set_secret(dev.stack.classic_secret(password=new, port=relay.port))
        run = dev.wait(execution)
    finally:
        set_password(dev, old)
        relay.close()
    assert run["status"] == "SUCCEEDED"
    assert {error for error, _ in dev.stack.failures(execution)} == {"Database.AuthenticationFailed"}


def rotate(dev, password, port):
    set_password(dev, password)
    dev.stack.set_secret(dev.stack.classic_secret(password=password, port=port))


def set_password(dev, password):
    with dev.stack.postgres.superuser.connect() as session:
        session.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(dev.connection.user), sql.Literal(password))
        )
