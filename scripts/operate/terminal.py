"""Calm output for people: colour only at a terminal, one line per event, nothing that needs a cursor."""

from __future__ import annotations

import os
import re
import sys
from datetime import datetime
from typing import TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Terminal:
    """Writes to one stream (the standard output), in colour if that stream is a terminal and NO_COLOR is not set."""

    def __init__(self, stream: TextIO | None = None, colour: bool | None = None) -> None:
        self.stream = stream or sys.stdout
        wanted = self.stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.colour = wanted if colour is None else colour

    def paint(self, text: str, *styles: str) -> str:
        """The text in the styles: bold, dim, red, green, yellow, cyan."""
        if not self.colour or not styles:
            return text
        return f"\033[{';'.join(_CODES[style] for style in styles)}m{text}\033[0m"

    def line(self, text: str = "", *styles: str) -> None:
        """One line, at once."""
        print(self.paint(text, *styles), file=self.stream, flush=True)

    def heading(self, text: str) -> None:
        """A title with an empty line above it."""
        self.line()
        self.line(text, "bold")

    def indented(self, text: str, by: int = 2) -> None:
        """Several lines, moved to the right."""
        for part in text.splitlines():
            self.line(" " * by + part if part.strip() else "")


def seconds(value: float) -> str:
    """A duration as a person says it: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def milliseconds(value: float) -> str:
    """The same for what may be short: `12 ms`, `1.3 s`."""
    return f"{value:.0f} ms" if value < 1000 else seconds(value / 1000)


def local_time(moment: datetime | str) -> str:
    """A moment on this machine's clock; a text that is no moment stays as it is."""
    try:
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        return str(moment)
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def one_line(text: object) -> str:
    """What somebody gave, without anything that moves a terminal's cursor or turns the writing: nobody has checked it yet."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+", " ", str(text))


def visible(line: str) -> str:
    """The line with a replacement character for what cannot be seen."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def plural(count: int, noun: str) -> str:
    """`1 migration`, `2 migrations`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
