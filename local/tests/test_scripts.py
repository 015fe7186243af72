"""What the scripts work out before they show it."""

import io
import json
from datetime import UTC, datetime

import pytest
from scripts.operate import follow, show
from scripts.operate.history import History, plain_cause
from scripts.operate.logs import format_line
from scripts.operate.progress import parse
from scripts.operate.start import execution_input
from scripts.operate.target import NoSuchTarget, find, local_target
from scripts.operate.terminal import Terminal, plural, seconds


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        ("SUCCEEDED", "", 0),
        ("FAILED", "Migration.Failed", 1),
        ("FAILED", "Approval.Rejected", 3),
        ("FAILED", "Approval.Expired", 4),
        ("ABORTED", "", 5),
        ("TIMED_OUT", "", 6),
    ],
)
def test_exit_status(status, error, code):
    assert follow.exit_status(status, error) == code


def test_input_holds_only_what_was_given():
    assert execution_input() == {}
    assert execution_input(mode="plan", up_to="2_x", more='{"commit": "abc"}') == {
        "commit": "abc", "mode": "plan", "upTo": "2_x",
    }
    with pytest.raises(ValueError):
        execution_input(more="[]")


def test_causes_are_plain():
    assert plain_cause('{"errorMessage": "no", "errorType": "X"}') == "no"
    assert plain_cause("no JSON") == "no JSON"
    assert plain_cause("[1]") == "[1]"


def test_progress():
    line = json.dumps(
        {"message": "applied migration", "migration": "2_x", "number": 2, "total": 3, "duration_ms": 12}
    )
    assert str(parse(line, 0)) == "migration 2 of 3: 2_x (12 ms)"
    assert parse('{"message": "something else"}', 0) is None
    assert parse("START RequestId", 0) is None


def test_words():
    assert [seconds(value) for value in (0.42, 12.4, 185, 7800)] == ["0.4 s", "12 s", "3 min 5 s", "2 h 10 min"]
    assert [plural(count, "migration") for count in (0, 1, 2)] == ["0 migrations", "1 migration", "2 migrations"]


def test_targets(tmp_path):
    assert find("qa", "shop").stack == "shop-migrations-qa"
    with pytest.raises(NoSuchTarget):
        find("production")
    with pytest.raises(NoSuchTarget, match="make up"):
        local_target(tmp_path)


def test_colour_only_where_wanted():
    assert Terminal(io.StringIO()).paint("x", "red") == "x"
    assert Terminal(io.StringIO(), colour=True).paint("x", "red") == "\033[31mx\033[0m"


def test_log_lines():
    terminal = Terminal(io.StringIO())
    entry = {"timestamp": 0, "message": '{"level": "INFO", "message": "planned", "pending": 3}'}
    assert format_line(terminal, "plan", entry, False).endswith("plan       planned  pending=3")
    assert format_line(terminal, "plan", {"timestamp": 0, "message": '{"_aws": {}}'}, False) is None
    assert format_line(terminal, "plan", {"timestamp": 0, "message": "END RequestId: 1"}, False) is None


def test_task_token_is_never_a_step():
    token = "token-that-nobody-may-see"
    parameters = json.dumps({"Payload": {"taskToken": token, "expiresAt": "2026-01-01T00:00:00Z"}})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        {"id": 1, "type": "TaskStateEntered", "timestamp": at, "stateEnteredEventDetails": {"name": "Approval"}},
        {"id": 2, "type": "TaskScheduled", "timestamp": at, "taskScheduledEventDetails": {"parameters": parameters}},
        {"id": 3, "type": "TaskSubmitted", "timestamp": at, "taskSubmittedEventDetails": {}},
        {"id": 4, "type": "TaskTimedOut", "timestamp": at, "taskTimedOutEventDetails": {"error": "States.Timeout"}},
        {"id": 5, "type": "TaskScheduled", "timestamp": at, "taskScheduledEventDetails": {"parameters": parameters}},
    ]
    steps = list(History(_Client(events), "execution").new_steps())
    assert [step.kind for step in steps] == ["entered", "waiting", "failed", "retried"]
    assert steps[1].expires_at == "2026-01-01T00:00:00Z"
    assert token not in repr(steps)


def test_history_is_read_once():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    events = [{"id": 1, "type": "PassStateEntered", "timestamp": at, "stateEnteredEventDetails": {"name": "A"}}]
    history = History(_Client(events), "execution")
    assert len(list(history.new_steps())) == 1
    assert list(history.new_steps()) == []
    events.append({"id": 2, "type": "ExecutionSucceeded", "timestamp": at})
    assert [step.kind for step in history.new_steps()] == ["ended"]


def test_plan_shows_what_is_left_out():
    stream = io.StringIO()
    show.plan(Terminal(stream), {
        "pending": 30, "alreadyApplied": 2, "digest": "abc", "omitted": 10, "warnings": ["drops a table"],
        "migrations": [{"name": "1_a", "class": "transactional", "statements": 1}],
    })
    shown = stream.getvalue()
    assert "30 migrations pending, 2 already applied" in shown
    assert "... and 10 more" in shown
    assert "! drops a table" in shown


class _Client:
    """Step Functions with one execution, whose history comes in one page, the last event first."""

    def __init__(self, events):
        self._events = events

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        return [{"events": self._events[::-1]}]
