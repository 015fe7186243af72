"""Prisma's engine gets a script as Prisma's command line would send it."""

import subprocess

import pytest

from local import environment
from proofs.bench import build
from proofs.bench.contenders import Prisma
from proofs.bench.histories import History, Layouts, Script, real
from proofs.bench.server import Server

DATABASE = "bench_prisma"

#: Semicolons that end no statement, and settings that hold within one message only.
SEMICOLONS = """CREATE TABLE notes (note text DEFAULT 'a;b'); -- one; two
CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.note := NEW.note || ';';
    RETURN NEW;
END;
$$;
SET LOCAL lock_timeout = '3s';
CREATE TABLE kept AS SELECT current_setting('lock_timeout') AS lock_timeout;
"""

HALF = "CREATE TABLE half (n int);\nSELECT 1 / 0;\n"


@pytest.fixture(scope="module")
def server():
    build.npm()
    if why := Prisma.missing():
        pytest.skip(why)
    with Server() as running:
        yield running


@pytest.fixture
def database(server):
    server.create(DATABASE)
    yield server
    server.drop(DATABASE)


def _run(server, history, place):
    """Returns the engine's error, or an empty text."""
    address = server.address(DATABASE, server.port)
    command = ["node", build.BENCH / "prisma.mjs", Layouts(history, place).prisma, address.url]
    return subprocess.run(command, env=environment.isolated(), capture_output=True, text=True, check=False).stderr


def _value(server, query):
    with server.session(server.embedded.superuser, DATABASE) as session:
        return session.execute(query).fetchone()[0]


def test_a_script_is_not_cut_at_its_semicolons(database, tmp_path):
    assert _run(database, History("made", (Script("semicolons", SEMICOLONS),)), tmp_path / "made") == ""
    assert _value(database, "SELECT lock_timeout FROM kept") == "3s"
    assert _value(database, "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL") == 1


def test_what_fails_leaves_nothing_of_its_script(database, tmp_path):
    assert "division by zero" in _run(database, History("made", (Script("half", HALF),)), tmp_path / "made")
    assert _value(database, "SELECT to_regclass('half') IS NULL")


@pytest.mark.parametrize("history", list(real()), ids=lambda history: history.name)
def test_real_histories_run_to_their_ends(database, tmp_path, history):
    assert _run(database, history, tmp_path / "real") == ""
    assert _value(database, "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL") == len(history.scripts)
