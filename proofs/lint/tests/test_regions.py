"""Regions that are served or refused by mistake: each is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proofs.lint import regions
from proofs.lint.served_regions import served_regions


def test_the_template_is_right():
    assert regions.problems() == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (lambda served: served | {"eu-central-2"}, "eu-central-2 is served"),
        (lambda served: served | {"eu-south-2"}, "eu-south-2 is served"),
        (lambda served: served | {"us-gov-west-1"}, "us-gov-west-1 is served"),
        (lambda served: served - {"eu-west-1"}, "eu-west-1 is refused"),
    ],
)
def test_a_wrong_region_is_found(
    changed: Callable[[set[str]], set[str]], problem: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(regions, "served_regions", lambda: changed(served_regions()))
    (found,) = regions.problems()
    assert found.startswith(problem)
