"""The harness can fail: it finds planted bugs at a few points each, and without the bugs the same points are clean."""

import pytest

from proofs.chaos import bugs, report
from proofs.chaos.points import Point
from proofs.chaos.server import Server
from proofs.chaos.sweep import Runner
from proofs.harness import build
from scripts.operate import paths

SEED = 1

#: Bug -> the points that find it, each on scripts that PostgreSQL runs twice without an error.
POINTS = {
    "no-flush": [Point("again", "crash-report-async")],
    "no-lock": [Point("again", "together", users) for users in (5, 8)],
    "no-reconciliation": [Point("again", "cut-server", index) for index in range(100, 200, 20)],
    "row-apart": [Point("again", "cut-server", index) for index in range(100, 200, 7)],
}


def tried(bug, apply, points):
    """Returns a sweep of some points with one bug, or with none."""
    with Server() as server:
        runner = Runner(server, SEED, build.binaries("apply", "plan"), apply, **{bugs.VARIABLE: bug})
        try:
            return runner.run(points, lambda _point, _result: None)
        finally:
            runner.close()


@pytest.fixture(scope="module")
def apply():
    return bugs.apply_with_bugs()


def test_every_bug_is_looked_for():
    assert set(POINTS) == set(bugs.NAMES)


@pytest.mark.parametrize("bug", POINTS)
def test_a_bug_is_found(apply, bug):
    lines = report.lines(tried(bug, apply, POINTS[bug])).values()
    assert sum(line.lost + line.doubled + line.doubt for line in lines) > 0


def test_without_a_bug_nothing_is_found(apply):
    points = [point for points in POINTS.values() for point in points]
    sweep = tried("none", apply, points)
    findings = [line for point, result in sweep.results if report.is_finding(point, result)
                for line in report.finding(sweep, point, result)]
    assert not findings, "\n".join(findings)


def test_the_project_itself_has_none_of_them():
    sources = [file for top in ("crates/engine", "functions") for file in (paths.ROOT / top).rglob("*.rs")]
    assert sources and not [file for file in sources if bugs.VARIABLE in file.read_text()]


def test_an_edit_is_read_as_it_is_written():
    text = "What it is.\n\n@@ a.rs\n<<<<\none\n====\ntwo\n\n@@ three\n>>>>\n<<<<\nfour\n====\n>>>>\n@@ b.rs\n<<<<\nfive\n====\nsix\n>>>>\n"
    assert bugs.edits(text) == [("a.rs", "one\n", "two\n\n@@ three\n"), ("a.rs", "four\n", ""), ("b.rs", "five\n", "six\n")]


@pytest.mark.parametrize("text", ["", "@@ a.rs\n", "@@ a.rs\n<<<<\none\n", "@@ a.rs\n<<<<\none\n====\ntwo\n"])
def test_an_edit_without_an_end_is_none(text):
    with pytest.raises(ValueError):
        bugs.edits(text)
