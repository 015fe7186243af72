"""The table, the scenarios' lines, and the list of mismatches."""

from proofs.conformance import report
from proofs.conformance.proofs import CHECKS, CLEAN, LEDGER, SCHEMA, Ended, Line

GOOD = Line("prisma/made", 24, 18, {check: [] for check in CHECKS})
BAD = Line("sqlx/svix", 16, 15, {SCHEMA: [], LEDGER: ["ledger row 1 (1): checksum is 2 instead of 1"], CLEAN: []})
STOPPED = Line("sqlx/x", 1, 15, {SCHEMA: ["Lockstep does not run it"]})


def test_everything_well():
    assert report.render([GOOD], [Ended("half by each", "prisma", 18)], ["CORPORA: skipped"]).splitlines() == [
        "history      migrations  PostgreSQL  same schema  same ledger  clean to its own tool",
        "prisma/made  24          18          ✓            ✓            ✓",
        "",
        "1 scenarios, none of them with a mismatch",
        "CORPORA: skipped",
        "No mismatch.",
    ]
    assert report.is_well([GOOD], [])


def test_mismatches_are_marked_and_listed():
    ended = [Ended("half by each", "sqlx", 18, "one\ntwo")]
    assert report.render([GOOD, BAD, STOPPED], ended, []).splitlines()[2:] == [
        "sqlx/svix    16          15          ✓            ✗            ✓",
        "sqlx/x       1           15          ✗            not reached  not reached",
        "",
        "1 scenarios, 1 of them with a mismatch",
        "Mismatches:",
        "sqlx/svix on PostgreSQL 15, same ledger: ledger row 1 (1): checksum is 2 instead of 1",
        "sqlx/x on PostgreSQL 15, same schema: Lockstep does not run it",
        "sqlx on 18, half by each:",
        "    one",
        "    two",
    ]


def test_a_scenario_has_a_line():
    assert report.scenario(Ended("half by each", "sqlx", 15)) == "✓ sqlx on 15: half by each"
    assert report.scenario(Ended("half by each", "sqlx", 15, "wrong")) == "✗ sqlx on 15: half by each"


def test_each_alone_makes_it_fail():
    assert not report.is_well([BAD], [])
    assert not report.is_well([STOPPED], [])
    assert not report.is_well([GOOD], [Ended("half by each", "sqlx", 18, "wrong")])
    assert not report.is_well([], [])


def test_a_long_list_is_cut():
    many = Line("a", 1, 18, {SCHEMA: [str(number) for number in range(report.MOST + 5)], LEDGER: [], CLEAN: []})
    listed = report.mismatches([many], [])
    assert (len(listed), listed[-1]) == (report.MOST + 1, "a on PostgreSQL 18, same schema: and 5 more")
