"""The report: a table of the histories, a line for each scenario, and every mismatch."""

from __future__ import annotations

from proofs.conformance.proofs import CHECKS, Ended, Line

#: The number of differences of one check that are listed.
MOST = 20


def is_well(lines: list[Line], ended: list[Ended]) -> bool:
    """Returns whether there are results, and no mismatch among them."""
    return bool(lines or ended) and not any(one.wrong for one in ended) and all(
        line.found.get(check) == [] for line in lines for check in CHECKS
    )


def render(lines: list[Line], ended: list[Ended], skipped: list[str]) -> str:
    """Returns the table, the scenarios and every mismatch."""
    out = [*table(lines), ""] if lines else []
    wrong = sum(bool(one.wrong) for one in ended)
    out += [f"{len(ended)} scenarios, {wrong or 'none'} of them with a mismatch"] if ended else []
    out += skipped
    found = mismatches(lines, ended)
    out.append("No mismatch." if is_well(lines, ended) else "Mismatches:" if found else "Nothing was compared.")
    return "\n".join([*out, *found])


def table(lines: list[Line]) -> list[str]:
    """Returns a row for each history and server."""
    rows = [["history", "migrations", "PostgreSQL", *CHECKS]]
    rows += [
        [line.history, str(line.migrations), str(line.postgresql), *(_mark(line.found.get(check)) for check in CHECKS)]
        for line in lines
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def scenario(one: Ended) -> str:
    """Returns a scenario's line."""
    return f"{'✗' if one.wrong else '✓'} {one.tool} on {one.postgresql}: {one.about}"


def mismatches(lines: list[Line], ended: list[Ended]) -> list[str]:
    """Returns every mismatch, with the place where it was found."""
    out = []
    for line in lines:
        for check, found in line.found.items():
            where = f"{line.history} on PostgreSQL {line.postgresql}, {check}"
            out += [f"{where}: {what}" for what in found[:MOST]]
            out += [f"{where}: and {len(found) - MOST} more"] if len(found) > MOST else []
    for one in ended:
        if one.wrong:
            what = one.wrong.replace("\n", "\n    ")
            out.append(f"{one.tool} on {one.postgresql}, {one.about}:\n    {what}")
    return out


def _mark(found: list[str] | None) -> str:
    return "not reached" if found is None else "✗" if found else "✓"
