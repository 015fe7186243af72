"""Which answers to the waiting state count: the definition's own conditions, for answers of all kinds."""

import json
import random
from typing import Any

import pytest

from local import paths
from local.stepfunctions.expressions import evaluate

MACHINE = json.loads((paths.ROOT / "statemachine" / "migrate.asl.json").read_text())["States"]
#: An answer as the approve function writes it. That function's own tests check it against this file.
ANSWER = json.loads((paths.ROOT / "functions" / "shared" / "tests" / "payloads" / "decision.json").read_text())
RUN = {"plan": {"digest": ANSWER["digest"]}, "request": {"mode": "apply"}}

#: The values that each field may have instead. An answer with any other value is not the approve function's.
MAY_BE = {
    "decision": ["approved"],
    "digest": [ANSWER["digest"]],
    "identity": ["verified"],
    "by": ["arn:aws:iam::111122223333:user/bob"],
    "duties": ["roles", "names", "unchecked"],
    "onBehalfOf": ["hubot"],
    "reason": ["fine"],
    "at": ["2026-01-01T12:00:00.123456789Z"],
    "version": ["8", "12", "$LATEST"],
    "requestMailSent": [False],
}
OPTIONAL = ("onBehalfOf", "requestMailSent")
WRONG: list[Any] = [
    None, "", 1, 0, True, False, [], {}, ["approved"], ["verified"], ["roles"], "bogus", "Verified", "v1", "7 ", "x" * 64,
]


def state_after(answer, run=RUN):
    """Returns the state that follows an answer, and the variables assigned on the way."""
    variables = {"states": {"result": answer}}
    assigned = evaluate(inside(MACHINE["Approval"]["Assign"]["answer"]), variables)
    variables = {"run": run, "answer": assigned}
    for choice in MACHINE["Approved?"]["Choices"]:
        if evaluate(inside(choice["Condition"]), variables):
            run = evaluate(inside(choice["Assign"].get("run", "{% $run %}")), variables)
            failure = {
                name: evaluate(inside(value), variables) if value.startswith("{%") else value
                for name, value in choice["Assign"].get("failure", {}).items()
            }
            return choice["Next"], run, failure
    raise AssertionError("no rule fits")


def inside(expression):
    return expression.removeprefix("{%").removesuffix("%}")


def counts(answer, run=RUN):
    """Returns whether an answer is taken for the approve function's."""
    state, after, failure = state_after(answer, run)
    if state == "NotifyApproved":
        assert (after, failure) == (run | {"approval": answer}, {})
        return True
    assert state == "NotifyFailure"
    if failure["error"] == "Approval.Rejected":
        assert after == run | {"approval": answer}
        return True
    assert (failure["error"], failure["step"]) == ("Step.Failed", "Approval")
    assert "not one of the approve function's" in failure["cause"] and "approval" not in after
    return False


def test_an_approval_goes_on():
    assert state_after(ANSWER)[0] == "NotifyApproved"


def test_a_rejection_ends_the_run_and_names_who_rejected():
    state, run, failure = state_after(ANSWER | {"decision": "rejected"})
    assert (state, run["approval"]["decision"], failure["error"]) == ("NotifyFailure", "rejected", "Approval.Rejected")
    said = f"Rejected by {ANSWER['by']} (verified), on behalf of octocat (claimed): looks right"
    assert failure["cause"] == said


def test_a_name_that_is_claimed():
    assert counts(ANSWER | {"identity": "claimed", "by": "bob"})
    assert not counts(ANSWER | {"identity": "verified", "by": "bob"})
    assert not counts(ANSWER | {"identity": "claimed", "by": ""})


def is_free(field, value):
    """Returns whether any value of this kind is accepted."""
    if field == "requestMailSent":
        return isinstance(value, bool)
    return isinstance(value, str) and (field == "onBehalfOf" or (field == "reason" and value != ""))


@pytest.mark.parametrize("decision", ["approved", "rejected"])
@pytest.mark.parametrize("field", MAY_BE)
def test_each_field_by_its_value(field, decision):
    answer = ANSWER | {"decision": decision}
    if field != "decision":
        for value in MAY_BE[field]:
            assert counts(answer | {field: value}), value
    for value in WRONG:
        if not is_free(field, value):
            assert not counts(answer | {field: value}), value
    without = {name: value for name, value in answer.items() if name != field}
    assert counts(without) is (field in OPTIONAL)


def test_the_answer_to_another_plan():
    assert not counts(ANSWER | {"digest": "0" * 64})
    assert not counts(ANSWER, RUN | {"plan": {"digest": "0" * 64}})
    # Two missing values do not count as equal values.
    without = {name: value for name, value in ANSWER.items() if name != "digest"}
    assert not counts(without, RUN | {"plan": {}})


@pytest.mark.parametrize("answer", [None, "approved", 1, True, [], {}, [ANSWER], [ANSWER, ANSWER], {"approval": ANSWER}, "{}"])
def test_an_answer_that_is_no_decision(answer):
    assert not counts(answer)


def test_whatever_is_answered_ends_in_one_of_the_two_ways():
    """Each condition has a value for any answer. An error in a condition would end the run without a mail."""
    generator = random.Random(7)
    taken = 0
    for _ in range(400):
        answer = dict(ANSWER, decision=generator.choice(["approved", "rejected"]))
        for _ in range(generator.randrange(4)):
            field = generator.choice([*MAY_BE, "more"])
            answer[field] = generator.choice([*MAY_BE.get(field, ["x"]), *WRONG])
        taken += counts(answer)
    assert 50 < taken < 350
