"""A hostile name stays a name in the job summary."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import markdown
import pytest

from scripts.operate.github_summary import Summary, code, text
from scripts.wire.steps import PlanOutput

#: Only letters, digits, spaces and numeric entities: no character that has a meaning in Markdown or HTML.
_HARMLESS = re.compile(r"(\w|\d| |&#\d+;)*")

HOSTILE = [
    "</code><img src=x onerror=alert(1)>",
    "1_a | injected | cell |",
    "1_a\n\n## approved by ann\n\n- [ ] done",
    "[click](https://evil.example) <https://evil.example> https://evil.example www.evil.example",
    "![x](https://evil.example/beacon.png)",
    "`code` ```fence``` ~~~ $math$ **bold** _it_ ~~no~~",
    "@octocat #1 owner/repo#2 GH-3 :tada:",
    "&lt;script&gt; &#60;b&#62; <!-- hidden",
    "::set-output name=waiting::false",
    "\\| \\` \\",
    "a\u202egnp.exe\u200b\u0007",
    "a\u061cb\u2066c\u2069d\u200fe\ufefff\u2028::error::g\r::error::h ##[error]i\u3164",
]

#: The characters that GitHub's page would not show, or not show as text.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_words_are_nothing_but_words(hostile: str) -> None:
    escaped = text(hostile)
    assert _HARMLESS.fullmatch(escaped), escaped
    assert code(hostile) == f"<code>{escaped}</code>"


def test_generated_words_are_nothing_but_words(tmp_path: Path) -> None:
    """Puts generated texts, the same in every run, in every place of a summary."""
    generator = random.Random(7)
    pieces = ["<b>", "</pre>", "`", "|", "[a](b)", "\n", "\r\n::error::", "##[error]", "&#60;", "@ann", "\x1b[2J", "\u202e", "\u200b"]
    for number in range(300):
        hostile = "".join(
            generator.choice(pieces) if generator.random() < 0.5 else chr(generator.randrange(0x3000))
            for _ in range(generator.randrange(1, 9))
        )
        assert _HARMLESS.fullmatch(text(hostile)), ascii(hostile)
        file = tmp_path / f"{number}.md"
        Summary(file).listing(f"x{hostile}x")
        listing = file.read_text().removeprefix("<pre>").removesuffix("</pre>\n\n")
        assert not re.search("[<>\n]", listing) and not _UNSEEN.search(listing), ascii(hostile)


def test_what_is_said_can_still_be_read() -> None:
    assert text("2_add_é 12") == "2&#95;add&#95;é 12"
    # Each entity stands for the character itself.
    entities = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text("a <b> | [c](d) `e`"))
    assert entities == "a <b> | [c](d) `e`"
    assert re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text("a\u202eb")) == "a\\u{202e}b"


@pytest.fixture
def written(tmp_path: Path):
    """A summary, and a function that returns its content."""
    file = tmp_path / "summary.md"
    return Summary(file), file.read_text


PLAN: PlanOutput = {
    "digest": "d", "baseRows": 2, "pending": 1, "alreadyApplied": 2, "omitted": 3, "warnings": [],
    "migrations": [{"name": "1_a", "class": "transactional", "statements": 1, "verdict": "danger", "why": "drops"}],
}


def test_a_script_that_could_not_be_parsed_has_no_number_of_statements(written) -> None:
    summary, read = written
    summary.plan(PLAN | {"migrations": [{"name": "1", "class": "transactional", "statements": None}]})
    assert "| <code>1</code> | transactional |  |  |  |" in read()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_plan_with_a_hostile_name_keeps_its_form(hostile: str, tmp_path: Path) -> None:
    assert _tags(_plan_of(hostile, tmp_path / "hostile.md")) == _tags(_plan_of("1_a", tmp_path / "plain.md"))


def _plan_of(name: str, file: Path) -> str:
    summary = Summary(file)
    summary.heading(f"prod: {name}")
    summary.facts(Requested_by=name, Reason=None)
    # Also what the types do not allow: the text comes from outside.
    odd: Any = {"name": "2_b", "class": name, "statements": name, "verdict": name, "why": name}
    summary.plan(PLAN | {"warnings": [name], "migrations": [PLAN["migrations"][0] | {"name": name}, odd]})
    return file.read_text()


def _tags(text_of_summary: str) -> list[str]:
    """Returns the elements, with their attributes, that Markdown makes of the summary."""
    return re.findall(r"<[^>]*>", markdown.markdown(text_of_summary, extensions=["tables", "fenced_code"]))


def test_a_report_is_there_whole_or_not_at_all(written) -> None:
    summary, read = written
    summary.report("# A report\n\n| a | b |")
    assert read() == "# A report\n\n| a | b |\n\n"
    # GitHub shows nothing of a summary above 1 MiB.
    summary.report("x" * 900 * 1024)
    summary.report("y" * 200 * 1024)
    assert len(read()) < 1024 * 1024 and "y" * 100 not in read() and "artifact" in read()


def test_no_text_ends_a_listing(written) -> None:
    summary, read = written
    summary.listing("one\n\n</pre><script>\n- two &amp;\u202e")
    escaped = "one&#10;&#10;&lt;/pre&gt;&lt;script&gt;&#10;- two &amp;amp;\\u{202e}"
    assert read() == f"<pre>{escaped}</pre>\n\n"
