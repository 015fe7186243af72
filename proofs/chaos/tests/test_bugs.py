"""The harness can fail: it finds planted bugs at a few points each, and without the bugs the same points are clean."""

import random
import re

import pytest

from proofs.chaos import report, wrong_reader
from proofs.chaos.points import Point
from proofs.chaos.runs import Bench
from proofs.chaos.server import EMPTY, Server
from proofs.chaos.sweep import Runner
from proofs.harness import build, planted_bugs

SEED = 1

#: Bug -> the points that find it, each on scripts that PostgreSQL runs twice without an error.
POINTS = {
    "no-flush": [Point("again", "crash-report-async")],
    "no-lock": [Point("again", "together", users) for users in (5, 8)],
    "no-reconciliation": [Point("again", "cut-server", index) for index in range(100, 200, 20)],
    "row-apart": [Point("again", "cut-server", index) for index in range(100, 200, 7)],
}


@pytest.fixture(scope="module")
def binaries():
    return build.binaries("apply", "plan")


def tried(binaries, points, **settings):
    """Returns a sweep of some points with one bug, or with none."""
    with Server() as server:
        runner = Runner(server, SEED, binaries, **settings)
        try:
            return runner.run(points, lambda _point, _result: None)
        finally:
            runner.close()


def test_every_bug_is_looked_for():
    assert set(POINTS) == set(planted_bugs.TO_FIND)


@pytest.mark.parametrize("bug", POINTS)
def test_a_bug_is_found(binaries, bug):
    lines = report.lines(tried(binaries, POINTS[bug], **planted_bugs.switched_on(bug))).values()
    assert sum(line.lost + line.doubled + line.doubt for line in lines) > 0


def test_without_a_bug_nothing_is_found(binaries):
    points = [point for points in POINTS.values() for point in points]
    sweep = tried(binaries, points)
    findings = [line for point, result in sweep.results if report.is_finding(point, result)
                for line in report.finding(sweep, point, result)]
    assert not findings, "\n".join(findings)


def test_the_functions_of_the_harness_have_the_bugs(binaries):
    """That the functions that are deployed have none is tested in `proofs/e2e/test_hygiene.py`."""
    assert planted_bugs.are_in(binaries / "apply") and planted_bugs.are_in(binaries / "plan")


def test_a_misspelt_bug_is_refused(server, binaries):
    with pytest.raises(ValueError):
        planted_bugs.switched_on("no-lok")
    name = "misspelt"
    bench = Bench(server, name, binaries, **{planted_bugs.VARIABLE: "no-lok"})
    server.create(name, EMPTY)
    try:
        script = wrong_reader.named("commit", "first")
        bench.aim(name, wrong_reader.write(script, server.place / name).directory)
        plan = bench.plan(random.Random(SEED))
        apply = next(bench.attempts({"digest": "", "baseRows": 0}))
    finally:
        bench.close()
    assert plan.error == apply.error == "Runtime.ExitError"
    for step in ("plan", "apply"):
        log = (server.place / name / f"{step}.log").read_text()
        known = re.search(r"PLANTED_BUG is no-lok, which is none of (.*)", log)
        assert known and set(known[1].split(", ")) == {*planted_bugs.TO_FIND, planted_bugs.WRONG_READER}
