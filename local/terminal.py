"""Calm output for people: colour only at a terminal, one line per event, nothing that needs a cursor."""

from __future__ import annotations

import io
import os
import secrets
import sys
from typing import TextIO

from local.text import harmless, lines

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Terminal:
    """Writes to one stream (the standard output), in colour if that stream is a terminal and NO_COLOR is not set.

    All output goes through this class. Whatever a line contains, only `paint` colours it, and nothing moves the cursor.
    """

    def __init__(self, stream: TextIO | None = None, colour: bool | None = None) -> None:
        self.stream = stream or sys.stdout
        wanted = self.stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.colour = wanted if colour is None else colour
        # Stands for the escape character until a line is written. No text from outside can contain it.
        self._mark = f"\0{secrets.token_hex(8)}\0"

    def paint(self, text: str, *styles: str) -> str:
        """Returns the text in the styles: bold, dim, red, green, yellow, cyan. Only for a line of this terminal."""
        if not self.colour or not styles:
            return text
        return f"{self._mark}[{';'.join(_CODES[style] for style in styles)}m{text}{self._mark}[0m"

    def line(self, text: str = "", *styles: str) -> None:
        """Writes one line at once. A line break in it is shown as an escape."""
        parts = self.paint(text, *styles).split(self._mark)
        try:
            print("\033".join(harmless(part) for part in parts), file=self.stream, flush=True)
        except BrokenPipeError:
            # A failure that cannot be printed must not turn into another failure.
            if self.stream is not sys.stderr:
                raise

    def lines(self, text: str, *styles: str) -> None:
        """Writes a message of ours that has several lines."""
        for part in lines(text):
            self.line(part, *styles)

    def heading(self, text: str) -> None:
        """Writes a title with an empty line above it."""
        self.line()
        self.line(text, "bold")


def write_anywhere() -> None:
    """Lets this process write to a terminal or a file of any encoding: a character that the encoding lacks becomes an
    escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def reader_left() -> None:
    """Handles a broken pipe: neither Python's buffered output nor a further line can fail afterwards."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
