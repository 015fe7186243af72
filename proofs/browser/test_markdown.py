"""Another implementation of Markdown reads the report: it takes no text from outside for Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import markdown

#: The elements of the document itself.
OURS = {"code", "em", "h1", "h2", "h3", "li", "ol", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}


def test_a_hostile_report_makes_no_link_picture_or_tag(samples: Path) -> None:
    for sample in ("small", "hostile"):
        page = markdown.markdown((samples / f"{sample}.md").read_text(), extensions=["tables", "fenced_code", "sane_lists"])
        tags = {tag for tag, _ in re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)([^>]*)>", page)}
        assert tags <= OURS, tags - OURS
        assert {"code", "h1", "li", "table"} <= tags


def test_a_terminal_ignores_a_hostile_report(samples: Path) -> None:
    for written in [*samples.glob("*.md"), *samples.glob("*.json"), *samples.glob("*.html")]:
        text = written.read_text()
        odd = {character for character in text if not character.isprintable() and character not in "\n\t\N{NO-BREAK SPACE}"}
        assert not odd & set(map(chr, [*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])), written
