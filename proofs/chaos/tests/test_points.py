"""Points: their names can be parsed again, and a complete sweep leaves none out."""

from types import SimpleNamespace

import pytest

from proofs.chaos import points
from proofs.chaos.faults import FAULTS
from proofs.chaos.points import Point
from proofs.harness.proxy import CLIENT


def case(client=4, server=9):
    return SimpleNamespace(
        name="own", count=lambda side: client if side == CLIENT else server, scripts=lambda: [2], recorded=lambda: [5, 7],
    )


def test_a_point_is_read_as_it_is_written():
    point = Point("held-create", "held-cut", 3)
    assert Point.parse(str(point)) == point


@pytest.mark.parametrize("text", ["own", "own:cut-server", "own:unknown@3", "own:cut-server@x", "own:cut-server@-1"])
def test_what_is_no_point_is_refused_with_what_there_is(text):
    with pytest.raises(ValueError, match="give CASE:FAULT@NUMBER, with one of "):
        Point.parse(text)


def test_every_boundary_of_both_sides_is_swept():
    swept = set(points.everywhere(case()))
    assert swept == {
        *(Point("own", "cut-server", index) for index in range(9)),
        *(Point("own", fault, index) for fault in ("cut-client", "lose-answer") for index in range(4)),
    }


def test_a_seed_decides_the_sample():
    first, again, other = (list(points.sampled(case(), seed, 50)) for seed in (1, 1, 2))
    assert first == again != other


def test_every_fault_is_tried_somewhere():
    tried = {*points.AT_EVERY_MESSAGE, *points.SAMPLED, *points.SAMPLED_ALONE, *points.SLOW}
    tried |= {point.fault for point in (*points.between_commit_and_report(case()), *points.held(1))}
    assert tried == set(FAULTS)


def test_what_stops_the_server_is_tried_alone():
    for name in ("crash-server", "crash-report-async", "full", "read-only", "held-crash"):
        assert Point("own", name).is_exclusive
    assert not Point("own", "cut-server").is_exclusive
