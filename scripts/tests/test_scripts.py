"""What the scripts compute before they print it."""

import io
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from scripts.operate import follow, migrate, samconfig, show
from scripts.operate.errors import explain
from scripts.operate.history import History, plain_cause, told
from scripts.operate.logs import format_line
from scripts.operate.progress import parse
from scripts.operate.start import execution_input, requester, user
from scripts.operate.target import NoSuchTarget, Target, find, local_target
from scripts.operate.terminal import Terminal, plural, seconds
from scripts.wire.record import Place

ARN = "arn:aws:states:eu-west-1:123456789012:execution:shop-migrations-prod:apply-1"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """Neither samconfig.toml nor this shell names a Region or a profile."""
    monkeypatch.setattr(samconfig, "place", lambda _: (None, None))
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "LOCKSTEP_LOCAL"):
        monkeypatch.delenv(name, raising=False)


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
    assert execution_input("me") == {"requestedBy": "me"}
    assert execution_input("me", mode="plan", up_to="2_x", more={"commit": "abc", "requestedBy": "Ann"}) == {
        "commit": "abc", "mode": "plan", "requestedBy": "Ann", "upTo": "2_x",
    }
    assert execution_input("me", more={"requestedBy": "Ann"}, requested_by="Bob")["requestedBy"] == "Bob"


@pytest.mark.parametrize("account", ["111122223333", "000000000000"])
def test_the_requester_on_aws_is_the_identity_that_aws_knows(account):
    target = Target("prod", "lockstep-migrations-prod")
    target.__dict__["caller"] = {"Account": account, "Arn": f"arn:aws:sts::{account}:assumed-role/Starter/ann"}
    local = account == "000000000000"
    assert requester(target) == (user() if local else "arn:aws:sts::111122223333:assumed-role/Starter/ann")


def test_causes_are_plain():
    assert plain_cause('{"errorMessage": "no", "errorType": "X"}') == "no"
    assert plain_cause("no JSON") == "no JSON"
    assert plain_cause("[1]") == "[1]"
    assert plain_cause('no\n{"migration":') == 'no\n{"migration":'


def test_a_cause_may_have_a_place():
    place: Place = {"migration": "1_a", "line": 3}
    message = 'one "line"\ntwo\n{"migration":"1_a","line":3}'
    assert told(json.dumps({"errorType": "X", "errorMessage": message})) == ('one "line"\ntwo', place)
    assert told("no") == ("no", None)
    # A cause can be any text: what is no place, or no part of one, is left out.
    assert told('no\n{"migration": 1}') == ('no\n{"migration": 1}', None)
    assert told('no\n{"migration": "1_a", "file": null, "line": "7", "statement": 2}') == ("no", {"migration": "1_a", "statement": 2})


def test_progress():
    entry = {
        "message": "applied migration", "execution": "run-1",
        "migration": "2_x", "number": 2, "total": 3, "duration_ms": 12,
    }
    assert str(parse(json.dumps(entry), 0, "run-1")) == "migration 2 of 3: 2_x (12 ms)"
    assert parse(json.dumps(entry | {"execution": "run-1"}), 0, "run-1") is not None
    assert parse(json.dumps(entry | {"execution": "run-2"}), 0, "run-1") is None
    assert parse('{"message": "something else"}', 0, "run-1") is None
    assert parse("START RequestId", 0, "run-1") is None


def test_words():
    assert [seconds(value) for value in (0.42, 12.4, 185, 7800)] == ["0.4 s", "12 s", "3 min 5 s", "2 h 10 min"]
    assert [plural(count, "migration") for count in (0, 1, 2)] == ["0 migrations", "1 migration", "2 migrations"]


def test_targets(tmp_path):
    assert find("qa", "shop").stack == "shop-migrations-qa"
    with pytest.raises(NoSuchTarget):
        find("production")
    with pytest.raises(NoSuchTarget, match="make up"):
        local_target(tmp_path)


def test_an_arn_says_which_stack_it_is():
    found = find("prod", execution=ARN)
    assert (found.stack, found.region) == ("shop-migrations-prod", "eu-west-1")
    assert find("prod", "shop", ARN).stack == found.stack
    for word, project, wanted in (("dev", None, "shop-migrations-dev"), ("prod", "lockstep", "lockstep-migrations-prod")):
        with pytest.raises(NoSuchTarget, match=f"an execution of shop-migrations-prod, not of {wanted}"):
            find(word, project, ARN)
    with pytest.raises(NoSuchTarget, match="not the ARN of an execution"):
        find("prod", execution=ARN.replace(":execution:", ":stateMachine:"))


def test_an_arn_says_which_environment_it_is_too(tmp_path, monkeypatch):
    assert (found := find(None, execution=ARN)).word == "prod" and found.stack == "shop-migrations-prod"
    with pytest.raises(NoSuchTarget, match="Name the environment before 'apply-1'"):
        find(None, execution="apply-1")
    here = ARN.replace("123456789012", "000000000000")
    monkeypatch.setenv("LOCKSTEP_LOCAL", str(tmp_path))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for word in (None, "prod", "local"):
        with pytest.raises(NoSuchTarget, match="make up"):
            find(word, execution=here)
    # Inside `eval "$(local/env)"` the stack's own word leads to the local stack.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert find(None, execution=here).word == "prod"


def test_an_arn_chooses_among_the_local_stacks(tmp_path):
    stacks = [{"stack": name} for name in ("shop-migrations-prod", "lockstep-migrations-dev")]
    (tmp_path / "stack.json").write_text(json.dumps({"environment": {}, "deployments": stacks}))
    assert local_target(tmp_path).stack == "lockstep-migrations-dev"
    assert local_target(tmp_path, stack="shop-migrations-prod").stack == "shop-migrations-prod"
    with pytest.raises(NoSuchTarget, match="other-migrations-dev"):
        local_target(tmp_path, stack="other-migrations-dev")


@pytest.mark.parametrize(
    ("stack", "option"), [("shop-migrations-prod", " --project shop"), ("lockstep-migrations-prod", "")]
)
def test_printed_commands_find_the_stack_again(stack, option):
    target, stream = Target("prod", stack), io.StringIO()
    assert follow.show_command(target, ARN) == f"scripts/show prod apply-1{option}"
    assert follow.decision_commands(target, ARN, "abc")[0] == (
        f"scripts/approve prod apply-1 --digest abc{option} --reason REASON"
    )
    follow.goes_on(Terminal(stream), target, ARN)
    assert f"scripts/migrate prod --stop apply-1{option}\n" in stream.getvalue()


def test_expired_credentials_are_explained():
    expired = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "DescribeExecution")
    assert "sign in again" in explain(expired, "s")
    absent = ClientError({"Error": {"Code": "StateMachineDoesNotExist", "Message": "none"}}, "StartExecution")
    assert "in this account in eu-west-1" in explain(absent, "s", "eu-west-1")
    unknown = ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "the token is invalid"}}, "GetCallerIdentity")
    assert "does not accept these credentials" in explain(unknown, "s")


class TestMigrate:
    """How scripts/migrate ends when AWS stops answering."""

    @pytest.fixture
    def states(self, monkeypatch):
        states = MagicMock()
        monkeypatch.setattr(Target, "client", lambda *_: states)
        monkeypatch.setattr(Target, "execution_arn", lambda *_: ARN)
        monkeypatch.setattr(migrate, "start", lambda *_: ARN)
        monkeypatch.setattr(migrate, "requester", lambda _: "me")
        return states

    def test_a_run_that_is_lost_sight_of_goes_on(self, states, capsys):
        states.describe_execution.side_effect = [{"startDate": datetime.now(UTC)}, EndpointConnectionError(endpoint_url="x")]
        assert migrate.main(["prod", "--project", "shop"]) == follow.LOST == 7
        assert "does not answer" in (errors := capsys.readouterr().err)
        assert "scripts/migrate prod --follow apply-1 --project shop" in errors

    def test_leaving_before_it_is_followed(self, states, capsys):
        states.describe_execution.side_effect = KeyboardInterrupt
        assert migrate.main(["prod"]) == follow.INTERRUPTED
        assert "scripts/migrate prod --stop apply-1" in capsys.readouterr().out

    @pytest.mark.parametrize("failure", [KeyboardInterrupt(), ReadTimeoutError(endpoint_url="x")])
    def test_leaving_while_it_starts(self, states, capsys, monkeypatch, failure):
        monkeypatch.setattr(migrate, "start", MagicMock(side_effect=failure))
        status = migrate.main(["prod"])
        said = capsys.readouterr()
        assert status == (follow.INTERRUPTED if isinstance(failure, KeyboardInterrupt) else follow.LOST)
        assert "It is not known whether apply-1 was started" in (shown := said.out + said.err)
        assert "scripts/show prod apply-1\n" in shown and "scripts/migrate prod --stop apply-1" in shown

    def test_what_was_refused_did_not_start(self, states, capsys, monkeypatch):
        refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "StartExecution")
        monkeypatch.setattr(migrate, "start", MagicMock(side_effect=refused))
        assert migrate.main(["prod"]) == 1
        assert "goes on" not in (said := capsys.readouterr()).out + said.err

    def test_leaving_before_it_starts(self, states, capsys, monkeypatch):
        monkeypatch.setattr(migrate, "requester", MagicMock(side_effect=KeyboardInterrupt))
        assert migrate.main(["prod"]) == follow.INTERRUPTED
        assert capsys.readouterr().out == "Nothing was started\n"

    def test_an_execution_that_does_not_exist_is_not_followed(self, states, capsys):
        absent = {"Error": {"Code": "ExecutionDoesNotExist", "Message": "none"}}
        states.describe_execution.side_effect = ClientError(absent, "DescribeExecution")
        assert migrate.main(["prod", "--follow", "nope"]) == 1
        said = capsys.readouterr()
        assert said.out == "" and "no such execution of lockstep-migrations-prod" in said.err

    def test_a_reader_that_leaves(self, states, capsys, monkeypatch):
        """`| head -1`: the run goes on, and the standard error says so."""
        monkeypatch.setattr(migrate, "reader_left", lambda: None)
        monkeypatch.setattr(migrate, "_heading", MagicMock(side_effect=BrokenPipeError))
        assert migrate.main(["prod", "--project", "shop"]) == follow.INTERRUPTED == 130
        said = capsys.readouterr()
        assert said.out == "" and "scripts/migrate prod --follow apply-1 --project shop" in said.err

    def test_a_reader_that_leaves_when_it_has_ended(self, states, capsys, monkeypatch):
        now = datetime.now(UTC)
        states.describe_execution.return_value = {
            "status": "FAILED", "error": "Approval.Rejected", "startDate": now, "stopDate": now,
        }
        monkeypatch.setattr(migrate, "reader_left", lambda: None)
        monkeypatch.setattr(show, "failure", MagicMock(side_effect=BrokenPipeError))
        assert migrate.main(["prod"]) == follow.REJECTED == 3
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("wrong", [["--stop", "a", "--follow", "b"], ["--stop", "a", "--mode", "plan"]])
    def test_options_that_would_be_ignored_are_refused(self, wrong, capsys):
        with pytest.raises(SystemExit, match="2"):
            migrate.main(["prod", *wrong])
        assert "--stop" in capsys.readouterr().err


APPLIED = {"message": "applied migration", "migration": "1_a", "number": 1, "total": 1, "duration_ms": 5}
DONE = {"message": "step done", "step": "apply"}


class TestLastLines:
    """CloudWatch has a line some seconds after it was written; the execution has ended by then."""

    @pytest.fixture
    def run(self, monkeypatch):
        """Follows an ended execution whose log lines arrive one poll after the other. Returns what was printed."""
        clock = [0.0]
        monkeypatch.setattr(follow.time, "monotonic", lambda: clock[0])
        monkeypatch.setattr(follow.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))

        def run(*looks, error=None):
            at = datetime(2026, 1, 1, tzinfo=UTC)
            task = ("TaskFailed", "taskFailed", {"error": error}) if error else ("TaskSucceeded", "taskSucceeded", {})
            events = [
                {"id": 1, "type": "TaskStateEntered", "timestamp": at, "stateEnteredEventDetails": {"name": "Apply"}},
                {"id": 2, "type": task[0], "timestamp": at, f"{task[1]}EventDetails": task[2]},
            ]
            states = _Client(events, status="FAILED" if error else "SUCCEEDED", error=error, startDate=at, stopDate=at)
            left = list(looks)
            logs = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [
                {"events": [
                    {"timestamp": number, "message": json.dumps({"execution": "apply-1"} | line)}
                    for number, line in enumerate(left.pop(0) if left else [])
                ]},
            ]))
            monkeypatch.setattr(Target, "client", lambda _, service: logs if service == "logs" else states)
            stream = io.StringIO()
            follow.Follower(Target("prod", "shop-migrations-prod"), ARN, Terminal(stream)).follow()
            return stream.getvalue(), clock[0]

        return run

    @pytest.mark.parametrize("error", [None, "Migration.Failed"])
    def test_late_log_lines_are_waited_for(self, run, error):
        shown, waited = run([], [], [], [APPLIED], [DONE], error=error)
        assert "migration 1 of 1: 1_a" in shown.partition("Result")[0] and 0 < waited < 10

    def test_a_log_that_is_complete_is_not_waited_for(self, run):
        assert run([APPLIED, DONE])[1] == 0

    def test_ctrl_c_only_ends_the_waiting(self, run, monkeypatch):
        monkeypatch.setattr(follow.time, "sleep", MagicMock(side_effect=KeyboardInterrupt))
        assert "Result" in run([])[0]

    def test_late_log_lines_are_not_waited_for_without_end(self, run):
        shown, waited = run([APPLIED])
        assert "1_a" in shown and 10 <= waited < 15

    def test_a_killed_function_has_no_last_line_to_wait_for(self, run):
        assert run([APPLIED], error="Sandbox.Timedout")[1] == 0


def test_colour_only_where_wanted():
    for colour, shown in ((None, "x y\n"), (True, "\033[31mx\033[0m \033[1;2my\033[0m\n")):
        stream = io.StringIO()
        terminal = Terminal(stream, colour=colour)
        terminal.line(f"{terminal.paint('x', 'red')} {terminal.paint('y', 'bold', 'dim')}")
        assert stream.getvalue() == shown


def test_log_lines():
    terminal = Terminal(io.StringIO())

    def line(step, entry, everything):
        shown = format_line(terminal, step, entry, everything)
        assert shown is not None
        return shown

    entry = {"timestamp": 0, "message": '{"level": "INFO", "message": "planned", "execution": "run-1", "pending": 3}'}
    assert line("plan", entry, False).endswith("plan       planned  execution=run-1 pending=3")
    assert format_line(terminal, "plan", {"timestamp": 0, "message": '{"_aws": {}}'}, False) is None
    ended = {"message": "run ended", "execution": "run-1", "record": {"outcome": "applied", "plan": {}}}
    entry = {"timestamp": 0, "message": json.dumps(ended)}
    assert line("notify", entry, False).endswith("run ended  execution=run-1 outcome=applied")
    assert "'plan'" in line("notify", entry, True)
    assert format_line(terminal, "plan", {"timestamp": 0, "message": "END RequestId: 1"}, False) is None


def test_task_token_is_never_a_step():
    token = "token-that-must-stay-secret"
    parameters = json.dumps({"Payload": {"taskToken": token, "expiresAt": "2026-01-01T00:00:00Z"}})
    submitted = json.dumps({"Payload": {"sent": False, "error": "NotFound"}, "StatusCode": 200})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        {"id": 1, "type": "TaskStateEntered", "timestamp": at, "stateEnteredEventDetails": {"name": "Approval"}},
        {"id": 2, "type": "TaskScheduled", "timestamp": at, "taskScheduledEventDetails": {"parameters": parameters}},
        {"id": 3, "type": "TaskSubmitted", "timestamp": at, "taskSubmittedEventDetails": {"output": submitted}},
        {"id": 4, "type": "TaskTimedOut", "timestamp": at, "taskTimedOutEventDetails": {"error": "States.Timeout"}},
        {"id": 5, "type": "TaskScheduled", "timestamp": at, "taskScheduledEventDetails": {"parameters": parameters}},
    ]
    steps = list(History(_Client(events), "execution").new_steps())
    assert [step.kind for step in steps] == ["entered", "waiting", "failed", "retried"]
    assert steps[1].expires_at == "2026-01-01T00:00:00Z"
    assert steps[1].result == {"sent": False, "error": "NotFound"}
    assert token not in repr(steps)


def test_history_is_read_once():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    events = [{"id": 1, "type": "PassStateEntered", "timestamp": at, "stateEnteredEventDetails": {"name": "A"}}]
    history = History(_Client(events), "execution")
    assert len(list(history.new_steps())) == 1
    assert list(history.new_steps()) == []
    events.append({"id": 2, "type": "PassStateExited", "timestamp": at, "stateExitedEventDetails": {"name": "A"}})
    assert [step.kind for step in history.new_steps()] == ["left"]


def test_plan_shows_what_is_left_out():
    stream = io.StringIO()
    show.plan(Terminal(stream), {
        "pending": 30, "alreadyApplied": 2, "digest": "abc", "baseRows": 2, "omitted": 10, "warnings": ["drops a table"],
        "migrations": [{"name": "1_a", "class": "transactional", "statements": 1}],
    })
    shown = stream.getvalue()
    assert "30 migrations pending, 2 already applied" in shown
    assert "... and 10 more" in shown
    assert "! drops a table" in shown


class _Client:
    """Step Functions with one execution, whose history comes in one page, the last event first."""

    def __init__(self, events, **described):
        self._events = events
        self._described = described

    def describe_execution(self, **_):
        return self._described

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        return [{"events": self._events[::-1]}]
