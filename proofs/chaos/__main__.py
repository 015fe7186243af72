"""Tries faults. Fails if a fault lost or doubled anything, or left a run in doubt without need.

    python -m proofs.chaos                                  everything, in about a quarter of an hour
    python -m proofs.chaos --sample                         some of everything, in about two minutes
    python -m proofs.chaos --seed 7 --only own:cut-server@31
    python -m proofs.chaos --seed 7 --wrong-reader soup-17@last
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from local import paths
from proofs.chaos import report, wrong_reader
from proofs.chaos.cases import Result
from proofs.chaos.points import Point
from proofs.chaos.runs import keep_logs
from proofs.chaos.server import Server
from proofs.chaos.sweep import FULL, SAMPLE, Runner
from proofs.harness import build
from scripts.signals import end_when_told

#: The directory of the last sweep's report and of the functions' logs.
PLACE = paths.LOCAL / "chaos"


def main() -> int:
    arguments = _arguments()
    end_when_told()
    PLACE.mkdir(parents=True, exist_ok=True)
    binaries = build.binaries("apply", "plan")
    started = time.monotonic()
    if arguments.wrong_reader:
        scripts = [wrong_reader.pick(arguments.seed, id_) for id_ in arguments.wrong_reader]
        return _wrong_reader(arguments.seed, scripts, binaries)
    with Server() as server:
        runner = Runner(server, arguments.seed, binaries)
        try:
            if arguments.only:
                chosen = arguments.only * arguments.repeat
            else:
                chosen = runner.choose(SAMPLE if arguments.sample else FULL)
            sweep = runner.run(chosen, _Progress(len(chosen)))
        finally:
            runner.close()
            keep_logs(server, PLACE)
    text = report.render(sweep)
    (PLACE / "report.txt").write_text(text + "\n")
    print(f"\n{text}\n\n{time.monotonic() - started:.0f} s; this report and the functions' logs are in {PLACE}")
    found = any(report.is_finding(point, result) for point, result in sweep.results)
    if not arguments.only:
        soups = wrong_reader.SAMPLE if arguments.sample else wrong_reader.FULL
        found |= bool(_wrong_reader(arguments.seed, wrong_reader.scripts(arguments.seed, soups), binaries))
    return int(found)


def _wrong_reader(seed: int, chosen: list[wrong_reader.Script], binaries: Path) -> int:
    """Tries scripts with the reader that is wrong on purpose, and prints the result. Returns the exit status."""
    started = time.monotonic()
    with Server() as server:
        try:
            tally = wrong_reader.tried(server, binaries, chosen, lambda finding: print(finding, flush=True))
        finally:
            keep_logs(server, PLACE)
    text = wrong_reader.render(tally, seed)
    (PLACE / "wrong-reader.txt").write_text(text + "\n")
    print(f"\n{text}\n\n{time.monotonic() - started:.0f} s")
    return int(bool(tally.findings))


class _Progress:
    """Prints a line now and then, and each finding at once."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0
        self._started = time.monotonic()

    def __call__(self, point: Point, result: Result) -> None:
        self._done += 1
        if report.is_finding(point, result):
            what = "; ".join(difference.what for difference in result.differences[:2]) or "in doubt"
            print(f"finding: {point}: {what[:200]}", flush=True)
        if self._done % 100 == 0:
            print(f"{self._done} of {self._count} points, {time.monotonic() - self._started:.0f} s", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m proofs.chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="decides histories and points")
    parser.add_argument("--sample", action="store_true", help="some of everything")
    parser.add_argument("--only", type=_point, action="append", help="one point, as a finding names it")
    parser.add_argument("--wrong-reader", action="append", metavar="NAME@PLACE", help="one script of those, as a finding names it")
    parser.add_argument("--repeat", type=int, default=1, help="how often to try what --only names")
    return parser.parse_args()


def _point(text: str) -> Point:
    try:
        return Point.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
