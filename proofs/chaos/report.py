"""The table of the tried faults, and every finding with the command that repeats it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from proofs.chaos.cases import Result
from proofs.chaos.faults import FAULTS
from proofs.chaos.points import Point
from proofs.chaos.sweep import Sweep
from proofs.harness import compare

#: The cases in which PostgreSQL leaves no trace of the statement. There a run rightly stops in doubt and asks a person.
WITHOUT_EVIDENCE = ("held-unnamed", "last-unnamed")

HEAD = (
    f"{'fault':<20}{'points':>7}{'recovered':>11}{'lost':>6}{'doubled':>9}{'in doubt':>10}{'other':>7}{'new runs':>10}"
    f"{'median s':>10}{'worst s':>9}  what it is"
)


@dataclass
class Line:
    """The results of one kind of fault."""

    points: int = 0
    #: The number of points at which something failed and all ended well nevertheless. At the others the fault had no effect.
    recovered: int = 0
    not_reached: int = 0
    lost: int = 0
    doubled: int = 0
    other: int = 0
    doubt: int = 0
    right_doubt: int = 0
    new_runs: int = 0
    seconds: list[float] = field(default_factory=list)


def may_doubt(point: Point) -> bool:
    """Returns whether doubt is right at a point."""
    return point.case in WITHOUT_EVIDENCE


def is_finding(point: Point, result: Result) -> bool:
    """Returns whether the result at a point is a defect."""
    return bool(result.differences) or (result.in_doubt and not may_doubt(point))


def lines(sweep: Sweep) -> dict[str, Line]:
    """Returns the table's lines, by fault."""
    table: dict[str, Line] = {}
    for point, result in sweep.results:
        line = table.setdefault(point.fault, Line())
        if not result.reached:
            line.not_reached += 1
        else:
            line.points += 1
            line.seconds.append(result.seconds)
        kinds = {difference.kind for difference in result.differences}
        line.lost += compare.LOST in kinds
        line.doubled += compare.DOUBLED in kinds
        line.other += compare.OTHER in kinds
        if result.in_doubt:
            line.right_doubt += may_doubt(point)
            line.doubt += not may_doubt(point)
        failed = any(ending.failures for ending in result.endings)
        line.recovered += failed and not result.differences and not result.in_doubt
        line.new_runs += sum(ending.runs - 1 for ending in result.endings)
    return {fault: table[fault] for fault in FAULTS if fault in table}


def render(sweep: Sweep) -> str:
    """Returns the whole report on a sweep."""
    table = lines(sweep)
    tried = sum(line.points for line in table.values())
    out = [
        f"Seed {sweep.seed}: {len(sweep.histories)} histories, {sweep.migrations} migrations, {tried} fault points",
        *([sweep.skipped] if sweep.skipped else []), "",
        HEAD,
    ]
    for fault, line in table.items():
        out.append(_row(fault, line, FAULTS[fault].about))
    whole = Line()
    for line in table.values():
        for name in (
            "points", "recovered", "not_reached", "lost", "doubled", "other", "doubt", "right_doubt", "new_runs",
        ):
            setattr(whole, name, getattr(whole, name) + getattr(line, name))
        whole.seconds += line.seconds
    out += [_row("all", whole, ""), ""]
    if whole.right_doubt:
        out.append(
            f"In doubt as it should be, since PostgreSQL keeps no trace of the statement: {whole.right_doubt} (the number "
            "behind the plus sign)"
        )
    if whole.not_reached:
        out.append(f"Points that the run was over before: {whole.not_reached} (not counted)")
    found = [(point, result) for point, result in sweep.results if is_finding(point, result)]
    out.append("Nothing lost, nothing doubled, no doubt without need." if not found else f"{len(found)} finding(s):")
    for point, result in sorted(found, key=lambda item: item[0]):
        out += ["", *finding(sweep, point, result)]
    return "\n".join(out)


def finding(sweep: Sweep, point: Point, result: Result) -> list[str]:
    """Returns the lines about one finding, with the command that repeats it."""
    case, side = sweep.cases[point.case], FAULTS[point.fault].side
    out = [f"{point}  ({FAULTS[point.fault].about})"]
    if side:
        out.append(f"  during: {case.during(side, point.index)}")
    out += [f"  {difference.kind}: {difference.what[:300]}" for difference in result.differences[:6]]
    if len(result.differences) > 6:
        out.append(f"  and {len(result.differences) - 6} more differences")
    for ending in result.endings:
        out.append(f"  {ending.runs} run(s), failures {ending.failures[:12]}, ended with {ending.error or 'success'}")
        if ending.error:
            out.append(f"    {ending.message[:300]}")
    out.append(f"  again: make chaos SEED={sweep.seed} POINT={point}")
    return out


def _row(fault: str, line: Line, about: str) -> str:
    median = f"{statistics.median(line.seconds):.2f}" if line.seconds else "-"
    worst = f"{max(line.seconds):.2f}" if line.seconds else "-"
    doubt = f"{line.doubt}+{line.right_doubt}" if line.right_doubt else str(line.doubt)
    return (
        f"{fault:<20}{line.points:>7}{line.recovered:>11}{line.lost:>6}{line.doubled:>9}{doubt:>10}{line.other:>7}"
        f"{line.new_runs:>10}{median:>10}{worst:>9}  {about}"
    ).rstrip()
