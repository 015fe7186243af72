"""Ends a command in order when a signal tells it to end."""

from __future__ import annotations

import signal
import sys


def end_when_told() -> None:
    """Makes Ctrl-C, SIGTERM and SIGHUP end this process by an exception, so that it stops what it has started. A shell's
    background job would ignore Ctrl-C otherwise, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for which in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, lambda number, _: sys.exit(128 + number))
