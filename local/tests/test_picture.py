"""The picture of the README shows the output of a terminal."""

import sys
from xml.etree import ElementTree

import pytest

from local import paths, picture
from local.terminal import _CODES

NAMESPACE = "{http://www.w3.org/2000/svg}"


def shown(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{NAMESPACE}text")]


def test_each_line_is_there_as_it_was_said():
    said = "a < b & c\n\n  \033[1;32m✓\033[0m 5 migrations \033[2m\"applied\"\033[0m\n"
    drawn = picture.drawn(said)
    assert shown(drawn) == ["a < b & c", "", '  ✓ 5 migrations "applied"']
    assert '<tspan class="bold green">✓</tspan>' in drawn and '<tspan class="dim">&quot;applied&quot;</tspan>' in drawn


def test_a_long_line_ends_in_dots_in_the_midst_of_a_style_too():
    [line] = shown(picture.drawn(f"\033[1m{'a' * 100}\033[0m{'b' * 100}\033[2mc\033[0m"))
    assert len(line) == picture.LONGEST and line.endswith("ab" + "b" * 18 + "…")


def test_every_style_has_a_class():
    assert {code: name for name, code in _CODES.items()} == picture.STYLES
    assert all(f".{name} {{" in picture._SHEET for name in picture.STYLES.values())


@pytest.mark.parametrize("status", [0, 3])
def test_a_program_runs_at_a_terminal(status: int, capfdbinary: pytest.CaptureFixture[bytes]):
    program = f"import sys; print(sys.stdout.isatty()); sys.exit({status})"
    assert picture.at_a_terminal([sys.executable, "-c", program]) == ("True\n", status)


def test_the_picture_that_is_kept_is_one_of_these():
    lines = shown(picture.PICTURE.read_text())
    assert lines[0] == picture.TYPED
    assert {"Plan", "Result", "Mail"} <= set(lines) and any(line.endswith("  Applying") for line in lines)
    assert str(paths.ROOT) not in picture.PICTURE.read_text()
