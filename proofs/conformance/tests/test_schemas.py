"""The comparison sees what the harness's comparison of contents leaves out, and does not see the ledgers."""

import pytest

from proofs.conformance import schemas
from proofs.harness import histories
from proofs.harness.histories import SQLX

SCRIPTS = {
    "start": "CREATE TABLE t (id uuid DEFAULT gen_random_uuid(), n int);\nINSERT INTO t (n) VALUES (1), (2);\n"
             "CREATE SEQUENCE s;\nCREATE MATERIALIZED VIEW m AS SELECT n FROM t;\n",
}


@pytest.fixture(scope="module")
def reference(server, tmp_path_factory):
    history = histories.write(SQLX, "short", SCRIPTS, tmp_path_factory.mktemp("schemas") / "short")
    return schemas.Reference(server, history)


@pytest.fixture
def differing(server, reference):
    """A function that returns how a database differs after more SQL has run in it."""
    database = server.database()

    def differ(statement):
        with server.connect(database) as session:
            session.execute(SCRIPTS["start"])
            session.execute(statement)
        with server.look(database) as session:
            return reference.differences(session)

    yield differ
    server.drop(database)


LEDGER = (
    "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text, installed_on timestamptz, success boolean,"
    " checksum bytea, execution_time bigint)"
)


@pytest.mark.parametrize("statement", ["SELECT 1", LEDGER])
def test_nothing_differs(differing, statement):
    assert differing(statement) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("ALTER SEQUENCE s CACHE 7", "sequence public.s"),
        ("REFRESH MATERIALIZED VIEW m WITH NO DATA", "populated public.m"),
        ("CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", "rule public.t.r is too many"),
        ("CREATE AGGREGATE a (int) (SFUNC = int4pl, STYPE = int)", "aggregate public.a(integer) is too many"),
        ("CREATE STATISTICS st ON id, n FROM t", "statistics object public.t.st is too many"),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public", "default privileges"),
        ("DELETE FROM t WHERE n = 2", 'public.t lacks {"n": 2}'),
        ("DROP TABLE t CASCADE", "relation public.t is missing"),
    ],
)
def test_what_is_planted_is_found(differing, statement, found):
    assert any(found in what for what in differing(statement))


def test_a_script_that_fails_is_no_reference(server, tmp_path):
    history = histories.write(SQLX, "wrong", {"wrong": "SELECT 1 / 0;"}, tmp_path / "wrong")
    with pytest.raises(RuntimeError, match="division by zero"):
        schemas.Reference(server, history)
