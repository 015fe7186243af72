"""Text from outside stays text at a terminal: mails, names and messages of the functions.

A character that could end a line, move a cursor, turn the direction of writing or hide is shown as an escape, like
`\\u{202e}`.
"""

from __future__ import annotations

import re

#: Characters that Python calls printable and that are invisible: fillers, joiners and selectors. Emoji keep their selector.
_HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0000-\U000e0fff]"
)


def is_plain(character: str) -> bool:
    """Returns whether a character is only text."""
    return character.isprintable() and not _HIDDEN.match(character)


def harmless(text: object) -> str:
    """Returns the text on one line, with an escape for each character that is more than text."""
    return "".join(one if is_plain(one) else _escape(one) for one in str(text))


def lines(text: str) -> list[str]:
    """Returns the lines of a message. Only a line feed ends a line, with the carriage return that Windows puts before it."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


def _escape(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"
