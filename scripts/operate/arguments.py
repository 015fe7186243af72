"""What the command lines of the scripts have in common."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

from scripts.operate.target import ENVIRONMENTS

#: The values of `environment` for a script that also works on this machine's stack.
PLACES = (*ENVIRONMENTS, "local")


class Parser(argparse.ArgumentParser):
    """Refuses an empty argument: it comes from a shell variable that is not set, and `--up-to ""` would apply everything.

    An argument with `type=str` may be empty nevertheless.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.register("type", None, _not_empty)

    def add_subparsers(self, **options: Any) -> Any:
        """Adds subparsers whose surplus words only the chosen command's parser judges."""
        commands = super().add_subparsers(**options)
        commands.type = str
        return commands


def json_object(text: str) -> dict[str, object]:
    """Parses a JSON object."""
    example = 'give a JSON object, such as \'{"mode": "plan"}\''
    try:
        given = json.loads(text)
    except ValueError as failure:
        raise argparse.ArgumentTypeError(f"{example} ({failure})") from None
    if not isinstance(given, dict):
        raise argparse.ArgumentTypeError(example)
    return given


def positive(text: str) -> float:
    """Parses a number above zero."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"give a number above 0, not '{text}'")
    return number


def positive_integer(text: str) -> int:
    """Parses a whole number above zero."""
    if not text.isascii() or not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"give a whole number above 0, not '{text}'")
    return int(text)


def _not_empty(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty: give a value, or leave it out")
    return text
