"""The job summary: what a reviewer reads before deciding, as Markdown.

Names, warnings and reasons come from outside. In Markdown each of their characters that is not a letter or a digit
becomes a numeric entity, which can begin no link, mention, table cell or tag. In a listing HTML is escaped. Invisible
characters, such as a change of the writing direction, are shown as an escape.
"""

from __future__ import annotations

import html
from pathlib import Path

from scripts.operate.terminal import plural
from scripts.operate.text import harmless, lines
from scripts.wire.steps import PendingMigration, PlanOutput

#: GitHub drops a summary of more than 1 MiB as a whole. The rest is room for the text before and after a report.
_MOST_BYTES = 1000 * 1024


class Summary:
    """The summary of one step, in the file that GitHub shows."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def heading(self, title: str) -> None:
        """Writes a title."""
        self._write(f"## {text(title)}")

    def paragraph(self, words: str) -> None:
        """Writes one or several sentences."""
        self._write(text(words))

    def listing(self, message: str) -> None:
        """Writes lines unchanged: a command, a message."""
        shown = "\n".join(harmless(line) for line in lines(message))
        # Line breaks are entities, so that a blank line does not end the block.
        self._write(f"<pre>{html.escape(shown).replace(chr(10), '&#10;')}</pre>")

    def facts(self, **values: str | None) -> None:
        """Writes a table of the values; a value of None is left out."""
        rows = [(label.replace("_", " "), value) for label, value in values.items() if value]
        self._table(("", ""), [(label, code(value)) for label, value in rows])

    def plan(self, planned: PlanOutput) -> None:
        """Writes what is pending, migration by migration."""
        self.paragraph(f"{plural(planned['pending'], 'migration')} pending, {planned['alreadyApplied']} already applied")
        for warning in planned["warnings"]:
            self._write(f"- ⚠ {text(warning)}")
        rows = [self._row(migration) for migration in planned["migrations"]]
        if rows:
            self._table(("Migration", "Runs", "Statements", "Verdict", "Why"), rows)
        if planned["omitted"]:
            self.paragraph(f"... and {planned['omitted']} more")

    def report(self, markdown: str) -> None:
        """Writes a report. The report was made for this place: its text from outside is already harmless."""
        written = self._file.stat().st_size if self._file.exists() else 0
        if written + len(markdown.encode()) > _MOST_BYTES:
            self.paragraph("The report is too long to be shown here: it is in the artifact of this workflow run.")
        else:
            self._write(markdown)

    @staticmethod
    def _row(migration: PendingMigration) -> tuple[str, ...]:
        # A script that could not be parsed completely has no number of statements.
        statements = "" if migration["statements"] is None else migration["statements"]
        cells = (migration["class"], statements, migration.get("verdict", ""), migration.get("why", ""))
        return code(migration["name"]), *map(text, cells)

    def _table(self, titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        lines = [titles, tuple("---" for _ in titles), *rows]
        self._write("\n".join(f"| {' | '.join(line)} |" for line in lines))

    def _write(self, block: str) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{block}\n\n")


def text(value: object) -> str:
    """Returns text from outside on one line of Markdown, with no character that Markdown or HTML interprets."""
    return "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};"
        for character in harmless(" ".join(str(value).split()))
    )


def code(value: object) -> str:
    """Returns the text like `text`, in a fixed width."""
    return f"<code>{text(value)}</code>"
