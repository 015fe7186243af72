"""How the definition splits a failed function's report: a cause for people, and the place of the script."""

import json

import pytest

from local import paths
from local.stepfunctions.expressions import evaluate

MACHINE = json.loads((paths.ROOT / "statemachine" / "migrate.asl.json").read_text())["States"]
DESCRIBE = MACHINE["DescribeFailure"]["Assign"]["failure"].removeprefix("{%").removesuffix("%}")
PAYLOADS = paths.ROOT / "functions" / "shared" / "tests" / "payloads"
#: The failure as it is in the record.
FAILURE = json.loads((PAYLOADS / "record_failed_script.json").read_text())["failure"]


def described(message, error=FAILURE["error"], caught=None):
    """Returns the variables assigned when a function failed with this message and this error name."""
    cause = json.dumps({"errorType": error, "errorMessage": message})
    output = {"Error": error, "Cause": cause}
    return evaluate(DESCRIBE, {"caught": {"step": "Apply", "error": caught or error, "output": output}})


def with_place(message, place):
    """Returns the message as the function writes it: the place is its last line."""
    return f"{message}\n{json.dumps(place, separators=(',', ':'), ensure_ascii=False)}"


def test_the_place_of_a_script_is_taken_out_of_the_message():
    assert described(with_place(FAILURE["cause"], FAILURE["place"])) == FAILURE


def test_a_message_of_several_lines_stays_whole():
    place = {"migration": 'a "b" \\ é', "line": 1}
    assert described(with_place("1_a is refused\n2_b is refused", place)) == {
        "error": "Migration.Failed", "cause": "1_a is refused\n2_b is refused", "step": "Apply", "place": place,
    }


LOOKS_LIKE_A_PLACE = '{"migration":'


@pytest.mark.parametrize("message", [
    "no", "two\nlines", 'it says {"migration":"1_a"}', "", LOOKS_LIKE_A_PLACE, f"a\n{LOOKS_LIKE_A_PLACE} is no place\nb",
])
def test_a_message_without_a_place_is_the_cause(message):
    assert described(message) == {"error": "Migration.Failed", "cause": message, "step": "Apply"}


def test_a_line_that_looks_like_a_place_hides_none():
    message = f"{LOOKS_LIKE_A_PLACE} is refused\n{LOOKS_LIKE_A_PLACE} too"
    assert described(with_place(message, FAILURE["place"])) == FAILURE | {"cause": message}


def test_only_a_failure_with_a_name_of_ours_has_a_place():
    message = with_place("no", FAILURE["place"])
    assert described(message, "Runtime.ExitError", "Step.Failed") == {
        "error": "Step.Failed", "cause": f"Runtime.ExitError: {message}", "step": "Apply",
    }


def test_what_is_no_report_is_the_cause_as_it_is():
    output = {"Error": "Lambda.Unknown", "Cause": 'killed\n{"migration":'}
    caught = {"step": "Apply", "error": "Step.Failed", "output": output}
    assert evaluate(DESCRIBE, {"caught": caught})["cause"] == 'Lambda.Unknown: killed\n{"migration":'
    assert evaluate(DESCRIBE, {"caught": caught | {"output": {"Error": "Sandbox.Timedout"}}})["cause"] == "Sandbox.Timedout"
