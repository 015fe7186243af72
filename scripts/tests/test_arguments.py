"""What the scripts refuse before they do anything: exit status 2, and a sentence that names the argument."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

import pytest

from scripts.operate import decide, deploy, github, logs, migrate, runs, show_run, verify_aws
from scripts.operate.target import Target

OPERATE = Path(migrate.__file__).parent
DECISION = ["--digest", "d", "--reason", "r"]


@pytest.fixture(autouse=True)
def nothing_is_reached(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """A stand-in for any client, which records its calls."""
    client = MagicMock()
    monkeypatch.setattr(Target, "client", lambda *_: client)
    return client


def refused(script: ModuleType, arguments: list[str]) -> None:
    first = ["approve"] if script is decide else []
    with pytest.raises(SystemExit) as ended:
        script.main(*first, arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize("empty", [[""], [" "], None])
@pytest.mark.parametrize(
    ("script", "rest", "name"),
    [
        *((migrate, ["prod"], f"--{name}") for name in (
            "up-to", "migration", "resolution", "mode", "reason", "requested-by", "commit", "input", "follow", "stop", "project",
        )),
        (decide, ["prod", "run-1", "--reason", "r"], "--digest"),
        (decide, ["prod", "run-1", "--digest", "d"], "--reason"),
        (decide, ["prod", "run-1", *DECISION], "--on-behalf-of"),
        (show_run, ["prod", "run-1"], "--project"),
        (runs, ["prod"], "--limit"),
        (logs, ["prod"], "--minutes"),
        (github, ["start", "prod"], "--up-to"),
        (github, ["start", "prod"], "--mode"),
    ],
)
def test_an_empty_option(
    script: ModuleType, rest: list[str], name: str, empty: list[str] | None, nothing_is_reached: MagicMock, capsys
) -> None:
    """An empty option comes from a variable that is not set: `--up-to "$LAST"` would apply everything."""
    refused(script, [*rest, name, *empty] if empty else [*rest, f"{name}="])
    assert f"argument {name}" in capsys.readouterr().err
    assert not nothing_is_reached.mock_calls


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        (migrate, [""]), (decide, ["prod", "", *DECISION]), (decide, ["", "run-1", *DECISION]), (show_run, [""]),
        (runs, [""]), (logs, [""]), (github, ["start", ""]), (deploy, [""]), (verify_aws, [""]),
        # An environment that does not exist is refused too.
        (migrate, ["staging"]), (decide, ["staging", "run-1", *DECISION]), (show_run, ["staging", "run-1"]),
        (runs, ["staging"]), (logs, ["staging"]), (github, ["start", "local"]), (deploy, ["local"]),
    ],
)
def test_an_empty_or_unknown_place(script: ModuleType, arguments: list[str]) -> None:
    refused(script, arguments)


def test_nothing_else_may_be_empty() -> None:
    """All scripts share the parser that refuses it, and these options have a meaning without a value."""
    texts = {file.stem: file.read_text() for file in OPERATE.glob("*.py")}
    assert [name for name, text in texts.items() if "argparse.ArgumentParser" in text] == ["arguments"]
    may = {name: re.findall(r'"(--[a-z-]+)"[^\n]*\btype=str\b', text) for name, text in texts.items()}
    assert {name: options for name, options in may.items() if options} == {
        "deploy": ["--role-arn"], "github": ["--project", "--reason", "--execution", "--reviews"],
    }
    assert sum(text.count("type=str") for text in texts.values()) == 5 + 1, "one is in a sentence of arguments.py"


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        (migrate, ["dev", "--input", "[]"], "--input: give a JSON object"),
        (migrate, ["dev", "--input", "{bad"], "--input: give a JSON object"),
        *((logs, ["dev", f"--minutes={minutes}"], "--minutes: give a number") for minutes in ("0", "-1", "nan", "inf", "x")),
        *((runs, ["dev", f"--limit={limit}"], "--limit: give a whole number") for limit in ("0", "-1", "1.5", "x", "²")),
    ],
)
def test_a_value_of_the_wrong_form(script: ModuleType, arguments: list[str], said: str, capsys) -> None:
    refused(script, arguments)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("script", [decide, show_run])
def test_an_execution_that_names_no_stack(script: ModuleType, capsys) -> None:
    first, more = (["approve"], DECISION) if script is decide else ([], [])
    for execution in ("run-1", "arn:aws:states:eu-west-1:1:stateMachine:shop-migrations-prod"):
        assert script.main(*first, [execution, *more]) == 2
        assert execution in capsys.readouterr().err


def test_logs_from_before_there_was_time(nothing_is_reached: MagicMock, monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudWatch takes no moment before 1970."""
    monkeypatch.setattr(logs, "find", lambda *_: Target("dev", "lockstep-migrations-dev"))
    assert logs.main(["dev", "--minutes", "1e9"]) == 0
    asked = nothing_is_reached.get_paginator.return_value.paginate.call_args_list
    assert len(asked) == 5 and {call.kwargs["startTime"] for call in asked} == {0}


@pytest.mark.parametrize(("given", "bound"), [("all", {}), ("2_b", {"upTo": "2_b"})])
def test_the_workflows_bound(given: str, bound: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github.Run, "current", MagicMock())
    monkeypatch.setattr(github, "Job", MagicMock())
    monkeypatch.setattr(github, "find", MagicMock())
    begin = MagicMock(side_effect=github.NotInGitHub)
    monkeypatch.setattr(github, "begin", begin)
    assert github.main(["start", "prod", "--mode=apply", f"--up-to={given}", "--reason="]) == 2
    asked = begin.call_args.args[1]
    assert {name: value for name, value in asked.items() if name not in ("requestedBy", "commit")} == {"mode": "apply"} | bound
