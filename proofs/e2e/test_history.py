"""Contents of a ledger or a directory that no run may ignore: they are reported before anything is applied."""

import pytest

from proofs.e2e import subjects

LEDGER = """
CREATE TABLE _prisma_migrations (
    id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
    logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
);
INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('1', 'x', '1_a')
"""

FOUND = {
    "a schema that was not made by migrations": ("CREATE TABLE another_tools ()", "History.NotEmpty", ["P3005", '"mode": "baseline"']),
    "a migration that another tool never finished": (LEDGER, "History.Failed", ["P3009", "1_a", '"resolution": "applied"', "rolledBack"]),
}


@pytest.mark.parametrize("what", FOUND)
def test_found_in_the_database(case, what):
    sql, error, parts = FOUND[what]
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    with dev.connection.connect() as session:
        session.execute(sql)
    before = dev.tables()
    fails(dev, error, *parts)
    assert dev.tables() == before


def test_a_script_that_ends_its_transaction_is_refused(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.write("2_b", "CREATE TABLE b ();\nROLLBACK;")
    fails(dev, "Migration.Refused", "2_b", "line 2", "ROLLBACK")
    assert dev.tables() == []


def test_no_migrations_at_all(case):
    """A layer that did not arrive must not look like a database that is up to date."""
    fails(case(), "History.Invalid", "migrations")


def fails(dev, error, *parts):
    run = dev.run()
    assert (run["status"], run["error"]) == ("FAILED", error)
    [mail] = dev.mails()
    assert mail.subject == subjects.failed()
    for part in parts:
        assert part in run["cause"] and part in mail.body
