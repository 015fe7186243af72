"""The tests' own inspection finds every fault of a page that has them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .chromium import Chromium, Page
from .conftest import Served


@pytest.fixture(scope="module")
def faulty(browser: Chromium) -> Iterator[tuple[Page, Served]]:
    served = Served(Path(__file__).parent)
    with browser.page(1280) as page:
        page.open(f"{served.url}/faulty.html")
        yield page, served
    served.server.shutdown()
    served.server.server_close()


def test_what_a_page_says_and_asks_for_is_noticed(faulty: tuple[Page, Served]) -> None:
    page, served = faulty
    page.wait_for("Page.javascriptDialogOpening")
    page.wait_for("Runtime.consoleAPICalled")
    assert {event["type"] for event in page.happened("Page.javascriptDialogOpening")} == {"alert"}
    assert page.happened("Runtime.exceptionThrown") and len(page.said()) >= 3
    assert page.asked() >= {f"{served.url}/beacon.png"}
    assert "/beacon.png" in served.asked


def test_what_does_not_fit_or_cannot_be_read_is_seen(faulty: tuple[Page, Served]) -> None:
    page, _ = faulty
    overflow = page.run("look.overflow()")
    assert overflow["page"] > 1500 and any("wide" in element for element in overflow["elements"])
    assert [found for found in page.run("look.faint().found") if "Three" in found]
    assert page.run("look.headings()") == [1, 3]
    assert page.run("look.landmarks()") == [0, 0, 1, 0]


def test_what_is_foreign_mute_or_folded_is_seen(faulty: tuple[Page, Served]) -> None:
    page, _ = faulty
    foreign = " ".join(page.run("look.foreign()"))
    assert "<script" in foreign and "<img" in foreign and "away" in foreign
    assert len(page.run("look.mute()")) == 1
    assert [found for found in page.run("look.folded()") if "hidden" in found]


def test_a_focus_that_is_not_visible_is_noticed(faulty: tuple[Page, Served]) -> None:
    page, _ = faulty
    assert len(page.run("look.reachable()")) == 2
    page.press_tab()
    focused = page.run("look.focused()")
    assert focused["number"] == 0 and not focused["outlined"]
