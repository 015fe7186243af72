"""The points at which the faults once found a defect. Each defect was corrected, and must not come back."""

import pytest

from proofs.chaos import report
from proofs.chaos.points import Point
from proofs.chaos.server import Server
from proofs.chaos.sweep import Runner
from proofs.harness import build

SEED = 1

FOUND = {
    "success was reported and lost, with synchronous_commit off by default": (
        "last-create:crash-report-async@0", "last-drop:crash-report-async@0", "last-reindex:crash-report-async@0",
    ),
    "a cut off REINDEX CONCURRENTLY left an invalid index for ever": (
        "held-reindex:held-terminate@1", "held-reindex:held-cut@4", "held-reindex:held-kill@5",
    ),
    "a server that turned read-only was taken for a script that failed": ("own:read-only@10",),
    "waiting for others used up the time, and the script was blamed": ("held-detach:held-together@2",),
}


@pytest.fixture(scope="module")
def runner():
    with Server() as server:
        made = Runner(server, SEED, build.binaries("apply", "plan"))
        yield made
        made.close()


@pytest.mark.parametrize("what", FOUND)
def test_found_once_and_never_again(runner, what):
    points = [Point.parse(text) for text in FOUND[what]]
    sweep = runner.run(points, lambda _point, _result: None)
    tried = [(point, result) for point, result in sweep.results if point in points]
    findings = [
        line for point, result in tried if report.is_finding(point, result)
        for line in report.finding(sweep, point, result)
    ]
    assert not findings, "\n".join(findings)
    assert len(tried) == len(points) and all(result.reached for _, result in tried)
