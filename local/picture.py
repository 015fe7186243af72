"""Draws docs/run.svg: runs `make run` in a terminal, and draws its output.

    python -m local.picture

Run it twice if the first run had something to build: the picture shows the build too.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from html import escape

from local import paths

PICTURE = paths.ROOT / "docs" / "run.svg"

#: The first line of the picture.
TYPED = "$ make run"

#: The path of the checkout in the picture.
PLACE = "/home/you/lockstep"

#: Longer lines end in dots. The rest of such a line is part of an ARN or of a digest.
LONGEST = 120

#: The CSS classes of the codes that local/terminal.py and the command use.
STYLES = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "36": "cyan"}

#: Pixels.
_CHARACTER, _LINE, _MARGIN = 8.4, 20, 16

_SHEET = """\
rect { fill: #1d1f21 }
text { fill: #c5c8c6; font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre }
.bold { font-weight: bold } .dim { fill: #8b8d8c } .red { fill: #dd7f7f } .green { fill: #a5bd4d } .yellow { fill: #e5c05c }
.cyan { fill: #78b4cb }"""

#: A code that sets a style, or that ends all styles.
_CODE = re.compile(r"\033\[([\d;]*)m")


def main() -> int:
    said, status = at_a_terminal(["make", "--no-print-directory", "run"])
    if status == 0:
        PICTURE.write_text(drawn(f"{TYPED}\n{said.replace(str(paths.ROOT), PLACE)}"))
        print(f"{PICTURE} is drawn anew")
    return status


def at_a_terminal(command: list[str]) -> tuple[str, int]:
    """Runs the command at a terminal and shows its output. Returns the output and the exit status. The standard error is
    left out: the line that shows what goes on now moves in place."""
    reader, writer = pty.openpty()
    with subprocess.Popen(command, cwd=paths.ROOT, stdin=subprocess.DEVNULL, stdout=writer) as process:
        os.close(writer)
        said = bytearray()
        while part := _read(reader):
            said += part
            sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
        os.close(reader)
    return said.decode().replace("\r\n", "\n"), process.returncode


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 65536)
    except OSError:
        # Linux reports this when the last program has closed the terminal.
        return b""


def drawn(said: str) -> str:
    """Returns the picture of a terminal's output."""
    lines = said.rstrip("\n").split("\n")
    width = round(2 * _MARGIN + _CHARACTER * LONGEST)
    height = 2 * _MARGIN + _LINE * len(lines)
    rows = (f'<text x="{_MARGIN}" y="{_MARGIN + _LINE * number - 5}">{_row(line)}</text>' for number, line in enumerate(lines, 1))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{TYPED}">',
        f"<style>\n{_SHEET}\n</style>",
        f'<rect width="{width}" height="{height}" rx="8"/>',
        *rows,
        "</svg>\n",
    ])


def _row(line: str) -> str:
    """Returns a line as SVG: each piece in its styles."""
    pieces = _CODE.split(line)
    styles: list[str] = []
    left, row = LONGEST, ""
    for text, codes in zip(pieces[::2], ["", *pieces[1::2]], strict=True):
        styles = [] if codes in ("", "0") else [*styles, *(STYLES[code] for code in codes.split(";"))]
        shown = text if len(text) <= left else text[: left - 1] + "…"
        left -= len(shown)
        if shown:
            row += f'<tspan class="{" ".join(styles)}">{escape(shown)}</tspan>' if styles else escape(shown)
        if shown != text:
            break
    return row


if __name__ == "__main__":
    sys.exit(main())
