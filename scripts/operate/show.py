"""Shows a plan, a result and a mail at a terminal."""

from __future__ import annotations

from typing import Any

from scripts.operate.terminal import Terminal, plural, seconds
from scripts.operate.text import lines

#: The words for an unsuccessful end, by the execution's error or status.
_ENDED_BADLY = {
    "Approval.Rejected": "Rejected (Approval.Rejected)",
    "Approval.Expired": "Expired: nobody decided in time (Approval.Expired)",
    "ABORTED": "Stopped by hand (ABORTED)",
    "TIMED_OUT": "The execution took longer than it may as a whole (TIMED_OUT)",
}


_VERDICTS = {"safe": "green", "caution": "yellow", "danger": "red"}


def plan(terminal: Terminal, planned: dict[str, Any]) -> None:
    """Prints what is pending, and the facts about it."""
    terminal.heading("Plan")
    if resolve := planned.get("resolve"):
        terminal.line(f"  {resolve.get('migration')} is to be declared {declared(resolve.get('resolution', ''))}")
        for fact in resolve.get("facts", []):
            terminal.line(f"    {fact}")
        terminal.line(f"  digest {planned.get('digest', '')}", "dim")
        return
    if baseline := planned.get("baseline"):
        terminal.line(f"  {plural(baseline.get('count', 0), 'migration')} to be recorded as applied; nothing is run")
        terminal.line(f"    the schema has {plural(baseline.get('tables', 0), 'table')}")
        for name in baseline.get("migrations", []):
            terminal.line(f"    {name}")
        _omitted(terminal, baseline)
        warnings(terminal, planned.get("warnings", []))
        terminal.line(f"  digest {planned.get('digest', '')}", "dim")
        return
    pending, applied = planned.get("pending", 0), planned.get("alreadyApplied", 0)
    terminal.line(f"  {plural(pending, 'migration')} pending, {applied} already applied")
    for migration in planned.get("migrations", []):
        what = migration.get("class", "")
        # A script that could not be parsed completely has no number of statements.
        if migration.get("statements") is not None:
            what += f", {plural(migration['statements'], 'statement')}"
        if migration.get("verdict"):
            what += f", {migration['verdict']}"
        terminal.line(f"    {migration['name']}  {terminal.paint(what, 'dim')}")
    _omitted(terminal, planned)
    warnings(terminal, planned.get("warnings", []))
    report(terminal, planned.get("report") or {})
    if pending:
        terminal.line(f"  digest {planned.get('digest', '')}", "dim")


def report(terminal: Terminal, summary: dict[str, Any]) -> None:
    """Prints the summary of the report on a plan, if there is one."""
    if not summary:
        return
    verdict = str(summary.get("verdict"))
    colour = _VERDICTS.get(verdict, "red")
    terminal.line(f"  {terminal.paint(verdict, colour, 'bold')}: {summary.get('why', '')}")
    counts = [f"{summary.get(name, 0)} {name}" for name in ("danger", "caution", "safe")]
    terminal.line(f"    {', '.join(counts)}", "dim")
    for judged in summary.get("worst", []):
        mark = terminal.paint(str(judged.get("verdict")), _VERDICTS.get(str(judged.get("verdict")), "red"))
        terminal.line(f"    {judged.get('name')}  {mark}  {judged.get('why', '')}")
    more = summary.get("danger", 0) + summary.get("caution", 0) - len(summary.get("worst", []))
    if more > 0:
        terminal.line(f"    ... and {more} more", "dim")
    terminal.line(f"  report {summary.get('bucket')}/{summary.get('key')}/", "dim")


def markdown(terminal: Terminal, text: str) -> None:
    """Prints Markdown unchanged."""
    for line in lines(text):
        terminal.line(line.expandtabs(4))


def _omitted(terminal: Terminal, named: dict[str, Any]) -> None:
    if named.get("omitted"):
        terminal.line(f"    ... and {named['omitted']} more", "dim")


def declared(resolution: str) -> str:
    """Returns a resolution in words."""
    return {"rolledBack": "rolled back"}.get(resolution, resolution)


def decision(terminal: Terminal, decided: dict[str, Any], when: str = "") -> None:
    """Prints a decision in its colour."""
    text, colour = verdict(decided, when)
    terminal.line(f"  {text}", colour)


def verdict(decided: dict[str, Any], when: str = "") -> tuple[str, str]:
    """Returns a sentence about a decision and its colour: the decision, the person, how the person is known, and the
    reason."""
    if decided.get("identity") not in ("verified", "claimed"):
        return f"? Answered{when} by something else than the approve function", "red"
    said, colour = ("▶ Approved", "green") if decided.get("decision") == "approved" else ("✗ Rejected", "red")
    behalf = f", on behalf of {decided['onBehalfOf']} (claimed)" if decided.get("onBehalfOf") else ""
    by = f"{decided.get('by')} ({decided.get('identity')}){behalf}"
    return f"{said} by {by}{when}: {decided.get('reason')}", colour


def warnings(terminal: Terminal, texts: list[Any]) -> None:
    """Prints the warnings, if there are any."""
    for text in texts:
        terminal.line(f"  ! {text}", "yellow")


def result(terminal: Terminal, output: dict[str, Any], took: float) -> None:
    """Prints the end of an execution that succeeded."""
    terminal.heading("Result")
    outcome = output.get("outcome", "")
    applied = output.get("apply", {})
    said = {
        "applied": f"{plural(applied.get('applied', 0), 'migration')} applied",
        "nothingPending": "Nothing was pending",
        "planned": "Planned only: nothing was applied",
        "resolved": _resolved(output),
        "baselined": _baselined(output),
    }.get(outcome, outcome)
    elsewhere = applied.get("appliedElsewhere")
    if elsewhere:
        said += f", {elsewhere} meanwhile by another run"
    terminal.line(f"  {terminal.paint('✓', 'green', 'bold')} {said} ({seconds(took)})")
    lost_mails(terminal, output)


def _resolved(output: dict[str, Any]) -> str:
    resolve = (output.get("plan") or {}).get("resolve") or {}
    already = "" if (output.get("apply") or {}).get("resolved") else " already"
    return f"{resolve.get('migration')} was declared {declared(resolve.get('resolution', ''))}{already}"


def _baselined(output: dict[str, Any]) -> str:
    baseline = (output.get("plan") or {}).get("baseline") or {}
    already = "" if (output.get("apply") or {}).get("recorded") else ", already"
    return f"{plural(baseline.get('count', 0), 'migration')} recorded as applied, up to {baseline.get('last')}{already}"


def lost_mails(terminal: Terminal, record: dict[str, Any]) -> None:
    """Prints the mails of a run that could not be sent."""
    if (record.get("approval") or {}).get("requestMailSent") is False:
        lost_mail(terminal, "that asks for the approval")
    told = record.get("notifications") or {}
    for name, what in (("approved", "that tells of the approval"), ("ended", "that tells how the run ended")):
        if error := (told.get(name) or {}).get("error"):
            lost_mail(terminal, what, error)


def lost_mail(terminal: Terminal, what: str, error: str = "") -> None:
    """Prints one mail that could not be sent."""
    terminal.line(f"  ! The mail {what} could not be sent{f': {error}' if error else ''}", "yellow")


def failure(terminal: Terminal, status: str, error: str, cause: str) -> None:
    """Prints the end of an execution that did not succeed."""
    terminal.heading("Result")
    name = _ENDED_BADLY.get(status) or _ENDED_BADLY.get(error) or error or status
    terminal.line(f"  {terminal.paint('✗', 'red', 'bold')} {terminal.paint(name, 'red')}")
    terminal.indented(cause, by=4)


def mail(terminal: Terminal, subject: str, body: str) -> None:
    """Prints a mail in a frame."""
    terminal.heading("Mail")
    terminal.line(f"  ┌ {subject}", "cyan")
    for line in lines(body):
        terminal.line(f"  {terminal.paint('│', 'cyan')} {line}")
    terminal.line("  └", "cyan")
