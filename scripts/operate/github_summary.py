"""The job summary: what a reviewer reads before deciding, as Markdown.

Names, warnings and reasons were written by others. In Markdown each of their characters that is not a letter or a digit
becomes a numeric entity, which can begin no link, mention, table cell or tag; in a listing HTML is escaped. What cannot
be seen, such as a change of the writing direction, is shown as an escape.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from scripts.operate.terminal import plural
from scripts.operate.text import harmless, lines

#: GitHub drops a summary of more than 1 MiB, whole; some of that is for what comes before and after a report.
_MOST_BYTES = 1000 * 1024


class Summary:
    """The summary of one step, in the file that GitHub shows."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def heading(self, title: str) -> None:
        """A title."""
        self._write(f"## {text(title)}")

    def paragraph(self, words: str) -> None:
        """A sentence or more."""
        self._write(text(words))

    def listing(self, message: str) -> None:
        """Lines as they are: a command, a message."""
        shown = "\n".join(harmless(line) for line in lines(message))
        # Line breaks as entities: a blank line ends nothing.
        self._write(f"<pre>{html.escape(shown).replace(chr(10), '&#10;')}</pre>")

    def facts(self, **values: str | None) -> None:
        """A table of what is known; what has no value is left out."""
        rows = [(label.replace("_", " "), value) for label, value in values.items() if value]
        self._table(("", ""), [(label, code(value)) for label, value in rows])

    def plan(self, planned: dict[str, Any]) -> None:
        """What is pending, migration by migration."""
        pending, applied = planned.get("pending", 0), planned.get("alreadyApplied", 0)
        self.paragraph(f"{plural(pending, 'migration')} pending, {applied} already applied")
        for warning in planned.get("warnings", []):
            self._write(f"- ⚠ {text(warning)}")
        columns = ("class", "statements", "verdict", "why")
        rows = [
            (code(migration["name"]), *(text(migration.get(name, "")) for name in columns))
            for migration in planned.get("migrations", [])
        ]
        if rows:
            self._table(("Migration", "Runs", "Statements", "Verdict", "Why"), rows)
        if planned.get("omitted"):
            self.paragraph(f"... and {planned['omitted']} more")

    def report(self, markdown: str) -> None:
        """A report, which was made to be shown here: what others wrote is harmless in it already."""
        written = self._file.stat().st_size if self._file.exists() else 0
        if written + len(markdown.encode()) > _MOST_BYTES:
            self.paragraph("The report is too long to be shown here: it is in the artifact of this workflow run.")
        else:
            self._write(markdown)

    def _table(self, titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        lines = [titles, tuple("---" for _ in titles), *rows]
        self._write("\n".join(f"| {' | '.join(line)} |" for line in lines))

    def _write(self, block: str) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{block}\n\n")


def text(value: Any) -> str:
    """Somebody's words on one line of Markdown, which are nothing but words."""
    return "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};"
        for character in harmless(" ".join(str(value).split()))
    )


def code(value: Any) -> str:
    """The same, in a fixed width."""
    return f"<code>{text(value)}</code>"
