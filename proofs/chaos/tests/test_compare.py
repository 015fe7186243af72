"""The comparison sees the effects of a migration that ran twice, not at all, or half."""

import itertools

import pytest

from proofs.chaos.server import EMPTY
from proofs.harness import compare
from proofs.harness.compare import DOUBLED, LOST, OTHER, Contents

SETUP = """
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
    migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(), applied_steps_count int NOT NULL DEFAULT 0);
INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
    VALUES ('1', 'c', 'a', now(), 1);
CREATE TYPE mood AS ENUM ('calm');
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int NOT NULL DEFAULT 1, at timestamptz DEFAULT now());
INSERT INTO t (n) VALUES (1), (2);
CREATE INDEX i ON t (n);
CREATE VIEW v AS SELECT n FROM t;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE p (id int) PARTITION BY LIST (id);
CREATE TABLE c PARTITION OF p FOR VALUES IN (1);
CREATE TABLE younger ();
"""

numbers = itertools.count()


@pytest.fixture
def differing(server):
    """A function that returns the differences between a database and a copy in which more SQL has run."""
    names = [f"compare_{next(numbers)}" for _ in range(2)]

    def differ(statements):
        contents = []
        for name in names:
            server.create(name, EMPTY)
            with server.connect(name) as session:
                session.execute(SETUP)
        for name, more in zip(names, ("SELECT 1", statements), strict=True):
            with server.connect(name) as session:
                for statement in more.split(";"):
                    session.execute(statement)
                contents.append(compare.read(session))
        plain, changed = contents
        ignored = {("public.t", "at")}
        return {(difference.kind, difference.what) for difference in compare.differences(plain, changed, ignored)}

    yield differ
    for name in names:
        server.drop(name)


def test_equal_databases_do_not_differ(differing):
    assert differing("SELECT 2") == set()


def test_numbers_that_a_rolled_back_script_spent_are_no_difference(differing):
    assert differing("BEGIN; INSERT INTO t (n) VALUES (3); ROLLBACK") == set()


@pytest.mark.parametrize("statement", [
    "ALTER TABLE t ALTER n SET DEFAULT 2", "ALTER TABLE t ALTER n DROP NOT NULL", "ALTER TABLE t ALTER at TYPE timestamp",
    "ALTER TYPE mood ADD VALUE 'busy'", "ALTER TABLE t ENABLE ROW LEVEL SECURITY", "GRANT SELECT ON t TO public",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "CREATE OR REPLACE VIEW v AS SELECT n + 0 AS n FROM t",
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass",
    "UPDATE t SET n = 5 WHERE n = 1",
])
def test_what_changed_is_seen(differing, statement):
    assert OTHER in {kind for kind, _ in differing(statement)}


@pytest.mark.parametrize(("statement", "what"), [
    ("DROP INDEX i", "index public.i"), ("DROP VIEW v", "relation public.v"), ("DELETE FROM t WHERE n = 2", 'public.t lacks {"n": 2}'),
    ("DROP FUNCTION f()", "function public.f()"), ("ALTER TABLE p DETACH PARTITION c", "partition public.c of public.p"),
    ("DELETE FROM _prisma_migrations", "a is not recorded"), ("REINDEX INDEX CONCURRENTLY i", "another age"),
])
def test_what_is_missing_is_lost(differing, statement, what):
    assert any(kind == LOST and what in text for kind, text in differing(statement))


@pytest.mark.parametrize(("statement", "what"), [
    ("CREATE INDEX j ON t (n)", "index public.j"), ("INSERT INTO t (n) VALUES (2)", 'public.t has {"n": 2} too often'),
    ("ALTER TABLE t ADD CONSTRAINT k CHECK (n > 0)", "constraint public.t.k"), ("ANALYZE t", "statistics public.t"),
    ("INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('2', 'c', 'a', now())",
     "a is recorded too often"),
])
def test_what_is_too_many_is_doubled(differing, statement, what):
    assert any(kind == DOUBLED and what in text for kind, text in differing(statement))


def test_unfinished_rows_and_invalid_indexes_are_told(differing):
    found = differing(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('2', 'c', 'b');"
        "CREATE INDEX j ON t (n); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'j'::regclass"
    )
    assert (OTHER, "b is unfinished in the ledger") in found
    assert (OTHER, "index public.j is too many (invalid)") in found


def test_what_ran_twice_is_told_though_not_everything_ran():
    done = ("a", "checksum", True, False, None, 1)
    expected = Contents(rows={"public.trace": [{"what": "a"}, {"what": "b"}]}, ledger=[done])
    once = Contents(rows={"public.trace": [{"what": "a"}]}, ledger=[])
    twice = Contents(rows={"public.trace": [{"what": "a"}, {"what": "a"}]}, ledger=[done, done])
    assert compare.repeated(expected, once) == []
    assert [difference.kind for difference in compare.repeated(expected, twice)] == [DOUBLED, DOUBLED]


def test_a_session_that_stays_is_told(server):
    name = f"compare_{next(numbers)}"
    server.create(name, EMPTY)
    with server.connect(name) as session, server.connect(name) as other:
        assert compare.leftovers(session, patience=0) == []
        other.execute("SET application_name = 'lockstep x'; SELECT pg_advisory_lock(1)")
        assert len(compare.leftovers(session, patience=0)) == 2
    server.drop(name)


def test_columns_that_clocks_fill_are_known(server):
    contents = []
    for _ in range(2):
        name = f"compare_{next(numbers)}"
        server.create(name, EMPTY)
        with server.connect(name) as session:
            session.execute(SETUP)
            contents.append(compare.read(session))
        server.drop(name)
    assert compare.volatile(*contents) == {("public.t", "at")}
