"""How the workflow's jobs end when AWS fails or does not answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from scripts.operate import github, samconfig
from scripts.operate.github_run import Run
from scripts.operate.target import Target
from scripts.tests.test_show_run import REPORTED

ARN = "arn:aws:states:eu-west-1:123456789012:execution:shop-migrations-prod:github-7-1"


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MagicMock:
    """Step Functions, in a step of the workflow."""
    states = MagicMock()
    monkeypatch.setattr(samconfig, "place", lambda _: ("eu-west-1", None))
    monkeypatch.setattr(Target, "client", lambda *_: states)
    monkeypatch.setattr(Target, "execution_arn", lambda _, name: f"{ARN.rpartition(':')[0]}:{name}")
    monkeypatch.setattr(Target, "state_machine_arn", lambda _: ARN.replace("execution", "stateMachine"))
    for name, value in {
        "RUN_ID": "7", "RUN_ATTEMPT": "1", "REPOSITORY": "owner/shop", "SHA": "c0ffee", "TRIGGERING_ACTOR": "bob",
        "SERVER_URL": "https://github.com", "API_URL": "http://127.0.0.1:9", "TOKEN": "secret",
        "OUTPUT": str(tmp_path / "output"), "STEP_SUMMARY": str(tmp_path / "summary"),
    }.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    return states


def test_a_run_that_may_not_be_started_is_red_and_hands_nothing_over(states: MagicMock, tmp_path: Path, capsys) -> None:
    states.start_execution.side_effect = refusal("AccessDeniedException")
    assert github.main(["start", "prod", "--project", "shop"]) == 1
    assert "AWS does not allow it" in (said := capsys.readouterr().err) and "goes on" not in said
    assert not (tmp_path / "output").exists()


def test_one_that_is_lost_sight_of_is_handed_over(states: MagicMock, tmp_path: Path, capsys) -> None:
    states.describe_execution.side_effect = EndpointConnectionError(endpoint_url="x")
    assert github.main(["start", "prod", "--project", "shop"]) == 7
    assert "scripts/migrate prod --follow github-7-1 --project shop" in capsys.readouterr().err
    assert (tmp_path / "output").read_text() == "execution=github-7-1\n"
    assert states.start_execution.call_args.kwargs["name"] == "github-7-1"


def test_one_that_was_started_already_is_followed(states: MagicMock, tmp_path: Path, capsys) -> None:
    states.start_execution.side_effect = refusal("ExecutionAlreadyExists")
    now = datetime.now(UTC)
    states.describe_execution.return_value = {
        "status": "FAILED", "error": "Migration.Failed", "cause": "no", "input": "{}",
        "startDate": now, "stopDate": now,
    }
    assert github.main(["start", "prod", "--project", "shop"]) == 1
    assert (tmp_path / "output").read_text() == "execution=github-7-1\nwaiting=false\n"
    assert "Migration&#46;Failed" in (tmp_path / "summary").read_text()


def test_a_report_that_cannot_be_had_is_said_and_costs_nothing(states: MagicMock, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    states.describe_execution.return_value = {
        "status": "SUCCEEDED", "input": "{}", "output": '{"outcome": "applied"}', "startDate": now, "stopDate": now,
    }
    plan = {"Payload": REPORTED}
    states.get_paginator.return_value.paginate.return_value = [{"events": [
        {"id": 2, "type": "TaskSucceeded", "timestamp": now, "taskSucceededEventDetails": {"output": json.dumps(plan)}},
        {"id": 1, "type": "TaskStateEntered", "timestamp": now, "stateEnteredEventDetails": {"name": "Plan"}},
    ]}]
    states.get_object.side_effect = refusal("NoSuchKey")
    assert github.main(["start", "prod", "--project", "shop"]) == 0
    assert (tmp_path / "output").read_text() == "execution=github-7-1\nwaiting=false\n"
    assert "it expired" in (tmp_path / "summary").read_text()


def test_a_reader_that_leaves_makes_no_job_green(states: MagicMock, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(github, "reader_left", lambda: None)
    monkeypatch.setattr(github, "_JOBS", {"decide": MagicMock(side_effect=BrokenPipeError)})
    assert github.main(["decide", "prod", "--execution", "github-7-1"]) == 7
    assert "The execution goes on without you" in capsys.readouterr().err


def test_what_is_printed_commands_nothing(states: MagicMock, capsys) -> None:
    states.describe_execution.side_effect = KeyboardInterrupt
    assert github.main(["decide", "prod", "--execution", "github-7-1"]) == 130
    first, *_, last = capsys.readouterr().out.splitlines()
    token = first.removeprefix("::stop-commands::")
    assert len(token) == 32 and last == f"::{token}::"


def test_a_failure_of_a_script_is_shown_at_its_line(
    states: MagicMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    now, name = datetime.now(UTC), "Migration.Refused"
    states.describe_execution.return_value = {
        "status": "FAILED", "error": name, "cause": "1_a is refused", "input": "{}", "startDate": now, "stopDate": now,
    }
    place = '{"migration":"1_a","file":"migrations/1_a/migration.sql","line":3}'
    cause = json.dumps({"errorType": name, "errorMessage": f"1_a is refused\n{place}"})
    states.get_paginator.return_value.paginate.return_value = [{"events": [
        {"id": 2, "type": "TaskFailed", "timestamp": now, "taskFailedEventDetails": {"error": name, "cause": cause}},
        {"id": 1, "type": "TaskStateEntered", "timestamp": now, "stateEnteredEventDetails": {"name": "Plan"}},
    ]}]
    asked = MagicMock(return_value="::error file=x::y")
    monkeypatch.setattr(github.github_annotation, "error", asked)
    assert github.main(["start", "prod", "--project", "shop"]) == 1
    asked.assert_called_once_with(json.loads(place), f"shop-migrations-prod: {name}", "1_a is refused")
    first, *_, resumed, last = capsys.readouterr().out.splitlines()
    # While commands are stopped, GitHub would take it for an ordinary line.
    assert (resumed, last) == (f"::{first.removeprefix('::stop-commands::')}::", "::error file=x::y")


def test_outside_github_it_says_so(states: MagicMock, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.delenv("GITHUB_RUN_ID")
    assert github.main(["clean-up", "prod"]) == 2
    assert "GITHUB_RUN_ID is not set" in capsys.readouterr().err
    states.describe_execution.assert_not_called()


@pytest.mark.parametrize("value", ["true\nexecution=another", "a\rb", "a\u2028b", "a\u202eb", "::error::x", "##[error]x"])
def test_an_output_sets_no_other(value: str, states: MagicMock, tmp_path: Path) -> None:
    run = Run.current()
    run.hand_over(waiting="true")
    with pytest.raises(ValueError, match="the output report of this step"):
        run.hand_over(report=value)
    assert (tmp_path / "output").read_text() == "waiting=true\n"
