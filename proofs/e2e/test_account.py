"""Which stacks of an AWS account the tests may touch."""

from unittest.mock import MagicMock

import pytest

from proofs.e2e.account import Account, NotThrowAway

STACK = {
    "Parameters": [{"ParameterKey": "DatabaseInstance", "ParameterValue": "app"}],
    "Outputs": [{"OutputKey": "StateMachineArn", "OutputValue": "machine"}],
}


def account(monkeypatch, tags):
    answers = MagicMock()
    answers.describe_stacks.return_value = {"Stacks": [STACK]}
    answers.describe_db_instances.return_value = {"DBInstances": [tags]}
    monkeypatch.setattr(Account, "client", lambda *_: answers)
    return Account()


def test_a_database_that_may_be_thrown_away_is_migrated(monkeypatch):
    found = account(monkeypatch, {"TagList": [{"Key": "throw-away", "Value": "true"}]}).find("lockstep-migrations-dev")
    assert (found.environment, found.state_machine_arn) == ("dev", "machine")


@pytest.mark.parametrize("tags", [{}, {"TagList": []}, {"TagList": [{"Key": "throw-away", "Value": "false"}]}])
def test_any_other_database_is_left_alone(monkeypatch, tags):
    with pytest.raises(NotThrowAway, match="the instance app is not tagged throw-away=true"):
        account(monkeypatch, tags).find("lockstep-migrations-prod")
