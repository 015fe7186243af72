"""Wrong input is refused before anything else is checked, with the field's name."""

import pytest

WRONG = {
    "unknown field": ('{"upto": "1_a"}', "upto: no such field"),
    "unknown mode": ('{"mode": "dry"}', "mode: give"),
    "mode of a wrong type": ('{"mode": true}', "mode: give"),
    "upTo of a wrong type": ('{"upTo": 1}', "upTo: is a number"),
    "reason of a wrong type": ('{"reason": ["a"]}', "reason: is a list"),
    "requireApproval of a wrong type": ('{"requireApproval": "no"}', "requireApproval: is a text"),
    "nothing where a text belongs": ('{"commit": null}', "commit: is null"),
    "several lines": (r'{"requestedBy": "Ann\nLee"}', "requestedBy: holds a line break"),
    "a list": ("[]", "input: is a list"),
    "a text": ('"apply"', "input: is a text"),
    "upTo that does not exist": ('{"upTo": "9_missing"}', "upTo: there is no migration"),
}


@pytest.mark.anywhere
@pytest.mark.parametrize("what", WRONG)
def test_wrong_input(deployed, what):
    given, told = WRONG[what]
    run = deployed.run(given)
    assert (run["status"], run["error"]) == ("FAILED", "Config.Invalid")
    assert run["cause"].startswith(told)
    assert "Apply" not in deployed.entered(run["executionArn"])
