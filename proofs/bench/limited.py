"""Measures whether the plan function reports on the largest plan in time, with the CPU that a function's memory brings.

Lambda gives a function of 1,769 MB one CPU, and a smaller one the same fraction of it. Here a control group limits the
CPU, which requires root.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.wire.steps import Secret
from proofs.bench import function
from proofs.bench.histories import History, Layouts, Script
from proofs.bench.server import Server
from proofs.harness.payloads import plan_input

#: The memory, in MB, that brings one CPU.
OF_A_CPU = 1_769

MEMORIES = (512, 1_024, OF_A_CPU)

#: The template's timeout of the plan function, in seconds.
TIMEOUT = 60

#: The largest number of statements that `functions/plan/src/analyse.rs` reports on.
STATEMENTS = 20_000

_OF_A_TABLE = (
    "CREATE TABLE t{0} (id bigint PRIMARY KEY, note text NOT NULL, at timestamptz);",
    "ALTER TABLE t{0} ADD COLUMN more text;",
    "CREATE INDEX ON t{0} (note);",
    "UPDATE t{0} SET more = note WHERE id > 7;",
    "ALTER TABLE t{0} ALTER COLUMN more SET NOT NULL;",
)
_TABLES_OF_A_SCRIPT = 20

_GROUPS = Path("/sys/fs/cgroup")
_PERIOD = 20_000


def measure(plan: Path) -> list[str]:
    """Returns a line for each size of memory."""
    with Server() as server:
        layouts = Layouts(_history(), server.place / "limited")
        server.create("limited")
        secret = server.address("limited", server.port).secret
        return [_line(plan, layouts.sqlx, secret, memory) for memory in MEMORIES]


def _history() -> History:
    tables = STATEMENTS // len(_OF_A_TABLE)
    starts = range(0, tables, _TABLES_OF_A_SCRIPT)
    texts = [
        "\n".join(line.format(table) for table in range(start, start + _TABLES_OF_A_SCRIPT) for line in _OF_A_TABLE)
        for start in starts
    ]
    return History("limited", tuple(Script(f"tables_{number}", text) for number, text in enumerate(texts)))


def _line(plan: Path, migrations: Path, secret: Secret, memory: int) -> str:
    with _limited(plan, memory / OF_A_CPU) as limited:
        log = migrations.parent / "plan.log"
        given = plan_input("bench:run", "db-BENCH")
        run = function.run(limited, given, secret, migrations, log, TIMEOUT, REPORTS_BUCKET="reports")
    outcome = run.error or ("a report" if "report" in run.output else run.output["warnings"][0])
    return (
        f"{memory} MB: {outcome}, in {run.invocation / 1000:.1f} s; CPU {run.cpu_ms / 1000:.1f} s, "
        f"peak {run.peak_kb / 1024:.0f} MB"
    )


@contextmanager
def _limited(binary: Path, share: float) -> Iterator[Path]:
    """Yields a program that starts the binary in a control group with this share of one CPU."""
    unified = (_GROUPS / "cgroup.controllers").exists()
    group = (_GROUPS if unified else _GROUPS / "cpu") / f"lockstep-bench-{os.getpid()}"
    group.mkdir()
    try:
        quota = round(share * _PERIOD)
        # The largest weight, so that the group gets its share beside any other process.
        settings = (
            {"cpu.max": f"{quota} {_PERIOD}", "cpu.weight": "10000"} if unified
            else {"cpu.cfs_period_us": _PERIOD, "cpu.cfs_quota_us": quota, "cpu.shares": 262_144}
        )
        for setting, value in settings.items():
            (group / setting).write_text(str(value))
        starter = binary.with_name(f"limited-{os.getpid()}")
        starter.write_text(f"#!/bin/sh\necho $$ > {group}/cgroup.procs\nexec {binary}\n")
        starter.chmod(0o755)
        try:
            yield starter
        finally:
            starter.unlink()
    finally:
        group.rmdir()
