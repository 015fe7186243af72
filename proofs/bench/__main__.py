"""Measures Lockstep beside other tools, and beside the limit that PostgreSQL itself sets.

    python -m proofs.bench              everything pending, nothing, one: on every history, in all surroundings
    python -m proofs.bench --profile    where the time of an attempt goes
    python -m proofs.bench --startup    how soon each function has started, and its size
    python -m proofs.bench --builds     the cost and the benefit of other release profiles, in some twenty minutes
    python -m proofs.bench --run        the duration and the cost of a whole run, on the local stack
    python -m proofs.bench --reports    the cost of a plan with its report
    python -m proofs.bench --bundles    the cost of a run on a bundle beside one on the layer, and of making a bundle
    python -m proofs.bench --limits     the largest report with the CPU of several memory sizes; as root; changes no page
    python -m proofs.bench --estimates  the error of the report's estimates, by this machine's speeds; --sizes adds 10000000
    python -m proofs.bench --queries    the queries of --only (or Lockstep) for --sizes, and their times; changes no page
    python -m proofs.bench --quick      two histories, no added round trip, in about a minute; changes no page
    python -m proofs.bench --check      whether the page was measured on the current sources: exit status 1 if not
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from proofs.bench import (
    build,
    builds,
    bundles,
    contenders,
    estimates,
    histories,
    limited,
    page,
    profile,
    queries,
    reports,
    startup,
    surroundings,
)
from proofs.bench.server import Server
from proofs.bench.speed import Repetitions, Speed, Surroundings
from scripts.signals import end_when_told

N = TypeVar("N")

SIZES = (3, 100, 434, 1_000)
RTTS = (0.0, 0.5, 1.0)

#: The typical time of a flush on a disk that is reached over a network.
FLUSH_MS = 1.0

REPETITIONS = Repetitions(short=5, long=3)
QUICK = Repetitions(short=3, long=1)


def main() -> int:
    arguments = _arguments()
    end_when_told()
    if arguments.check:
        return page.check()
    if arguments.startup:
        rows = startup.measure(build.binaries(), 20)
        page.keep("startup", {"about": _about(), "rows": rows})
    elif arguments.profile:
        content = profile.measure(build.binaries(), histories.generated((arguments.sizes or [434])[0], arguments.seed))
        print("\n".join(profile.show(content)))
        page.keep("profile", {"about": _about(), **content})
    elif arguments.reports:
        chosen = [histories.generated(size, arguments.seed) for size in arguments.sizes or (100, 1_000)]
        rows = reports.measure(build.binaries("plan").function("plan"), [*chosen, *histories.real()])
        page.keep("reports", {"about": _about(), "rows": rows})
    elif arguments.bundles:
        chosen = [histories.generated(size, arguments.seed) for size in arguments.sizes or (3, 434, 1_000)]
        content = bundles.measure(build.binaries(*bundles.STEPS, "cli"), chosen)
        page.keep("bundles", {"about": _about(), **content})
    elif arguments.estimates:
        content = estimates.measure(arguments.sizes or estimates.SIZES, _say)
        print("\n".join(estimates.show(content)))
        page.keep("estimates", {"about": _about(), **content})
    elif arguments.builds:
        page.keep("builds", {"about": _about(), "rows": builds.measure(_say)})
    elif arguments.limits:
        print("\n".join(limited.measure(build.binaries("plan").function("plan"))))
        return 0
    elif arguments.queries:
        return _queries(arguments)
    elif arguments.run:
        from proofs.bench import cost  # only here the local stack is needed

        page.keep("run", {"about": _about(), **cost.measure()})
    else:
        _speed(arguments)
        if _is_part(arguments):
            return 0
    page.write()
    return 0


def _speed(arguments: argparse.Namespace) -> None:
    about = _about()
    started = time.monotonic()
    binaries = build.binaries()
    build.tools()
    chosen, missing = [], {}
    for kind in contenders.ALL:
        if arguments.only and kind.key not in arguments.only:
            continue
        if why := kind.missing():
            missing[kind.key] = why
        else:
            chosen.append(kind)
    sizes = arguments.sizes or ((3, 100) if arguments.quick else SIZES)
    rtts = arguments.rtt if arguments.rtt is not None else ((0.0,) if arguments.quick else RTTS)
    everywhere = [Surroundings(rtt, 0) for rtt in rtts]
    if not arguments.quick:
        everywhere.append(Surroundings(rtts[len(rtts) // 2], FLUSH_MS))
    chosen_histories = [histories.generated(size, arguments.seed) for size in sizes]
    real = [] if arguments.quick or arguments.sizes else list(histories.real())
    with Server() as server:
        entrants = [kind(binaries, server.place) for kind in chosen]
        for number, directory in enumerate(arguments.other or []):
            entrants.append(contenders.OtherLockstep(replace(binaries, functions=directory), server.place, number))
        repetitions = QUICK if arguments.quick else REPETITIONS
        speed = Speed(server, binaries.mean("relay"), entrants, repetitions, arguments.seed, _say)
        flush = server.flush_ms()
        about |= {
            "PostgreSQL": f"{server.version}, its own settings",
            "fdatasync of 8 KiB": f"{flush[0]:.3f} ms (median of 200; {flush[1]:.3f} to {flush[2]:.3f})",
        } | {entrant.label: entrant.version() for entrant in entrants if entrant.version()}
        speed.look_at_round_trips(everywhere)
        try:
            speed.measure(chosen_histories + real, everywhere)
        except (KeyboardInterrupt, SystemExit):
            # The results until the interruption are as good as those of a complete run.
            about |= {"complete": "no, it was interrupted"}
    content = {
        "about": about | {"took": f"{(time.monotonic() - started) / 60:.0f} minutes"}, "seed": arguments.seed,
        "contenders": [{"key": one.key, "label": one.label, "note": one.note} for one in entrants],
        "missing": missing, "real": bool(real), **speed.results.as_json(),
    }
    print("\n".join(page.speed_tables(content)))
    if not _is_part(arguments):
        page.keep("speed", content)


def _is_part(arguments: argparse.Namespace) -> bool:
    """Returns whether the run measures only a part, or more than the page shows. Such results go on no page."""
    return bool(arguments.quick or arguments.only or arguments.other)


def _queries(arguments: argparse.Namespace) -> int:
    binaries = build.binaries()
    with Server() as server:
        for kind in contenders.ALL:
            if kind.key in (arguments.only or [contenders.Lockstep.key]) and not kind.guest_of:
                for size in arguments.sizes or (434,):
                    history = histories.generated(size, arguments.seed)
                    print("\n".join(queries.show(server, binaries.mean("relay"), kind(binaries, server.place), history)))
    return 0


def _about() -> dict[str, str]:
    return {"sources": surroundings.digest(), "commit": surroundings.commit(), **surroundings.of_machine()}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m proofs.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--startup", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--builds", action="store_true")
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--reports", action="store_true")
    parser.add_argument("--bundles", action="store_true")
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--estimates", action="store_true")
    parser.add_argument("--queries", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    keys = ", ".join(kind.key for kind in contenders.ALL)
    parser.add_argument("--only", type=_keys, metavar="CONTENDER,...", help=f"of {keys}; changes no page")
    parser.add_argument(
        "--other", type=Path, metavar="DIRECTORY", action="append",
        help="a directory with another build of apply and plan, to measure beside this one; changes no page",
    )
    parser.add_argument("--sizes", type=_numbers(int), metavar="N,...", help="generated histories of so many migrations, or with --estimates tables of so many rows")
    parser.add_argument("--rtt", type=_numbers(float), metavar="MS,...", help="round trips to add, in ms")
    parser.add_argument("--seed", type=int, default=1, help="decides the generated histories")
    return parser.parse_args()


def _keys(text: str) -> list[str]:
    known = {kind.key for kind in contenders.ALL}
    if unknown := set(text.split(",")) - known:
        raise argparse.ArgumentTypeError(f"not known: {', '.join(sorted(unknown))}")
    # The others are compared with the limit.
    return [contenders.Each.key, *text.split(",")]


def _numbers(kind: Callable[[str], N]) -> Callable[[str], list[N]]:
    def parse(text: str) -> list[N]:
        return [kind(part) for part in text.split(",")]

    return parse


if __name__ == "__main__":
    sys.exit(main())
