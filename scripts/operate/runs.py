"""scripts/runs: the recent runs of an environment, one a line."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from itertools import islice

from scripts.operate.arguments import PLACES, Parser, positive_integer
from scripts.operate.errors import EXPECTED, exit_code, explain
from scripts.operate.history import Described
from scripts.operate.position import Position
from scripts.operate.record import requested_by
from scripts.operate.target import Target, find
from scripts.operate.terminal import Terminal, local_time, plural, seconds
from scripts.operate.text import harmless
from scripts.wire.record import Known

_HEADINGS = ("EXECUTION", "STARTED", "TOOK", "OUTCOME", "ASKED BY")
_STYLES = {"SUCCEEDED": ("green",), "RUNNING": ("yellow",)}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = Parser(prog="scripts/runs", description="Lists the recent migration runs, the newest first.")
    parser.add_argument("environment", choices=PLACES)
    parser.add_argument("--limit", type=positive_integer, default=20, metavar="N", help="how many (20)")
    parser.add_argument("--project", help="the template's parameter Project (lockstep)")
    given = parser.parse_args(arguments)
    stack, region = given.environment, None
    try:
        target = find(given.environment, given.project)
        stack, region = target.stack, target.region
        runs = recent(target, given.limit)
    except EXPECTED as failure:
        Terminal(sys.stderr).line(f"scripts/runs: {explain(failure, stack, region)}", "red")
        return exit_code(failure)
    if runs:
        table(Terminal(), runs)
    else:
        Terminal().line(f"{target.stack} has had no runs", "dim")
    return 0


def recent(target: Target, limit: int) -> list[Described]:
    """Returns the newest executions as DescribeExecution gives them. A running one also has its `position`."""
    client = target.client("stepfunctions")
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=target.state_machine_arn(), PaginationConfig={"MaxItems": limit, "PageSize": min(limit, 100)}
    )
    found = islice((execution for page in pages for execution in page["executions"]), limit)
    runs = [client.describe_execution(executionArn=execution["executionArn"]) for execution in found]
    for run in runs:
        if run["status"] == "RUNNING":
            run["position"] = Position.read(client, run["executionArn"])
    return runs


def table(terminal: Terminal, runs: list[Described]) -> None:
    """Prints the runs in columns."""
    rows = [_HEADINGS, *(row(run) for run in runs)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(_HEADINGS))]
    styles = [("dim",), *(_STYLES.get(run["status"], ("red",)) for run in runs)]
    for cells, style in zip(rows, styles, strict=True):
        padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
        if style != ("dim",):
            padded[3] = terminal.paint(padded[3], *style)
        terminal.line("  ".join(padded).rstrip(), *(style if style == ("dim",) else ()))


def row(run: Described) -> tuple[str, ...]:
    """Returns one run's cells."""
    ended = run.get("stopDate") or datetime.now(UTC)
    took = seconds((ended - run["startDate"]).total_seconds())
    cells = (run["name"], local_time(run["startDate"]), took, outcome(run), short(requested_by(run)))
    # Escaped here, because the width of a column depends on the text as shown.
    return tuple(harmless(cell) for cell in cells)


def outcome(run: Described) -> str:
    """Returns how a run ended, or the state that it is in."""
    if run["status"] == "RUNNING":
        position = run.get("position") or Position()
        if position.waits:
            return f"⏸ waits for approval until {local_time(position.expires_at)}"
        return f"running ({position.state})" if position.state else "running"
    if run["status"] != "SUCCEEDED":
        ends = {"ABORTED": "stopped", "TIMED_OUT": "timed out"}
        known = {"Approval.Rejected": "rejected", "Approval.Expired": "expired"}
        return "✗ " + (ends.get(run["status"]) or known.get(run.get("error", "")) or f"failed: {run.get('error', '')}")
    told: Known = json.loads(run.get("output") or "{}")
    said = {"nothingPending": "nothing pending", "planned": "planned only"}
    if told.get("outcome") == "applied" and "apply" in told:
        return f"✓ {plural(told['apply']['applied'], 'migration')} applied"
    return f"✓ {said.get(told.get('outcome', ''), told.get('outcome', ''))}"


def short(who: str) -> str:
    """Returns a person's name without the account: `Approver/ann@example.com` for a session, `ann` for a user."""
    if not who.startswith("arn:"):
        return who
    resource = who.rsplit(":", 1)[1]
    return resource.partition("/")[2] or resource
