"""The measurement itself, on a small history of its own: agreements, failures, and that a wrong report is noticed."""

import copy
from dataclasses import replace

import pytest

from proofs.harness import histories, install
from proofs.observe.histories import compare, page, reporter, said, shown
from proofs.observe.histories.measured import measure
from proofs.observe.histories.server import Server

ROWS = 60

SCRIPTS = {
    "start": """
        CREATE TYPE state AS ENUM ('open', 'paid');
        CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, age smallint);
        CREATE TABLE orders (
            id uuid PRIMARY KEY, customer bigint NOT NULL REFERENCES customers (id), state state NOT NULL,
            cents integer NOT NULL CHECK (cents > 0), code varchar(8) CHECK (code IN ('a', 'b')), placed timestamptz
        );
        CREATE TABLE pairs (customer bigint REFERENCES customers, "order" uuid REFERENCES orders, UNIQUE (customer, "order"));
        CREATE TABLE days (day date NOT NULL) PARTITION BY RANGE (day);
        CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE TABLE teams (id uuid PRIMARY KEY, boss uuid);
        CREATE TABLE people (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES teams, next uuid REFERENCES people);
        ALTER TABLE teams ADD FOREIGN KEY (boss) REFERENCES people;
        CREATE TABLE leads (team uuid NOT NULL UNIQUE REFERENCES teams, lead uuid NOT NULL UNIQUE REFERENCES people);
        CREATE TABLE never (of text NOT NULL CHECK (of <> of));
    """,
    "rewrite": "ALTER TABLE orders ALTER COLUMN cents TYPE bigint;",
    "index": "CREATE INDEX orders_placed ON orders (placed);",
    "rows": "UPDATE orders SET code = 'b' WHERE cents < 0;\nDELETE FROM days;",
    "column": "ALTER TABLE customers ADD COLUMN name text;\nALTER TABLE orders ADD COLUMN note text;",
    "foretold": "ALTER TABLE customers ADD COLUMN born date NOT NULL;",
    "nulls": "ALTER TABLE orders ALTER COLUMN placed SET NOT NULL;",
    "duplicates": "CREATE UNIQUE INDEX states ON orders (state);",
    "concurrently": "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);",
    "no_longer": "DROP INDEX CONCURRENTLY orders_customer;",
    "unknown": "DO $$ BEGIN EXECUTE 'ALTER TABLE pairs ADD COLUMN n int'; END $$;",
    "refused": "CREATE INDEX CONCURRENTLY a ON orders (note);\nSELECT 1;",
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    history = histories.write(histories.PRISMA, "made", SCRIPTS, tmp_path_factory.mktemp("histories") / "made")
    with Server(install.NEW) as server:
        yield measure(history, server, reporter.build(), ROWS, trials=True)


def kinds(measured):
    """Returns the kinds of disagreement. Durations are left out, because they vary on a busy machine. Trials are left
    out, because not every failure out of turn is foretold."""
    found = compare.of([replace(measured, trials=[])])
    return {kind for kind in found.kinds() if not kind.startswith("took")}


def test_a_history_is_run_to_its_end(measured):
    assert not measured.stopped
    assert measured.scripts == measured.ran == len(SCRIPTS)
    assert [migration.name.split("_", 1)[1] for migration in measured.migrations if migration.seen.sqlstate] == [
        "foretold", "nulls", "duplicates",
    ]
    assert len(measured.refused) == 1
    assert measured.on_empty == []


def test_every_table_has_its_rows_but_those_that_cannot(measured):
    # One table's CHECK is never true. The other table ends with a unique column of two values.
    assert set(measured.short) == {"public.never", "public.orders"}
    assert measured.tables == 8
    (before,) = [migration for migration in measured.migrations if migration.name.endswith("_rewrite")]
    assert set(before.rows.values()) == {ROWS}


def test_what_is_said_agrees_with_what_is_seen(measured):
    assert kinds(measured) <= {"failed with 23502, not foretold", "failed with 23505, not foretold"}
    found = compare.of([measured])
    assert found.equal["failures that statistics can tell, foretold"] >= 1
    for what in ("locks", "rewrites", "index builds", "scans", "whether readers wait", "whether writers wait"):
        assert found.compared[what] > 0, what
    assert found.counted["locks that are said to be unknown"] == 1


def test_migrations_fail_out_of_their_turn(measured):
    found = compare.of([replace(measured, migrations=[])])
    assert found.compared["too early: failures that statistics can tell, foretold"] == 2
    assert found.equal["a second time: failures that the catalog can tell, foretold"] >= 2
    assert found.compared["a second time: runs, and nothing else is foretold"] > 0
    assert not [kind for kind in found.kinds() if "foretold to fail, ran" in kind]
    # A trial is rolled back, so each migration still runs in its turn.
    assert len(measured.trials) > len(SCRIPTS)


def lie(change):
    """Returns a function that applies `change` to every migration of a report."""
    def doctored(report):
        for migration in report["migrations"]:
            change(migration)
    return doctored


def of_effects(**values):
    return lie(lambda migration: [effect.update(values) for it in migration["statements"] for effect in it["effects"]])


def finding(text):
    told = {"source": "lockstep", "rule": "refused", "verdict": "danger", "line": 1, "text": text, "help": None}
    return lie(lambda migration: [it["findings"].append(told) for it in migration["statements"]])


BLOCKING = {"readers": True, "writers": True, "howLong": "hours", "basis": ""}

LIES = {
    "a blocking lock not said": of_effects(lock="accessShare"),
    "a blocking lock said, not taken": of_effects(lock="accessExclusive"),
    "a lock said weaker": of_effects(lock="accessShare"),
    "said to be new, was there": of_effects(isNew=True),
    "a lock on what is not there": of_effects(isNew=False),
    "rewrite not said": of_effects(work=[]),
    "index build not said": of_effects(work=[]),
    "scan not said": of_effects(work=[]),
    "rewrite said, not done": of_effects(work=["rewrite"]),
    "scan said, not done": of_effects(work=["scan"]),
    "foretold to fail, ran": finding("The server will refuse it, and the run fails: it is there already"),
    "failed with 23502, not foretold": lie(lambda migration: [it["findings"].clear() for it in migration["statements"]]),
    "readers wait, not said": lie(lambda migration: migration.update(blocking=None)),
    "writers wait, not said": lie(lambda migration: migration.update(blocking=None)),
    "readers said to wait, do not": lie(lambda migration: migration.update(blocking=BLOCKING)),
    "took less long than said": lie(lambda migration: migration.update(blocking=BLOCKING)),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_wrong_report_is_noticed(measured, kind):
    doctored = []
    for migration in measured.migrations:
        report = copy.deepcopy(migration.report)
        LIES[kind](report)
        doctored.append(replace(migration, said=said.read(report)))
    assert kind in compare.of([replace(measured, migrations=doctored)]).kinds()


def test_danger_on_an_empty_database_is_noticed(measured):
    doctored = replace(measured, on_empty=[("start", "danger", "a lie")])
    assert "danger on an empty database" in compare.of([doctored]).kinds()


def test_the_page_holds_figures_and_nothing_of_the_history(measured):
    found = {ROWS: compare.of([measured])}
    text = page.render(found, {"Prisma": 1}, install.NEW)
    assert "| Locks | " in text
    for word in ("orders", "customers", "2026", "start"):
        assert word not in text, word
    # The output names each disagreement.
    assert any("unknown" in line for line in shown.every(found[ROWS], [measured]))
