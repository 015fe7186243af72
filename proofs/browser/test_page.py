"""The page in a browser: it fits, it can be read and operated, it requests nothing, and text from outside stays text."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from .chromium import Chromium, Page
from .conftest import Served

SAMPLES = ("small", "hostile")
DESKTOP, PHONE = 1280, 360

Show = Callable[..., Page]


@pytest.fixture
def show(browser: Chromium, served: Served) -> Iterator[Show]:
    """A function that opens a sample. Afterwards it checks that nothing else happened."""
    opened: list[tuple[Page, str]] = []
    with ExitStack() as pages:

        def open_page(sample: str, width: int = DESKTOP, scheme: str = "light") -> Page:
            page = pages.enter_context(browser.page(width, scheme=scheme))
            url = f"{served.url}/{sample}.html"
            page.open(url)
            opened.append((page, url))
            return page

        yield open_page
        for page, url in opened:
            assert page.said() == []
            assert page.asked() == {url}
        assert {path for path in served.asked if not path.endswith(".html")} == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("sample", SAMPLES)
def test_it_fits_and_can_be_read(show: Show, sample: str, width: int, scheme: str) -> None:
    page = show(sample, width, scheme)
    page.run("look.openAll()")
    assert page.run("look.overflow()") == {"width": width, "page": 0, "elements": []}
    faint = page.run("look.faint()")
    assert faint["found"] == [] and faint["texts"] > 200
    assert page.run("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    red, *_ = page.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (red < 64) == (scheme == "dark")


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_screen_reader_gets_the_right_order(show: Show, sample: str) -> None:
    page = show(sample)
    headings = page.run("look.headings()")
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings)), headings
    assert page.run("look.landmarks()") == [1, 1, 1, 1]
    assert page.run("document.documentElement.lang") == "en"
    assert page.run("look.mute()") == []
    page.run("look.openAll()")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    named = {"link", "image", "DisclosureTriangle", "group", "region", "heading", "navigation", "article"}
    silent = [
        node for node in nodes
        if not node["ignored"] and node["role"]["value"] in named and not node.get("name", {}).get("value", "").strip()
    ]
    # A folding part of a page is a group without a name; its summary has the name.
    assert [node for node in silent if node["role"]["value"] != "group"] == []
    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    assert {"heading", "link", "image", "DisclosureTriangle", "table", "columnheader", "rowheader"} <= set(roles)


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_keyboard_reaches_everything_and_shows_where_it_is(show: Show, width: int, scheme: str) -> None:
    page = show("small", width, scheme)
    reachable = page.run("look.reachable()")
    assert len(reachable) > 20
    for number, element in enumerate(reachable):
        page.press_tab()
        focused = page.run("look.focused()")
        assert focused["number"] == number, f"{element}: the focus is at {focused}"
        assert focused["outlined"] and focused["shown"] and focused["contrast"] >= 3, f"{element}: {focused}"


def test_a_verdict_is_a_word_and_not_only_a_colour(show: Show) -> None:
    page = show("small")
    page.run("look.openAll()")
    toned = page.run(
        "[...document.querySelectorAll('section.verdict, ol.first > li, .notes > li, .findings > li, .statement, .migration')]"
        ".map(e => [['danger', 'caution', 'safe'].find(v => e.classList.contains(v)), e.innerText.toLowerCase()])"
    )
    assert len(toned) > 20
    assert [text for verdict, text in toned if verdict not in text] == []


@pytest.mark.parametrize("sample", [*SAMPLES, "huge"])
def test_no_text_becomes_more_than_text(show: Show, sample: str) -> None:
    page = show(sample)
    assert page.run("look.foreign()") == []
    assert page.run("document.querySelectorAll('style').length") == 1
    assert page.run("document.title").startswith("danger: ")


def test_a_place_on_the_page_can_be_gone_to(show: Show) -> None:
    page = show("small")
    page.run("document.querySelector('ol.first a').click()")
    assert page.run("location.hash") == "#m1s1"
    top = page.run("document.querySelector('#m1s1').getBoundingClientRect().top")
    assert 0 <= top < 100


def test_what_is_folded_is_found_from_the_list(show: Show) -> None:
    page = show("huge")
    assert page.run("document.querySelectorAll('article').length") == 1000
    page.run("location.hash = '#m1000'")
    assert 0 <= page.run("document.querySelector('#m1000').getBoundingClientRect().top") < 800


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_on_paper_everything_is_there_in_black_on_white(show: Show, sample: str, scheme: str) -> None:
    page = show(sample, scheme=scheme)
    assert page.run("look.folded().length") > 0
    page.media("print")
    assert page.run("look.folded()") == []
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.run("look.faint().found") == []
    pdf = base64.b64decode(page.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])
    assert pdf.startswith(b"%PDF-") and len(pdf) > 20_000
