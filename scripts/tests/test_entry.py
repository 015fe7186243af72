"""A script's exit status depends neither on the reader of its output nor on the encoding."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.operate.paths import ROOT

SAYS = """
from scripts.operate.terminal import Terminal

def main(status):
    for _ in range({lines}):
        Terminal().line("✗ Rejected by Zoë")
    print("more " * 10)  # held back, as it is no terminal
    return int(status)
"""


def run(
    directory: Path, lines: int, status: int, pipe: int | None = None, **settings: str
) -> subprocess.CompletedProcess[bytes]:
    (directory / "says.py").write_text(SAYS.format(lines=lines))
    command = f"from scripts.operate.entry import run; run('says', '{status}')"
    return subprocess.run(
        [sys.executable, "-c", command], cwd=directory, stdout=pipe or subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        env=os.environ | {"PYTHONPATH": f"{directory}:{ROOT}", "PYTHONUNBUFFERED": ""} | settings,
    )


@pytest.fixture
def closed_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_was_done_counts_also_where_it_cannot_be_written(encoding: str, tmp_path: Path) -> None:
    said = run(tmp_path, 1, 3, PYTHONIOENCODING=encoding)
    assert (said.returncode, said.stderr) == (3, b"")
    shown = said.stdout.decode(encoding)
    assert shown.startswith(r"✗" if encoding == "utf-8" else r"\u2717")
    assert (r"Zo\xeb" if encoding == "ascii" else "Zoë") in shown


def test_a_reader_that_has_seen_enough_may_leave(closed_pipe: int, tmp_path: Path) -> None:
    left = run(tmp_path, 3, 0, closed_pipe)
    assert (left.returncode, left.stderr) == (0, b"")


def test_a_last_line_without_a_reader_does_not_change_the_exit_status(closed_pipe: int, tmp_path: Path) -> None:
    left = run(tmp_path, 0, 3, closed_pipe)
    assert (left.returncode, left.stderr) == (3, b"")
