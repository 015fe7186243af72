"""What really crosses between the state machine, the functions and the command is of the types in `local/wire`."""

import json

from local.wire import approve, notify, record, steps
from local.wire.validation import validate

#: The type of what each state gives to its function, and of what it is answered.
TYPES: dict[str, tuple[type, type]] = {
    "Preflight": (steps.PreflightInput, steps.PreflightOutput),
    "Plan": (steps.PlanInput, steps.PlanOutput),
    "Approval": (notify.ApprovalRequested, record.Decision),
    "NotifyApproved": (notify.Approved, notify.NotifyOutput),
    "Apply": (steps.ApplyInput, steps.ApplyOutput),
    "NotifySuccess": (notify.Succeeded, notify.NotifyOutput),
    "NotifyFailure": (notify.Failed, notify.NotifyOutput),
}


def test_of_a_run_that_is_approved(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval({"requestedBy": "Ann", "commit": "abc123", "reason": "release 7"})
    validate(approve.Shown, prod.pending(execution))
    validate(approve.Decided, prod.decide(execution, digest, by="Bob", onBehalfOf="octocat"))
    validate(approve.Shown, prod.pending(execution))
    validate(record.Record, prod.wait(execution)["output"])
    assert validated(prod, execution) == set(TYPES) - {"NotifyFailure"}


def test_of_a_run_that_fails(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ();\nSELECT 1 / 0")
    execution = dev.run()["executionArn"]
    # Apply fails, so it has no answer.
    assert validated(dev, execution) == {"Preflight", "Plan", "NotifyFailure"}


def test_of_a_run_that_records_a_baseline(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    with dev.connection.connect() as session:
        session.execute("CREATE TABLE a ()")
    execution, digest = dev.start_and_wait_for_approval({"mode": "baseline", "upTo": "1_a", "requestedBy": "Ann"})
    validate(approve.Decided, dev.decide(execution, digest, by="Bob"))
    validate(record.Record, dev.wait(execution)["output"])
    assert validated(dev, execution) == set(TYPES) - {"NotifyFailure"}


def validated(case, execution):
    """Compares each payload of an execution with its type. Returns the states whose task was answered."""
    answered, state = set(), ""
    for event in case.stack.history(execution):
        if "stateEnteredEventDetails" in event:
            state = event["stateEnteredEventDetails"]["name"]
        if state not in TYPES:
            continue
        given, told = TYPES[state]
        if event["type"] == "TaskScheduled":
            validate(given, json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"])
        if event["type"] == "TaskSucceeded":
            output = json.loads(event["taskSucceededEventDetails"]["output"])
            # Only a function's own answer is wrapped in a payload; the answer to a task token is not.
            validate(told, output if state == "Approval" else output["Payload"])
            answered.add(state)
    return answered
