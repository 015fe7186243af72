"""Ledgers are compared by row and column."""

import pytest

from proofs.conformance import ledgers

ROW = {"version": 1, "description": "a", "success": True, "checksum": "01"}


def test_equal_ledgers_do_not_differ():
    assert ledgers.differences([ROW], [dict(ROW)]) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([ROW | {"checksum": "02"}], ["ledger row 1 (1): checksum is '02' instead of '01'"]),
        ([ROW | {"more": 1}], ["ledger row 1 (1): more is 1 instead of None"]),
        ([], ["the ledger lacks 1"]),
        ([ROW, ROW | {"version": 2}], ["the ledger has 2 too many"]),
    ],
)
def test_every_difference_is_said(found, said):
    assert ledgers.differences([ROW], found) == said


def test_a_column_can_be_left_aside():
    assert ledgers.differences([ROW], [ROW | {"checksum": ""}], aside=("checksum",)) == []


def test_times_that_cannot_be_are_seen_and_bytes_are_shown(server):
    database = server.database()
    with server.connect(database) as session:
        session.execute(
            "CREATE TABLE _sqlx_migrations"
            " (version bigint, installed_on timestamptz, checksum bytea, execution_time bigint);"
            "INSERT INTO _sqlx_migrations VALUES (1, now(), '\\x0aff', 5), (2, now() + interval '1 day', '', -1)"
        )
        rows = ledgers.read(session, "_sqlx_migrations")
    assert rows == [
        {"version": 1, "installed_on": True, "checksum": "0aff", "execution_time": True},
        {"version": 2, "installed_on": False, "checksum": "", "execution_time": False},
    ]
    server.drop(database)
