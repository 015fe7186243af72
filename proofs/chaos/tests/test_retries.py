"""The retries are those of the definition."""

import random

from proofs.chaos import retries
from proofs.chaos.retries import Retrier, Retries


def test_apply_retries_what_the_definition_says():
    policy = retries.of_state("Apply")
    errors = frozenset().union(*(retrier.errors for retrier in policy))
    assert {"Database.ConnectionClosed", "Lock.Held", "Lock.Timeout", "Runtime.ExitError"} <= errors
    assert not {"Migration.Failed", "Migration.InDoubt", "Plan.Changed"} & errors


def test_each_retrier_counts_its_own_and_gives_up():
    policy = [Retrier(frozenset({"a"}), 1, 2, 2, 30), Retrier(frozenset({"b", "c"}), 1, 2, 1, 30)]
    retrying = Retries(policy, random.Random(1))
    tried = [retrying.wait(error) is not None for error in ("a", "b", "a", "c", "a", "unknown")]
    assert tried == [True, True, True, False, False, False]


def test_waits_grow_to_their_longest_and_have_full_jitter():
    retrier = Retrier(frozenset({"a"}), 1, 2, 10, 30)
    assert [retrier.wait(retry) for retry in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    waits = [Retries([retrier], random.Random(seed), scale=1).wait("a") for seed in range(50)]
    ordered = sorted(wait for wait in waits if wait is not None)
    assert len(ordered) == 50 and 0 <= ordered[0] < 0.2 and 0.8 < ordered[-1] <= 1
