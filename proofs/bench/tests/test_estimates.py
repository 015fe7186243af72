"""Speeds are derived from the measured statements, and the report's own speeds are read from its sources."""

import pytest

from proofs.bench import estimates

SIZES = estimates.Sizes(rows=1_000_000, orders=126_000_000, customers=5_000_000, lines=40_000_000)


def test_speeds_come_out_as_they_went_in():
    speeds = {name: 100_000.0 * (number + 1) for number, name in enumerate(estimates.ASSUMED)}
    speeds |= {"read": 1e9, "written": 5e7}
    observed = [0.01 + estimates.seconds(kind.needs(SIZES), speeds) for kind in estimates.KINDS]
    found = estimates.speeds_of(SIZES, observed, 0.01)
    assert found == pytest.approx(speeds)


def test_what_the_report_assumes_is_read_from_its_sources():
    assumed = estimates.assumed()
    assert set(assumed) == set(estimates.ASSUMED)
    assert all(speed >= 1000 for speed in assumed.values())
    assert assumed["read"] % 2**20 == 0


def test_the_error_leaves_out_what_a_speed_was_taken_from():
    def row(observed, estimated, gives=""):
        return {"observed_s": observed, "estimated_s": estimated, "reported_s": 9.0, "gives": gives}

    told = estimates.errors([row(2.0, 1.0), row(0.1, 0.5), row(3.0, 90.0, "read")])
    assert told[0].startswith("- All: 1 of 2 estimates are within a factor of 3") and "the worst by 5.00" in told[0]
    assert "1 s or more: 1 of 1" in told[1]
    assert "3.0 to 4.5 times" in told[2]
