"""One run as scripts/show prints it, and many runs as scripts/runs prints them."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from scripts.operate import record, report, runs, show_run
from scripts.operate.target import Target
from scripts.operate.terminal import Terminal
from scripts.wire.record import Decision, Known
from scripts.wire.request import Request
from scripts.wire.steps import ApplyOutput, Facts, PlanOutput, ReportSummary

ARN = "arn:aws:states:eu-west-1:111122223333:execution:lockstep-migrations-prod:apply-1"
BOB = "arn:aws:sts::111122223333:assumed-role/Approver/bob@example.com"
TOKEN = "token-that-must-stay-secret"
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)

REQUEST: Request = {"mode": "apply", "requestedBy": "ann", "reason": "release 7", "requireApproval": False}
PLAN: PlanOutput = {
    "digest": "d1", "baseRows": 1, "pending": 2, "alreadyApplied": 1, "omitted": 0, "warnings": ["drops a table"],
    "migrations": [
        {"name": "2_b", "class": "transactional", "statements": 3}, {"name": "3_c", "class": "standalone", "statements": 1},
    ],
}
APPROVAL: Decision = {
    "decision": "approved", "digest": "d1", "by": BOB, "identity": "verified", "onBehalfOf": "octocat", "duties": "roles",
    "reason": "looks right", "at": "2026-01-01T12:00:30Z", "version": "7", "requestMailSent": False,
}
APPLY: ApplyOutput = {
    "finished": True, "applied": 2, "appliedElsewhere": 0, "remaining": 0, "total": 2, "omitted": 0, "durationMs": 1312,
    "migrations": [{"name": "2_b", "durationMs": 12}, {"name": "3_c", "durationMs": 1300}],
}
RECORD: Known = {
    "execution": ARN, "environment": "prod", "outcome": "applied", "startedAt": "2026-01-01T12:00:00Z",
    "endedAt": "2026-01-01T12:02:04Z", "durationMs": 124000, "request": REQUEST, "plan": PLAN, "approval": APPROVAL,
    "apply": APPLY, "versions": {"apply": "arn:aws:lambda:eu-west-1:111122223333:function:x-apply:5"},
    "notifications": {"approved": {"sent": True, "messageId": "m-1"}, "ended": {"sent": False, "error": "NotFound"}},
}
FAILED: Known = RECORD | {
    "outcome": "failed", "failure": {"error": "Migration.Failed", "cause": "migration 3_c failed", "step": "Apply"},
}


class States:
    """Step Functions with one execution."""

    def __init__(self, *steps, status="RUNNING", **described):
        self.described = {
            "executionArn": ARN, "name": "apply-1", "status": status, "startDate": AT,
            "input": json.dumps({"requestedBy": "arn:aws:sts::111122223333:assumed-role/Starter/ann"}), **described,
        }
        if status != "RUNNING":
            self.described["stopDate"] = AT + timedelta(seconds=124)
        self.events = [event for step in steps for event in step]

    def describe_execution(self, **_):
        return self.described

    def get_paginator(self, name):
        self.name = name
        return self

    def paginate(self, **_):
        if self.name == "list_executions":
            return [{"executions": [self.described]}]
        return [{"events": [event | {"id": number} for number, event in enumerate(self.events, 1)][::-1]}]


def entered(state):
    return {"type": "TaskStateEntered", "timestamp": AT, "stateEnteredEventDetails": {"name": state}}


def scheduled(payload, version="3"):
    parameters = {"FunctionName": f"arn:aws:lambda:eu-west-1:111122223333:function:x:{version}", "Payload": payload}
    return {"type": "TaskScheduled", "timestamp": AT, "taskScheduledEventDetails": {"parameters": json.dumps(parameters)}}


def done(state, output):
    output = json.dumps({"Payload": output})
    succeeded = {"type": "TaskSucceeded", "timestamp": AT, "taskSucceededEventDetails": {"output": output}}
    return [entered(state), scheduled({}), succeeded]


def decided(output):
    return [{"type": "TaskSucceeded", "timestamp": AT, "taskSucceededEventDetails": {"output": json.dumps(output)}}]


def waiting(mail):
    payload = {"expiresAt": "2026-01-01T13:00:00Z", "taskToken": TOKEN}
    submitted = {"output": json.dumps({"Payload": mail, "StatusCode": 200})}
    return [
        entered("Approval"), scheduled(payload),
        {"type": "TaskSubmitted", "timestamp": AT, "taskSubmittedEventDetails": submitted},
    ]


FACTS: Facts = {"serverVersion": "18.4", "database": "orders", "user": "migrator", "tls": True}
PREFLIGHT = done("Preflight", {"request": REQUEST, "facts": FACTS, "warnings": []})
PLANNED = done("Plan", PLAN)


def read(states, monkeypatch):
    monkeypatch.setattr(Target, "client", lambda *_: states)
    return record.read(Target("prod", "lockstep-migrations-prod"), ARN)


def shown(run):
    stream = io.StringIO()
    show_run.describe(Terminal(stream), Target("prod", "lockstep-migrations-prod"), run)
    return stream.getvalue()


def test_one_that_succeeded_is_its_output(monkeypatch):
    run = read(States(PREFLIGHT, status="SUCCEEDED", output=json.dumps(RECORD)), monkeypatch)
    assert run.record == RECORD
    text = shown(run)
    for part in (
        "ann (claimed)", "release 7", "2 migrations pending", "digest d1", "! drops a table",
        f"▶ Approved by {BOB} (verified), on behalf of octocat (claimed)", "looks right", "no role may both start and approve",
        "2_b  12 ms", "3_c  1.3 s", "✓ 2 migrations applied (2 min 4 s)", "apply 5",
        "! The mail that asks for the approval could not be sent\n",
        "! The mail that tells how the run ended could not be sent: NotFound", "sent (m-1)",
    ):
        assert part in text, part
    assert "None" not in text


def test_one_that_failed_has_it_in_its_history(monkeypatch):
    told = done("NotifyFailure", {"sent": True, "messageId": "m-2", "record": FAILED})
    run = read(States(PREFLIGHT, PLANNED, told, status="FAILED", error="Migration.Failed", cause="x"), monkeypatch)
    assert run.record == FAILED
    assert "✗ Migration.Failed\n    migration 3_c failed" in shown(run) and "in state       Apply" in shown(run)


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        ("FAILED", "Migration.Failed", "failed"),
        ("FAILED", "Approval.Rejected", "rejected"),
        ("FAILED", "Approval.Expired", "expired"),
        ("ABORTED", "Approval.Rejected", "stopped"),
        ("TIMED_OUT", None, "timedOut"),
    ],
)
def test_a_run_without_a_record_is_put_together(monkeypatch, status, error, outcome):
    run = read(States(PREFLIGHT, PLANNED, [entered("Apply")], status=status, error=error, cause="why"), monkeypatch)
    told = run.record
    assert (told["outcome"], told["environment"], told["durationMs"]) == (outcome, "prod", 124000)
    assert (told["request"], told["plan"], told["failure"]["cause"]) == (REQUEST, PLAN, "why")
    assert told["versions"]["plan"].endswith(":x:3")
    assert "why" in shown(run)


def test_a_run_without_a_record_still_says_at_which_script_it_failed(monkeypatch):
    place = {"migration": "3_c", "file": "migrations/3_c/migration.sql", "line": 3}
    message = f"migration 3_c failed\n{json.dumps(place, separators=(',', ':'))}"
    details = {"error": "Migration.Failed", "cause": json.dumps({"errorType": "Migration.Failed", "errorMessage": message})}
    failed = [entered("Apply"), {"type": "TaskFailed", "timestamp": AT, "taskFailedEventDetails": details}]
    states = States(PREFLIGHT, failed, [entered("NotifyFailure")], status="FAILED", error="Migration.Failed", cause="x")
    assert read(states, monkeypatch).record["failure"] == {"error": "Migration.Failed", "cause": "x", "place": place}


def test_one_that_waits_says_until_when_and_how_to_decide(monkeypatch):
    run = read(States(PREFLIGHT, PLANNED, waiting({"sent": False, "error": "AuthorizationError"})), monkeypatch)
    assert run.waits and "outcome" not in run.record
    text = shown(run)
    assert "⏸ Waiting for approval until 2026-01-01" in text
    assert "! The mail that asks for it could not be sent: AuthorizationError" in text
    for verb in ("approve", "reject"):
        assert f"    scripts/{verb} prod apply-1 --digest d1 --reason REASON\n" in text
    assert TOKEN not in text + json.dumps(run.record) + repr(run)


def test_one_that_applies_no_longer_waits(monkeypatch):
    told = done("NotifyApproved", {"sent": True, "messageId": "m-1"})
    run = read(States(PREFLIGHT, PLANNED, waiting({"sent": True}), decided(APPROVAL), told, [entered("Apply")]), monkeypatch)
    assert not run.waits and run.record["approval"] == APPROVAL
    assert run.record["notifications"] == {"approved": {"sent": True, "messageId": "m-1"}}
    assert "Running: in state Apply" in (text := shown(run)) and "scripts/approve" not in text


@pytest.mark.parametrize("forged", [
    {"Payload": APPROVAL}, {"Payload": "yes"}, {"record": RECORD}, {"Payload": {"record": RECORD}},
])
def test_what_something_else_answers_is_no_decision_and_no_record(monkeypatch, forged):
    """The answer to a task token is taken as it is: only a function's answer is wrapped in a payload."""
    states = States(PREFLIGHT, PLANNED, waiting({"sent": True}), decided(forged), status="FAILED", error="x")
    told = read(states, monkeypatch)
    assert (told.record["approval"], told.record["outcome"]) == (forged, "failed")
    assert "? Answered by something else than the approve function" in shown(told)


def test_one_that_has_just_begun(monkeypatch):
    run = read(States(), monkeypatch)
    assert run.record["request"] == {"requestedBy": "arn:aws:sts::111122223333:assumed-role/Starter/ann"}
    assert "in state none yet" in shown(run)


def test_an_unchecked_input_moves_no_cursor(monkeypatch):
    states = States(input=json.dumps({"requestedBy": "Ann\n\x1b[2J", "reason": ["\r"]}))
    assert "asked by       Ann\\u{a}\\u{1b}[2J (claimed)\n" in (text := shown(read(states, monkeypatch)))
    assert "\x1b" not in text and "\r" not in text
    assert runs.row(states.described)[-1] == "Ann\\u{a}\\u{1b}[2J"


def test_for_a_program(monkeypatch, capsys):
    states = States(PREFLIGHT, PLANNED, waiting({"sent": True}))
    monkeypatch.setattr(Target, "client", lambda *_: states)
    monkeypatch.setattr(show_run, "find", lambda *_: Target("prod", "lockstep-migrations-prod"))
    assert show_run.main([ARN, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["execution"], told["plan"]) == (ARN, PLAN)


REPORT: ReportSummary = {
    "verdict": "danger", "why": "3_c: it drops a table", "safe": 1, "caution": 0, "danger": 1,
    "worst": [{"name": "3_c", "verdict": "danger", "why": "it drops\x1b[2J a table"}],
    "bucket": "bucket", "key": "reports/d1",
}
REPORTED: PlanOutput = PLAN | {"report": REPORT}


def test_a_plans_report_is_shown_in_short(monkeypatch):
    text = shown(read(States(PREFLIGHT, done("Plan", REPORTED), waiting({"sent": True})), monkeypatch))
    for part in (
        "  danger: 3_c: it drops a table\n", "    1 danger, 0 caution, 1 safe\n", "    3_c  danger  it drops\\u{1b}[2J a table\n",
        "  report bucket/reports/d1/\n", "    scripts/show prod apply-1 --open\n",
    ):
        assert part in text, part


class S3:
    """A bucket with one report, or one that answers with an error."""

    def __init__(self, text=b"", error=""):
        self.text, self.error, self.asked = text, error, []

    def get_object(self, **asked):
        self.asked.append(asked)
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": "no"}}, "GetObject")
        return {"Body": io.BytesIO(self.text)}


@pytest.fixture
def stack(monkeypatch, tmp_path):
    """A stack with one run. The test gives the run's plan and the bucket."""
    monkeypatch.setattr(show_run, "find", lambda *_: Target("prod", "lockstep-migrations-prod"))
    monkeypatch.setattr(report.tempfile, "tempdir", str(tmp_path))

    def with_(plan, s3):
        clients = {"stepfunctions": States(PREFLIGHT, done("Plan", plan), waiting({"sent": True})), "s3": s3}
        monkeypatch.setattr(Target, "client", lambda _, service: clients[service])
        return s3

    return with_


@pytest.mark.parametrize("started", [True, False])
def test_a_report_is_opened(stack, monkeypatch, capsys, started):
    s3 = stack(REPORTED, S3(b"<p>"))
    opened = []

    def open_(url):
        opened.append(url)
        return started

    monkeypatch.setattr(show_run.webbrowser, "open", open_)
    assert show_run.main([ARN, "--open"]) == 0
    path, *more = capsys.readouterr().out.splitlines()
    file = Path(path)
    assert opened == [file.as_uri()] and file.read_bytes() == b"<p>" and file.stat().st_mode & 0o777 == 0o600
    assert s3.asked == [{"Bucket": "bucket", "Key": "reports/d1/report.html"}]
    assert bool(more) is not started


def test_a_report_is_printed(stack, capsys):
    stack(REPORTED, S3("# Report\n\tone \x1b[2J\u202e\n".encode()))
    assert show_run.main([ARN, "--report"]) == 0
    assert capsys.readouterr().out == "# Report\n    one \\u{1b}[2J\\u{202e}\n"


@pytest.mark.parametrize(
    ("plan", "error", "said"),
    [
        (REPORTED, "NoSuchKey", "it expired (ReportRetentionDays)"),
        (REPORTED, "AccessDenied", "AWS does not let you read s3://bucket/reports/d1/report.html"),
        (REPORTED, "SlowDown", "SlowDown"),
        (PLAN, "", "This run has no report: none was made"),
        (PLAN | {"warnings": ["There is no report (x), so"]}, "", "no report: There is no report (x), so"),
        (PLAN | {"pending": 0}, "", "nothing was pending"),
        (PLAN | {"pending": 0, "resolve": {"migration": "2_b"}}, "", "it runs no migration"),
        ({}, "", "it did not come to a plan"),
    ],
)
@pytest.mark.parametrize("option", ["--open", "--report"])
def test_without_a_report_it_says_why(stack, capsys, plan, error, said, option):
    stack(plan, S3(error=error))
    assert show_run.main([ARN, option]) == 1
    assert said in capsys.readouterr().err.replace("report.md", "report.html")


class TestRuns:
    """The table of scripts/runs."""

    @pytest.mark.parametrize(
        ("states", "said"),
        [
            (States(status="SUCCEEDED", output=json.dumps(RECORD)), "✓ 2 migrations applied"),
            (States(status="SUCCEEDED", output='{"outcome": "nothingPending"}'), "✓ nothing pending"),
            (States(status="FAILED", error="Lock.Held"), "✗ failed: Lock.Held"),
            (States(status="FAILED", error="Approval.Rejected"), "✗ rejected"),
            (States(status="FAILED", error="Approval.Expired"), "✗ expired"),
            (States(status="ABORTED"), "✗ stopped"),
            (States(status="TIMED_OUT"), "✗ timed out"),
            (States(PLANNED, waiting({"sent": True})), "⏸ waits for approval until 2026-01-01"),
            (States(PLANNED, [entered("Apply")]), "running (Apply)"),
        ],
    )
    def test_outcomes(self, monkeypatch, capsys, states, said):
        monkeypatch.setattr(Target, "client", lambda *_: states)
        monkeypatch.setattr(Target, "state_machine_arn", lambda *_: "machine")
        monkeypatch.setattr(runs, "find", lambda *_: Target("prod", "lockstep-migrations-prod"))
        assert runs.main(["prod"]) == 0
        heading, line = capsys.readouterr().out.splitlines()
        assert heading.split() == ["EXECUTION", "STARTED", "TOOK", "OUTCOME", "ASKED", "BY"]
        assert line.startswith("apply-1  ") and said in line and line.endswith("Starter/ann")
        assert heading.index("OUTCOME") == line.index(said)

    def test_names(self):
        assert runs.short("arn:aws:iam::111122223333:user/ann") == "ann"
        assert runs.short(BOB) == "Approver/bob@example.com"
        assert runs.short("arn:aws:iam::111122223333:root") == "root"
        assert runs.short("ann") == "ann"
