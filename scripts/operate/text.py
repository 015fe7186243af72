"""Text from outside stays text, at a terminal and in a job's log.

Names, messages and reasons come from directories, from the database, from other people. A character that could end a
line, move a cursor, turn the direction of writing or hide is shown as an escape, like `\\u{202e}`. A line that GitHub
would take for a workflow command is changed so that it is none.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

#: Characters that Python calls printable and that are invisible: fillers, joiners and selectors. Emoji keep their selector.
_HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0000-\U000e0fff]"
)

#: A workflow command begins a line; one in the old form stands anywhere.
_COMMAND = re.compile(r"^(\s*):(?=:)|##\[")


def is_plain(character: str) -> bool:
    """Returns whether a character is only text."""
    return character.isprintable() and not _HIDDEN.match(character)


def harmless(text: object) -> str:
    """Returns the text on one line, with an escape for each character that is more than text, and for the start of a
    command."""
    line = "".join(one if is_plain(one) else _escape(one) for one in str(text))
    return _COMMAND.sub(lambda found: found[0][:-1] + _escape(found[0][-1]), line)


def lines(text: str) -> list[str]:
    """Returns the lines of a message. Only a line feed ends a line, with the carriage return that Windows puts before it."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


def as_json(value: Any, encoding: str = "utf-8") -> str:
    """Returns a value as JSON for a program. The JSON is also harmless at a terminal of any encoding."""
    written = json.dumps(value, indent=2, ensure_ascii=codecs.lookup(encoding).name != "utf-8").replace("##[", "##\\u005b")
    # Apart from the writer's own line feeds, such characters are only within JSON texts, where JSON's escapes are valid.
    return "".join(one if one == "\n" or is_plain(one) else _json_escape(one) for one in written)


def _escape(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at:at + 4]}" for at in range(0, len(units), 4))
