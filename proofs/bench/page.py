"""The pages of results, made from the stored measurements, and the check that these belong to the current sources."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from proofs.bench import builds, estimates, plot, profile, surroundings
from proofs.bench.contenders import CASES, FRESH, Spread

RESULTS = Path(__file__).parent / "results"
PARTS = {
    "speed": "against the limit and other tools", "profile": "where the time goes", "startup": "start-up",
    "builds": "what each choice costs", "run": "a whole run, and what it costs", "reports": "what a report costs",
    "bundles": "what a bundle costs",
    "estimates": "how far the report's estimates are off",
}
MADE = "Made by `python -m proofs.bench`; do not edit. Absolute times are of one machine: compare within a table only."
LIMIT = "limit"
LIMIT_IS = (
    "The limit is each file as one simple query on one connection, by a client that does nothing else: no ledger, no lock. "
    "Below 1.0 is possible for who commits less often or waits less for a commit."
)

METHOD = (
    "All connect without TLS, so that what passes can be counted, unless it says otherwise. PostgreSQL has its own "
    "settings, `fsync` and `synchronous_commit` on. An added round trip is a relay that holds each direction back by half "
    "of it (`tc netem` would need a kernel module, and all of the loopback interface); without one there is no relay. A "
    "longer flush is PostgreSQL's `commit_delay` with `commit_siblings = 0`: a pause before each flush of the log, about "
    "what a network volume takes. Within each repetition every tool goes once, in an order that changes. Times are ms: "
    "median (least to most); in brackets the median by that of the limit. CPU is the client's, user and system; memory is "
    "its peak."
)

COUNTED = (
    "Round trips (the opening of a connection is one) / commits / flushes of the log. Round trips are counted by the "
    "relay, when the first byte of an answer comes back; commits are `pg_stat_database.xact_commit`, which counts "
    "transactions that only read too; flushes are `pg_stat_io`'s `fsyncs` of client backends on `wal`."
)

STARTING = (
    "From the start of the process to its first question for work, and an invocation that is refused at once, because "
    "its payload is empty: median (least to most). Memory is the peak; the zip is `deflate -9` of the release binary."
)

PROFILED = (
    "Everything pending, {history}, no added round trip. What the engine sends was taken from the server's log and sent "
    "again to fresh databases by a client that does nothing else, with less and less of it: the difference of two lines is "
    "what that part costs. Median (least to most) of some repetitions, one of each in turn."
)

REPORTED = (
    "The plan function's release binary, from the delivery of its payload to its answer, with everything pending: on an "
    "empty database, and on the one that the history made, as if it had no ledger, where each statement is about what is "
    "there already. Median of three; memory is the process's peak, of the 1,769 MB that the template gives. The payload is "
    "what crosses the state machine, of which AWS lets 262,144 bytes pass. The objects are what it puts into the bucket, "
    "here on the same machine. With its memory Lambda gives it one core."
)

BUNDLED = (
    "The functions' release binaries, from the delivery of the payload to the answer, on a database to which the whole history "
    "is applied: what differs is where the scripts come from. The bundle comes from a stand-in for S3 on the same machine, so "
    "the network's share is not in it. Layer and bundle take turns; each number is the median of nine. Memory is the process's "
    "peak. A bundle is made by `lockstep bundle make`, start of the program included."
)

ESTIMATED = (
    "How long statements take, and what the report's estimate comes to with this machine's own speeds in the place of those "
    "that it assumes, which are a small instance's; in brackets the second by the first. Where only one time stands, the "
    "speed was taken from it. Each is the median of three, of tables of more than a million rows a single time, without "
    "what its commit takes; PostgreSQL has its own settings. The report itself says no more than an order of magnitude."
)

BUILT = (
    "The two functions with and without a database driver, each choice alone, from nothing but the downloaded sources. "
    "The CPU seconds are of all compilers together."
)


#: The results of one part as JSON, or a part of them.
Content = dict[str, Any]


def keep(part: str, content: Content) -> None:
    """Stores the results of one part."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{part}.json").write_text(_as_lines(_rounded(content)))


def check() -> int:
    """Prints whether every part was measured on the current sources. Returns 1 if not."""
    wanted, stale = surroundings.digest(), 0
    for part in PARTS:
        content = _kept(part)
        measured = content["about"]["sources"] if content else "nothing"
        if measured != wanted:
            stale = 1
            print(f"proofs/bench/results: {part} was measured on {measured}, the sources are {wanted}: {_command(part)}")
    return stale


def write() -> None:
    """Writes the pages and their plots again: a first page with the most important results, and a page for each part."""
    kept = {part: content for part in PARTS if (content := _kept(part))}
    pages = {
        "speed": _speed, "profile": _profile, "startup": _startup, "builds": _builds, "run": _run, "reports": _reports, "bundles": _bundles,
        "estimates": _estimates,
    }
    for part, content in kept.items():
        _write(part, [*pages[part](content), f"`{_command(part)}` makes this page again."])
    _write("README", [
        "# How fast Lockstep is", "", MADE, "",
        *(_first(kept["speed"]) if "speed" in kept else []),
        *[f"- [{what.capitalize()}]({part}.md)" for part, what in PARTS.items() if part in kept], "",
        "`make bench` measures the speed. `.venv/bin/python -m proofs.bench --help` names the other parts, and with `--check` it",
        "says which page is older than the sources. `CORPORA=<directory>` adds real histories, in",
        "`<directory>/prisma/<history>` and `<directory>/sqlx/<history>`.",
    ])


def _write(name: str, lines: list[str]) -> None:
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n")


def _first(content: Content) -> list[str]:
    """Returns the most important table: the longest generated history, near and far, by each contender that leaves a
    ledger."""
    history = [name for name in _histories(content) if name.endswith("generated")][-1]
    places = _in_order(cell["surroundings"] for cell in content["cells"])
    ratios = {place: _ratios(content, place, FRESH) for place in places}
    lines = [
        f"{history.capitalize()} migrations, all pending, in ms; in brackets by the limit's, which is each file as one query.", "",
        "| | " + " | ".join(places) + " |", "| --- |" + " ---: |" * len(places),
    ]
    for key, label in _labels(content).items():
        texts = [
            f"{_number(_median(cell, 'wall_ms'))} **[{ratios[place][key][history][0]:.2f}]**"
            for place in places for cell in content["cells"]
            if (cell["contender"], cell["history"], cell["case"], cell["surroundings"]) == (key, history, FRESH, place)
            and cell["taken"]
        ]
        if len(texts) == len(places):
            lines.append(f"| {label} | " + " | ".join(texts) + " |")
    return [*lines, ""]


def speed_tables(content: Content) -> list[str]:
    """Returns every table of times and counts."""
    lines = []
    for surroundings_ in _in_order(cell["surroundings"] for cell in content["cells"]):
        for case in CASES:
            lines += _times(content, surroundings_, case)
    return lines + _counts(content) + _failures(content)


def _speed(content: Content) -> list[str]:
    labels = _labels(content)
    groups = []
    for surroundings_ in _in_order(cell["surroundings"] for cell in content["cells"]):
        ratios = _ratios(content, surroundings_, FRESH)
        groups.append((surroundings_, [(labels[key], points) for key, points in ratios.items() if key != LIMIT]))
    generated = [history for history in _histories(content) if history.endswith("generated")]
    (RESULTS / "everything-pending.svg").write_text(plot.ratios(
        "Applying everything: time by the limit's time", groups, generated
    ))
    lines = [
        "# Against the limit and other tools", "", MADE, "",
        LIMIT_IS, "",
        "![Ratios to the limit](everything-pending.svg)", "",
        "Contenders:", "",
        *[f"- **{one['label']}**{': ' + one['note'] if one['note'] else ''}" for one in content["contenders"]], "",
        METHOD,
        "",
        "A trivial query really took: "
        + "; ".join(f"{name}: {value:.2f} ms" for name, value in content["round_trips"].items()) + ".", "",
        *(["Real histories were skipped: CORPORA was not set.", ""] if not content["real"] else []),
        *[f"- {key} was skipped: {why}" for key, why in content["missing"].items()],
    ]
    return lines + speed_tables(content) + _about(content["about"])


def _times(content: Content, surroundings_: str, case: str) -> list[str]:
    cells = {
        (cell["contender"], cell["history"]): cell for cell in content["cells"]
        if cell["surroundings"] == surroundings_ and cell["case"] == case and cell["taken"]
    }
    histories = [history for history in _histories(content) if any(name == history for _, name in cells)]
    if not histories:
        return []
    labels = _labels(content)
    lines = [f"## {case.capitalize()}, {surroundings_}", "", "| | " + " | ".join(histories) + " |"]
    lines.append("| --- |" + " ---: |" * len(histories))
    for key, label in labels.items():
        rows: list[tuple[str, str | None]] = [("", None)]
        rows += [(part, part) for part in _parts_of(cells, key)]
        for title, part in rows:
            texts = []
            for history in histories:
                cell = cells.get((key, history))
                limit = cells.get((LIMIT, history))
                texts.append(_time(cell, limit, part) if cell else "–")
            if any(text != "–" for text in texts):
                lines.append(f"| {'… ' + title if title else label} | " + " | ".join(texts) + " |")
    resources = [history for history in histories if history.endswith("generated")][-1:]
    for history in resources:
        lines += ["", f"Of {history}: " + "; ".join(
            f"{label} {_median(cell, 'cpu_ms'):.0f} ms CPU, {_median(cell, 'peak_kb') / 1024:.0f} MB"
            for key, label in labels.items() if (cell := cells.get((key, history)))
        ) + "."]
    return [*lines, ""]


def _time(cell: Content, limit: Content | None, part: str | None) -> str:
    took = Spread(*(cell["taken"]["parts"][part] if part else cell["taken"]["wall_ms"]))
    text = f"{_number(took.median)} ({_number(took.least)} to {_number(took.most)})"
    if limit and not part and cell is not limit:
        text += f" **[{took.median / _median(limit, 'wall_ms'):.2f}]**"
    return text


def _counts(content: Content) -> list[str]:
    labels = _labels(content)
    lines = [
        "## What each needs", "",
        COUNTED, "",
    ]
    for case in CASES:
        counted = {(one["contender"], one["history"]): one for one in content["counted"] if one["case"] == case}
        histories = [history for history in _histories(content) if any(name == history for _, name in counted)]
        lines += [f"| {case} | " + " | ".join(histories) + " |", "| --- |" + " ---: |" * len(histories)]
        for key, label in labels.items():
            found = [counted.get((key, history)) for history in histories]
            texts = [f"{one['round_trips']} / {one['commits']} / {one['flushes']}" if one else "–" for one in found]
            if any(found):
                lines.append(f"| {label} | " + " | ".join(texts) + " |")
        lines.append("")
    return lines


def _failures(content: Content) -> list[str]:
    labels = _labels(content)
    failed = [cell for cell in content["cells"] if cell["failed"]]
    if not failed:
        return []
    return ["Left out, because it failed:", "", *[
        f"- {labels[cell['contender']]} on {cell['history']}: `{cell['failed']}`" for cell in failed
    ], ""]


def _ratios(content: Content, surroundings_: str, case: str) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Returns the ratios to the limit's median (median, least, most), by contender and history."""
    found: dict[str, dict[str, tuple[float, float, float]]] = {key: {} for key in _labels(content)}
    cells = [
        cell for cell in content["cells"]
        if cell["surroundings"] == surroundings_ and cell["case"] == case and cell["taken"]
    ]
    limits = {cell["history"]: _median(cell, "wall_ms") for cell in cells if cell["contender"] == LIMIT}
    for cell in cells:
        limit = limits[cell["history"]]
        median, least, most = Spread(*cell["taken"]["wall_ms"])
        found[cell["contender"]][cell["history"]] = (median / limit, least / limit, most / limit)
    return {key: points for key, points in found.items() if points}


def _parts_of(cells: dict[tuple[str, str], Content], key: str) -> list[str]:
    return _in_order(part for (one, _), cell in cells.items() if one == key for part in cell["taken"]["parts"])


def _labels(content: Content) -> dict[str, str]:
    return {one["key"]: one["label"] for one in content["contenders"]}


def _histories(content: Content) -> list[str]:
    return _in_order(cell["history"] for cell in content["cells"])


def _median(cell: Content, what: str) -> float:
    return Spread(*cell["taken"][what]).median


# ------------------------------------------------------------ start-up and a whole run


def _startup(content: Content) -> list[str]:
    lines = [
        "# Start-up", "", MADE, "",
        STARTING, "",
        "| | first poll, ms | invocation, ms | CPU, ms | memory, MB | binary, MB | zip, MB |",
        "| --- |" + " ---: |" * 6,
    ]
    for row in content["rows"]:
        cells = [_spread(row[name]) for name in ("first_poll_ms", "invocation_ms", "cpu_ms", "peak_mb")]
        sizes = [f"{row[name]:.2f}" for name in ("binary_mb", "zip_mb")]
        lines.append(f"| {row['function']} | " + " | ".join([*cells, *sizes]) + " |")
    return [*lines, "", *_about(content["about"])]


def _profile(content: Content) -> list[str]:
    lines = ["# Where the time goes", "", MADE, "", PROFILED.format(history=content["history"]), "", *profile.show(content)]
    return [*lines, "", *_about(content["about"])]


def _builds(content: Content) -> list[str]:
    return ["# What each choice costs", "", MADE, "", BUILT, "", *builds.show(content["rows"]), "", *_about(content["about"])]


def _run(content: Content) -> list[str]:
    lines = ["# A whole run", "", MADE, "", *content["notes"], ""]
    lines.append("| | states entered | invocations | billed ms | GB-seconds | ms from start to end |")
    lines.append("| --- |" + " ---: |" * 5)
    for row in content["rows"]:
        steps = ", ".join(f"{step} {' + '.join(map(str, billed))}" for step, billed in row["billed"].items())
        lines.append(
            f"| {row['case']} | {row['transitions']} | {row['invocations']} | {row['billed_ms']} ({steps}) | "
            f"{row['gb_seconds']:.3f} | {row['wall_ms']:.0f} |"
        )
    lines += ["", "| USD a month | " + " | ".join(f"{n:,} runs" for n in content["runs"]) + " |"]
    lines.append("| --- |" + " ---: |" * len(content["runs"]))
    for row in content["rows"]:
        for architecture, costs in row["usd"].items():
            lines.append(f"| {row['case']}, {architecture} | " + " | ".join(f"{cost:.4f}" for cost in costs) + " |")
    return [*lines, "", *_about(content["about"])]


def _reports(content: Content) -> list[str]:
    lines = ["# Reports", "", MADE, "", REPORTED, ""]
    lines.append("| Pending | on | verdict | ms | CPU, ms | memory, MB | payload, bytes | JSON, KB | Markdown, KB | HTML, KB |")
    lines.append("| --- | --- | --- |" + " ---: |" * 7)
    for row in content["rows"]:
        sizes = [f"{row[f'{ending}_bytes'] / 1000:,.0f}" for ending in ("json", "md", "html")]
        lines.append(
            f"| {row['history']} | {row['on']} | {row['verdict']} | {_number(row['invocation_ms'])} | {row['cpu_ms']:,.0f} | "
            f"{row['peak_mb']:.0f} | {row['payload_bytes']:,} | {' | '.join(sizes)} |"
        )
    return [*lines, "", *_about(content["about"])]


def _bundles(content: Content) -> list[str]:
    lines = ["# Bundles", "", MADE, "", BUNDLED, "", "| History | scripts | bundle, KB | making it, ms |", "| --- |" + " ---: |" * 3]
    lines += [
        f"| {row['history']} | {row['scripts']:,} | {row['bytes'] / 1000:,.1f} | {_number(row['make_ms'])} |"
        for row in content["bundles"]
    ]
    lines += ["", "| History | step | layer, ms | bundle, ms | ratio | layer, MB | bundle, MB |", "| --- | --- |" + " ---: |" * 5]
    runs = {(row["history"], row["step"], row["from"]): row for row in content["runs"]}
    for (history, step, source), layer in runs.items():
        if source == "layer":
            bundle = runs[history, step, "bundle"]
            lines.append(
                f"| {history} | {step} | {_number(layer['invocation_ms'])} | {_number(bundle['invocation_ms'])} | "
                f"{bundle['invocation_ms'] / layer['invocation_ms']:.2f} | {layer['peak_mb']:.1f} | {bundle['peak_mb']:.1f} |"
            )
    return [*lines, "", *_about(content["about"])]


def _estimates(content: Content) -> list[str]:
    return ["# Estimates", "", MADE, "", ESTIMATED, "", *estimates.show(content), "", *_about(content["about"])]


def _about(about: dict[str, str]) -> list[str]:
    return ["<details><summary>Measured on</summary>", "", *[f"- {name}: {value}" for name, value in about.items()],
            "", "</details>", ""]


# ------------------------------------------------------------ small things


def _spread(values: dict[str, float]) -> str:
    return f"{values['median']:.1f} ({values['least']:.1f} to {values['most']:.1f})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _kept(part: str) -> Content | None:
    file = RESULTS / f"{part}.json"
    return json.loads(file.read_text()) if file.exists() else None


def _as_lines(content: Content) -> str:
    """Returns JSON with a line for each measured thing, so that a diff shows what changed."""
    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    lines = [
        f"{compact(name)}: [\n" + ",\n".join(map(compact, value)) + "\n]"
        if isinstance(value, list) else f"{compact(name)}: {compact(value)}"
        for name, value in content.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _command(part: str) -> str:
    return ".venv/bin/python -m proofs.bench" + ("" if part == "speed" else f" --{part}")


def _in_order(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
