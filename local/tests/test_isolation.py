"""Nothing of the user's own AWS set-up reaches the local stack."""

import os

import pytest

from local import environment
from local.postgres import AWKWARD, DatabaseFailed, Named, awkward_password


def test_environment_is_made_from_nothing(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY", "https_proxy", "AWS_ENDPOINT_URL_RDS", "SECRET"):
        monkeypatch.setenv(name, "real")
    made = environment.isolated(AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert "real" not in made.values()
    assert made["AWS_ACCESS_KEY_ID"] == "local"
    assert made["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"


def test_building_takes_nothing_of_aws(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setenv("SAM_CLI_POLL_DELAY", "1")
    made = environment.building()
    assert "AWS_PROFILE" not in made
    assert "SAM_CLI_POLL_DELAY" not in made


def test_password_is_awkward_and_new():
    one, other = awkward_password(), awkward_password()
    assert one != other
    assert set(AWKWARD) <= set(one)


def test_database_url():
    named = Named("postgres://us%40er:p%2Fw%25@db.example:5433/app?sslmode=disable").connection
    assert (named.user, named.password, named.host, named.port) == ("us@er", "p/w%", "db.example", 5433)
    assert (named.database, named.tls) == ("app", "disable")
    assert "p/w%" not in repr(named)


@pytest.mark.parametrize("url", ["", "mysql://a/b", "postgres://host", "postgres://u:p@h/d?sslmode=prefer"])
def test_database_url_that_does_not_fit(url, monkeypatch):
    monkeypatch.delenv("DATABASE_TLS", raising=False)
    with pytest.raises(DatabaseFailed):
        Named(url)


@pytest.mark.parametrize("password", ["{}/1", "1/{}", "{}?1", "1?{}", "{}#1", "1#{}", "{}[1", "1]{}", "/{}", "{}:1/2"])
def test_a_password_that_is_not_encoded_is_not_told(password):
    with pytest.raises(DatabaseFailed) as refused:
        Named(f"postgres://user:{password.format('secret')}@db.example:5433/app?sslmode=disable")
    assert "%2F" in str(refused.value) and "secret" not in str(refused.value) and "1" not in str(refused.value)
    # The exception's cause and context do not show the password either.
    assert refused.value.__cause__ is None and refused.value.__context__ is None
