"""The cost of a bundle: its making, and a run on it beside a run on the layer."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.wire.request import Request
from local.wire.steps import PlanInput
from proofs.bench import function
from proofs.bench.build import Binaries
from proofs.bench.contenders import ContenderFailed
from proofs.bench.histories import History, Layouts
from proofs.bench.server import Server
from proofs.harness.payloads import apply_input, plan_input

TIMES = 9

LAYER, BUNDLE = "layer", "bundle"

STEPS = ("preflight", "plan", "apply")


@dataclass(frozen=True)
class Bundle:
    """A bundle that was made."""

    digest: str
    content: bytes
    make_ms: float


def measure(binaries: Binaries, histories: Iterable[History]) -> dict[str, list[dict[str, Any]]]:
    """Returns a row for each history that was made a bundle, and one for each of its steps and places."""
    bundles, runs = [], []
    with Server() as server:
        for number, history in enumerate(histories):
            place = server.place / f"bundles-{number}"
            layouts = Layouts(history, place)
            made = [_made(binaries, layouts, place / f"{turn}.zip") for turn in range(TIMES)]
            bundles.append({
                "history": history.name, "scripts": len(history.scripts), "bytes": len(made[0].content),
                "make_ms": statistics.median(one.make_ms for one in made),
            })
            runs += _runs(server, binaries, layouts, made[0], f"bundles_{number}")
    return {"bundles": bundles, "runs": runs}


def _made(binaries: Binaries, layouts: Layouts, file: Path) -> Bundle:
    started = time.perf_counter()
    told = subprocess.run(
        [binaries.function("lockstep"), "bundle", "make", layouts.prisma, "--output", file, "--json"],
        check=True, capture_output=True, text=True,
    )
    took = (time.perf_counter() - started) * 1000
    return Bundle(json.loads(told.stdout)["digest"], file.read_bytes(), took)


def _runs(server: Server, binaries: Binaries, layouts: Layouts, bundle: Bundle, database: str) -> list[dict[str, Any]]:
    """Measures each step on the database to which all is applied, so that what differs is where the scripts come from."""
    server.create(database)
    secret = server.address(database, server.port).secret
    log = layouts.prisma.parent / "functions.log"

    def run(step: str, given: Mapping[str, object]) -> function.Run:
        done = function.run(
            binaries.function(step), given, secret, layouts.prisma, log, 600, {f"{bundle.digest}.zip": bundle.content},
            REPORTS_BUCKET="reports",
        )
        if done.error:
            raise ContenderFailed(f"{step} of {layouts.history.name}: {done.error}")
        return done

    def inputs(source: str) -> dict[str, Mapping[str, object]]:
        request: Request = {"mode": "apply", "requireApproval": False}
        if source == BUNDLE:
            request["bundle"] = bundle.digest
        given: PlanInput = plan_input("bench:run", "db-BENCH", request)
        planned = run("plan", given).output
        return {
            "preflight": {**given, "input": request, "planOnly": False}, "plan": given, "apply": apply_input(given, planned),
        }

    run("apply", inputs(LAYER)["apply"])
    of = {source: inputs(source) for source in (LAYER, BUNDLE)}
    taken: dict[tuple[str, str], list[function.Run]] = {(step, source): [] for step in STEPS for source in of}
    for _ in range(TIMES):
        for (step, source), runs in taken.items():
            runs.append(run(step, of[source][step]))
    server.drop(database)
    return [
        {
            "history": layouts.history.name, "step": step, "from": source,
            "invocation_ms": statistics.median(run.invocation for run in runs),
            "cpu_ms": statistics.median(run.cpu_ms for run in runs),
            "peak_mb": statistics.median(run.peak_kb for run in runs) / 1024,
        }
        for (step, source), runs in taken.items()
    ]
