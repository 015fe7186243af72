"""Whatever names and messages contain, a terminal and a job's log show text: every text is replaced by generated ones."""

import io
import json
import random
import re
from typing import Any

import pytest

from scripts.operate import runs, show, show_run
from scripts.operate.logs import format_line
from scripts.operate.position import Position
from scripts.operate.record import Run
from scripts.operate.target import Target
from scripts.operate.terminal import Terminal
from scripts.operate.text import as_json, harmless, lines
from scripts.tests import test_show_run as told
from scripts.wire.steps import BaselinePlan

#: What must not remain of a text. The second expression is for output that may contain our own colours.
DANGEROUS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff\ufff9-\ufffb]"
)
OURS = re.compile("\x1b\\[(0|1|2|3[1-6])(;[12])?m")

PIECES = [
    "\n", "\r", "\r\n", "\n::error::no", "\r::set-output name=a::b", "::stop-commands::x", " ::error::x", "##[error]x", "\x1b[2J",
    "\x1b[31m", "\x1b]0;title\x07", "\x9b31m", "\x08\x08", "\x00", "\x7f", "\x85", "\u2028", "\u2029", "\u202a", "\u202e",
    "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u3164", "\ud800",
    "\n\nApproved by:  me", "é", "😀", "❤\ufe0f", "a", "1_b", " ",
]


def texts(count, seed=7):
    """Returns texts from outside, the same in every run."""
    generator = random.Random(seed)
    for _ in range(count):
        yield "".join(
            generator.choice(PIECES) if generator.random() < 0.8 else chr(generator.randrange(0x11000))
            for _ in range(generator.randrange(1, 7))
        )


def is_command(line):
    """Returns whether GitHub's runner takes a line of a job's log for a command, in the new form or in the old one."""
    return line.lstrip().startswith("::") or "##[" in line


def overwritten(value, text):
    """Returns a value whose texts are all replaced by one text, except a few words that decide what is shown."""
    if isinstance(value, dict):
        kept = ("outcome", "status", "decision", "identity", "mode", "duties", "resolution", "startedAt", "endedAt", "execution")
        return {name: item if name in kept else overwritten(item, text) for name, item in value.items()}
    if isinstance(value, list):
        return [overwritten(item, text) for item in value]
    return text if isinstance(value, str) else value


def test_a_line_is_one_line_of_text():
    for text in texts(2000):
        shown = harmless(text)
        assert not DANGEROUS.search(shown) and len(shown.splitlines()) <= 1, ascii(text)
        assert not is_command(shown) and harmless(shown) == shown, ascii(text)
        shown.encode()


@pytest.mark.parametrize("colour", [False, True])
def test_nothing_but_paint_colours_a_line(colour):
    for text in texts(500):
        stream = io.StringIO()
        terminal = Terminal(stream, colour=colour)
        terminal.line(f"{text}{terminal.paint(text, 'red')}", "bold")
        shown = stream.getvalue()
        assert shown.count("\n") == 1 and len(OURS.findall(shown)) == (4 if colour else 0), ascii(text)
        assert not DANGEROUS.search(OURS.sub("", shown)), ascii(text)


def test_what_people_write_stays():
    for text in ("1_add_é 'quoted' \"ü\" 😀 ❤\ufe0f שלום 漢字", "a: b :: c", "#1 [x]", ""):
        assert harmless(text) == text


def test_what_is_no_text_is_shown():
    assert harmless("a\u202eb\n\x1b[2J") == "a\\u{202e}b\\u{a}\\u{1b}[2J"
    assert (harmless("  ::error::x"), harmless("a ##[error]x")) == ("  \\u{3a}:error::x", "a ##\\u{5b}error]x")
    assert lines("a\r\nb\u2028c\rd\n") == ["a", "b\u2028c\rd"]


def test_json_means_the_same():
    for text in texts(500):
        written = as_json({"name": text, "list": [text]})
        assert json.loads(written) == {"name": text, "list": [text]}
        assert not DANGEROUS.search(written) and len(written.splitlines()) == 6, ascii(text)
        assert not any(is_command(line) for line in written.splitlines()), ascii(text)


def test_json_that_fits_into_less_than_unicode():
    for text in ("Zoë ✓", "\U0001f600", "a\u202eb"):
        for encoding in ("ascii", "latin-1", "US-ASCII"):
            written = as_json({"name": text}, encoding)
            assert written.isascii() and json.loads(written) == {"name": text}


def shown_in_all_ways(text):
    """Returns everything that the scripts print about a run, with the text in each place."""
    record, failed = overwritten(told.RECORD, text), overwritten(told.FAILED, text)
    position = Position(text, waits=True, expires_at=text, request_mail={"sent": False, "error": text})
    waiting = Run(told.ARN, "RUNNING", overwritten({"request": told.REQUEST, "plan": told.PLAN}, text), position)
    report = overwritten(told.REPORT, text)
    baseline: BaselinePlan = {"count": 1, "tables": 1, "migrations": [text], "last": text, "omitted": 0}
    # Also what the types do not allow: the text comes from outside.
    resolve: Any = {"migration": text, "resolution": text, "facts": [text]}
    run = {"name": "x", "startDate": told.AT, "stopDate": told.AT, "input": json.dumps({"requestedBy": text})}
    target = Target("prod", "lockstep-migrations-prod")
    logged = json.dumps({"message": text, "level": "ERROR", "cause": text})

    def shown(show_it):
        stream = io.StringIO()
        terminal = Terminal(stream)
        show_it(terminal)
        return stream.getvalue()

    return [
        shown(lambda terminal: show_run.describe(terminal, target, Run(told.ARN, "SUCCEEDED", record))),
        shown(lambda terminal: show_run.describe(terminal, target, waiting)),
        shown(lambda terminal: show.plan(terminal, overwritten(told.PLAN, text) | {"report": report})),
        shown(lambda terminal: show.plan(terminal, told.PLAN | {"baseline": baseline, "warnings": [text]})),
        shown(lambda terminal: show.plan(terminal, told.PLAN | {"resolve": resolve})),
        shown(lambda terminal: runs.table(terminal, [run | {"status": "FAILED", "error": text}])),
        shown(lambda terminal: terminal.line(format_line(terminal, "plan", {"timestamp": 0, "message": logged}, False))),
        shown(lambda terminal: terminal.line(format_line(terminal, "plan", {"timestamp": 0, "message": f"x{text}x"}, False))),
    ], [
        shown(lambda terminal: show_run.describe(terminal, target, Run(told.ARN, "FAILED", failed))),
        shown(lambda terminal: show.mail(terminal, text, text)),
        shown(lambda terminal: show.markdown(terminal, text)),
    ]


def test_whatever_a_run_is_called_its_lines_stay():
    plain = [len(shown.splitlines()) for shown in shown_in_all_ways("x")[0]]
    for text in texts(150):
        of_one_line, of_several = shown_in_all_ways(text)
        assert [shown.count("\n") for shown in of_one_line] == plain, ascii(text)
        for shown in (*of_one_line, *of_several):
            assert not DANGEROUS.search(shown), ascii(text)
            assert not any(is_command(line) for line in shown.splitlines()), ascii(text)


def test_a_cause_of_several_lines_is_indented():
    stream = io.StringIO()
    terminal = Terminal(stream)
    show.failure(terminal, "FAILED", "Lock.Held", "one\nApproved by: me\r\n::error::x\n")
    assert stream.getvalue().endswith("\n    one\n    Approved by: me\n    \\u{3a}:error::x\n")
