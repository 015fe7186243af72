"""The cost of a plan with its report: time, memory, the size in the state machine and the size in the bucket."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

from proofs.bench import function
from proofs.bench.contenders import ContenderFailed
from proofs.bench.histories import History, Layouts
from proofs.bench.server import Address, Server
from proofs.harness.payloads import plan_input

TIMES = 3

#: The database for which a history is planned.
EMPTY, GROWN = "an empty database", "the database that it made"

RENDERINGS = ("json", "md", "html")


def measure(plan: Path, histories: Iterable[History]) -> list[dict[str, Any]]:
    """Returns a row for each history and database."""
    with Server() as server:
        return [row for number, history in enumerate(histories) for row in _rows(server, plan, history, number)]


def _rows(server: Server, plan: Path, history: History, number: int) -> list[dict[str, Any]]:
    layouts, database = Layouts(history, server.place / f"reports-{number}"), f"reports_{number}"
    server.create(database)
    address = server.address(database, server.port)
    rows = [_row(plan, layouts, address, EMPTY)]
    # Without a ledger all migrations are still pending, and the report covers the most tables.
    with psycopg.connect(address.url, autocommit=True) as session:
        for script, _ in layouts.scripts():
            session.execute(script.text)
        session.execute("ANALYZE")
    rows.append(_row(plan, layouts, address, GROWN))
    server.drop(database)
    return rows


def _row(plan: Path, layouts: Layouts, address: Address, on: str) -> dict[str, Any]:
    runs = [_run(plan, layouts, address) for _ in range(TIMES)]
    return {
        "history": layouts.history.name, "on": on, "verdict": runs[0].output["report"]["verdict"],
        "invocation_ms": statistics.median(run.invocation for run in runs),
        "cpu_ms": statistics.median(run.cpu_ms for run in runs),
        "peak_mb": max(run.peak_kb for run in runs) / 1024,
        "payload_bytes": max(run.output_bytes for run in runs),
        **{f"{ending}_bytes": max(run.stored[f"report.{ending}"] for run in runs) for ending in RENDERINGS},
    }


def _run(plan: Path, layouts: Layouts, address: Address) -> function.Run:
    # In sqlx's layout, because Prisma's has no plan for a database with tables and no ledger.
    log = layouts.sqlx.parent / "plan.log"
    given = plan_input("bench:run", "db-BENCH")
    run = function.run(plan, given, address.secret, layouts.sqlx, log, 60, REPORTS_BUCKET="reports")
    if run.error or "report" not in run.output:
        raise ContenderFailed(f"plan of {layouts.history.name}: {run.error or run.output['warnings'][0]}")
    return run
