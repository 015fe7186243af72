"""The duration and the cost of a whole run, counted on the local stack: real state machine, real function binaries.

The stack's functions are built without optimisation; here they are replaced by the release builds for AWS.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from local import build as local_build
from local import paths
from local.stack import Stack
from proofs.bench import build, histories, startup
from proofs.bench.histories import Layouts
from proofs.harness.case import Case
from scripts.dist.targets import FUNCTIONS

#: Prices in USD: a state transition of Step Functions after its free ones per month, and Lambda's GB-second and million
#: requests, without Lambda's free tier.
TRANSITION, FREE_TRANSITIONS = 0.000025, 4_000
GB_SECOND = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
REQUEST = 0.20 / 1_000_000

RUNS = (100, 1_000)
SIZE = 1_000

COUNTED = (
    "Counted on the local stack, in dev, with TLS and the release binaries. A transition is a state that was entered. An "
    "invocation's billed time is the function's start (measured anew with this) and its duration by its own log, together "
    "rounded up to a ms; every function is taken to start cold, as it does for rare runs, but for a second invocation "
    "within one run. The durations are of a whole core of this machine: at 512 MB Lambda gives 0.29 of one, so what of them "
    "is computing takes longer there, and a distant database takes longer too. The secret comes from an emulator."
)

PRICES = (
    "Prices: USD 0.000025 a state transition after 4,000 free ones a month; USD 0.0000133334 (arm64) or 0.0000166667 "
    "(x86_64) a GB-second and 0.20 a million requests, without Lambda's free tier. Notifications, logs and the endpoint "
    "are apart."
)

BEFORE = (
    "For comparison, a given figure, not measured here: the Node function that Lockstep replaces took about 0.9 s and "
    "144 MB from cold with three migrations pending."
)


def measure() -> dict[str, Any]:
    """Measures runs with nothing, one and everything pending. Returns the results."""
    binaries = build.binaries()
    starts = {row["function"]: row["first_poll_ms"]["median"] for row in startup.measure(binaries, 10)}
    memory = _memory()
    rows = []
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as place:
        layouts = Layouts(histories.generated(SIZE, 1), Path(place))
        with _stack(binaries) as stack:
            case = Case(stack, stack.deploy("dev", project="bench"), layouts.prisma)
            try:
                rows.append(_row(f"{SIZE:,} pending", case, starts, memory))
                rows.append(_row("nothing pending", case, starts, memory))
                layouts.add()
                rows.append(_row("one pending", case, starts, memory))
            finally:
                case.close()
    return {"notes": [COUNTED, "", PRICES, "", BEFORE], "runs": RUNS, "rows": rows}


def _stack(binaries: build.Binaries) -> Stack:
    """Returns a stack whose packages are the ordinary ones except for the binaries."""
    local_build.build(_say)
    packages = paths.LOCAL / "bench-build"
    shutil.rmtree(packages, ignore_errors=True)
    shutil.copytree(local_build.BUILD, packages)
    for name in FUNCTIONS:
        shutil.copy(binaries.function(name), packages / name)
        local_build.pack(packages / name)
    local_build.TEMPLATE = packages / local_build.TEMPLATE.name
    return Stack(paths.LOCAL / "bench", say=_say)


def _row(name: str, case: Case, starts: dict[str, float], memory: dict[str, int]) -> dict[str, Any]:
    """Measures one run. Returns its row: the states that it entered, and the time of each function."""
    earlier = {step: len(_durations(case, step)) for step in memory}
    ended = case.run(seconds=600)
    if ended["status"] != "SUCCEEDED":
        raise RuntimeError(f"the run ended as {ended['status']}: {ended.get('cause', '')}")
    case.mails()  # waits for the functions that still send mails
    billed = {}
    for step in memory:
        durations = _durations(case, step)[earlier[step]:]
        started = [starts[step], *[0.0] * len(durations)]
        if durations:
            billed[step] = [math.ceil(start + duration) for start, duration in zip(started, durations, strict=False)]
    transitions = len(case.entered(ended["executionArn"]))
    invocations = sum(map(len, billed.values()))
    gb_seconds = sum(memory[step] / 1024 * sum(times) / 1000 for step, times in billed.items())
    usd = {
        architecture: [
            max(0, transitions * runs - FREE_TRANSITIONS) * TRANSITION + runs * (invocations * REQUEST + gb_seconds * price)
            for runs in RUNS
        ]
        for architecture, price in GB_SECOND.items()
    }
    return {
        "case": name, "transitions": transitions, "invocations": invocations, "billed": billed,
        "billed_ms": sum(map(sum, billed.values())), "gb_seconds": gb_seconds, "usd": usd,
        "wall_ms": (ended["stopDate"] - ended["startDate"]).total_seconds() * 1000,
    }


def _durations(case: Case, step: str) -> list[float]:
    """Returns the duration of each of a function's invocations, from its log."""
    lines = [line for line in case.stack.log_lines(case.deployment, step) if '"step done"' in line]
    return [float(json.loads(line)["duration_ms"]) for line in lines]


def _memory() -> dict[str, int]:
    """Returns the memory of each function in MB."""
    resources = _template(paths.TEMPLATE)["Resources"].values()
    functions = [resource for resource in resources if resource["Type"] == "AWS::Serverless::Function"]
    return {
        function["Metadata"]["BuildProperties"]["Binary"]: function["Properties"]["MemorySize"] for function in functions
    }


def _template(file: Path) -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short functions as their values."""

    Loader.add_multi_constructor("!", lambda loader, _, node: getattr(node, "value", None))
    return yaml.load(file.read_text(), Loader)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
