"""Where an execution is, after each step of its history."""

from __future__ import annotations

from datetime import UTC, datetime

from scripts.operate.history import Step
from scripts.operate.position import Position
from scripts.wire.record import Notification, Place
from scripts.wire.steps import PlanOutput

AT = datetime(2026, 1, 1, tzinfo=UTC)
PLAN: PlanOutput = {
    "digest": "d1", "baseRows": 0, "pending": 0, "alreadyApplied": 0, "migrations": [], "omitted": 0, "warnings": [],
}
SENT: Notification = {"sent": True}
PLANNED = Step("succeeded", AT, "Plan", result=PLAN)
WAITING = Step("waiting", AT, "Approval", result=SENT, expires_at="2026-01-02T00:00:00Z")


def after(*steps: Step) -> Position:
    position = Position()
    for step in steps:
        position.take(step)
    return position


def test_it_waits_on_the_plan_until_the_task_ends() -> None:
    position = after(Step("entered", AT, "Plan"), PLANNED, Step("entered", AT, "Approval"))
    assert (position.state, position.waits, position.plan) == ("Approval", False, PLAN)
    position.take(WAITING)
    assert (position.waits, position.expires_at, position.request_mail) == (True, WAITING.expires_at, SENT)
    for ends in ("succeeded", "failed"):
        ended = after(PLANNED, WAITING, Step(ends, AT, "Approval"))
        assert (ended.waits, ended.expires_at, ended.request_mail, ended.plan) == (False, "", None, PLAN)


def test_one_that_asks_again_waits_again() -> None:
    again = after(WAITING, Step("failed", AT, "Approval"), Step("retried", AT, "Approval"))
    assert not again.waits
    again.take(WAITING)
    assert again.waits


def test_the_place_of_a_failure_stays_known() -> None:
    place: Place = {"migration": "1_a", "line": 3}
    ended = after(Step("failed", AT, "Apply", place=place), Step("entered", AT, "NotifyFailure"))
    assert (ended.place, ended.state) == (place, "NotifyFailure")
