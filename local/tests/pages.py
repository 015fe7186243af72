"""The pages that people read: their commands, their links, and their tables."""

from __future__ import annotations

import re
import shlex
import textwrap

from local import paths

#: The pages at the top and those of the guide. The pages that are generated from measurements and rules have their
#: tests elsewhere.
PAGES = sorted([*paths.ROOT.glob("*.md"), *(paths.ROOT / "docs").glob("*.md")])

_TEXT = "\n".join(page.read_text() for page in PAGES)

#: A command in the running text. Commands of other tools (cargo, rustup, prisma, sqlx) are only mentioned there.
_COMMAND = re.compile(r"(\w+=\S+ )*(scripts/\w|(make|aws|gh|sam) )")


def blocks() -> list[str]:
    """Returns each listing of commands, without the margin of a listing within a list."""
    return [textwrap.dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```$", _TEXT, re.MULTILINE | re.DOTALL)]


def commands() -> list[list[str]]:
    """Returns the words of each command in the listings and in the running text."""
    running = re.sub(r"^ *```.*?^ *```$", "", _TEXT, flags=re.MULTILINE | re.DOTALL)
    inline = (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", running))
    listed = (line for block in blocks() for line in block.replace("\\\n", " ").splitlines())
    found = [*listed, *(code for code in inline if _COMMAND.match(code))]
    return [list(words) for words in dict.fromkeys(tuple(words) for line in found for words in _simple(line))]


def table(page: str, first: str) -> list[list[str]]:
    """Returns the rows of the page's table whose first column has this title: the text of each cell, without backticks."""
    tables = re.findall(r"(?:^\|.*\n)+", (paths.ROOT / page).read_text(), re.MULTILINE)
    found = [[_cells(row) for row in text.splitlines()] for text in tables]
    [rows] = [rows for rows in found if rows[0][0] == first]
    return rows[2:]


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in row.strip("|").split("|")]


def _simple(line: str) -> list[list[str]]:
    """Returns the words of each command of a line, without comments, variables and the shell's own signs."""
    # `<name>` is a value of the reader's; `[--option]` may be left out.
    text = re.sub(r"<([\w-]+)>", lambda found: {"env": "dev"}.get(found[1], found[1]), line)
    text = re.sub(r"\[(-[^\]]*)\]", r"\1", text)
    words = shlex.shlex(text, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    made: list[list[str]] = [[]]
    for word in words:
        if re.fullmatch(r"[();<>|&]+", word):
            made.append([])
        elif made[-1] or not re.match(r"\w+=", word):
            made[-1].append(word)
    return [command for command in made if command]
