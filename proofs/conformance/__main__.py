"""Proves that a team can switch between Lockstep and its own migration tool on any day.

    python -m proofs.conformance                            everything, on PostgreSQL 18 to 15; CORPORA names real histories
    python -m proofs.conformance --sample                   the made histories and every scenario, on the stack's own PostgreSQL
    python -m proofs.conformance --only sqlx --scenario lock
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from proofs.conformance import proofs, report, scenarios
from proofs.conformance.scene import Scene
from proofs.harness import build, histories, install
from proofs.harness.histories import PRISMA, SQLX
from proofs.harness.server import Server
from scripts import setup
from scripts.signals import end_when_told


def main() -> int:
    arguments = _arguments()
    end_when_told()
    started = time.monotonic()
    majors = [arguments.postgresql] if arguments.postgresql else list(install.MAJORS)
    if arguments.sample and not arguments.postgresql:
        majors = [install.NEW]
    tools = [arguments.only] if arguments.only else [PRISMA, SQLX]
    try:
        install.npm(other_postgresql=majors != [install.NEW])
    except setup.SetupFailed as failure:
        sys.exit(f"conformance: {failure}")
    binaries = build.binaries("apply", "plan")
    # In a build of its own: together, the functions would be built again with the features that the oracle needs of sqlx.
    build.binaries("sqlx-oracle")
    lines: list[proofs.Line] = []
    ended: list[proofs.Ended] = []
    for major in majors:
        with Server(install.postgresql(major)) as server:
            for tool in tools:
                _prove(server, major, tool, binaries, arguments, lines, ended)
    print("\n" + report.render(lines, ended, _skipped()))
    print(f"\n{time.monotonic() - started:.0f} s")
    return int(not report.is_well(lines, ended))


def _prove(
    server: Server, major: int, tool: str, binaries: Path, arguments: argparse.Namespace,
    lines: list[proofs.Line], ended: list[proofs.Ended],
) -> None:
    with tempfile.TemporaryDirectory(prefix="lockstep-conformance-") as place:
        scene = Scene(server, tool, binaries, Path(place))
        try:
            if not arguments.scenario:
                made = histories.made(tool, scene.directory())
                for history in (made, *histories.real(tool, only_short=arguments.sample)):
                    lines.append(proofs.of_history(scene, history, major))
                    print(f"{time.strftime('%H:%M:%S')} {lines[-1].history} on PostgreSQL {major}", flush=True)
            for one in scenarios.of(tool):
                if arguments.scenario in one.about:
                    ended.append(proofs.of_scenario(scene, one, major))
                    print(f"{time.strftime('%H:%M:%S')} {report.scenario(ended[-1])}", flush=True)
        finally:
            scene.close()


def _skipped() -> list[str]:
    return [] if histories.corpora() else ["CORPORA names no directory of real histories: skipped"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m proofs.conformance", description=__doc__.splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="one major of PostgreSQL, and short real histories only")
    parser.add_argument("--only", choices=[PRISMA, SQLX], help="one tool")
    parser.add_argument("--postgresql", type=int, choices=install.MAJORS, help="one major of PostgreSQL")
    parser.add_argument("--scenario", default="", metavar="WORDS", help="only the scenarios with these words in their line")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
