"""Shows a plan, a result and a mail at a terminal."""

from __future__ import annotations

from scripts.operate.terminal import Terminal, plural, seconds
from scripts.operate.text import lines
from scripts.wire.record import Decision, Known
from scripts.wire.request import Resolution
from scripts.wire.steps import PlanOutput, ReportSummary, Verdict

#: The words for an unsuccessful end, by the execution's error or status.
_ENDED_BADLY = {
    "Approval.Rejected": "Rejected (Approval.Rejected)",
    "Approval.Expired": "Expired: no person decided in time (Approval.Expired)",
    "ABORTED": "Stopped by hand (ABORTED)",
    "TIMED_OUT": "The execution took longer than an execution may (TIMED_OUT)",
}


def plan(terminal: Terminal, planned: PlanOutput) -> None:
    """Prints what is pending, and the facts about it."""
    terminal.heading("Plan")
    if resolve := planned.get("resolve"):
        terminal.line(f"  {resolve['migration']} is to be declared {declared(resolve['resolution'])}")
        for fact in resolve["facts"]:
            terminal.line(f"    {fact}")
        terminal.line(f"  digest {planned['digest']}", "dim")
        return
    if baseline := planned.get("baseline"):
        terminal.line(f"  {plural(baseline['count'], 'migration')} to be recorded as applied; nothing is run")
        terminal.line(f"    the schema has {plural(baseline['tables'], 'table')}")
        for name in baseline["migrations"]:
            terminal.line(f"    {name}")
        _omitted(terminal, baseline["omitted"])
        warnings(terminal, planned["warnings"])
        terminal.line(f"  digest {planned['digest']}", "dim")
        return
    terminal.line(f"  {plural(planned['pending'], 'migration')} pending, {planned['alreadyApplied']} already applied")
    for migration in planned["migrations"]:
        what: str = migration["class"]
        # A script that could not be parsed completely has no number of statements.
        if migration["statements"] is not None:
            what += f", {plural(migration['statements'], 'statement')}"
        if "verdict" in migration:
            what += f", {migration['verdict']}"
        terminal.line(f"    {migration['name']}  {terminal.paint(what, 'dim')}")
    _omitted(terminal, planned["omitted"])
    warnings(terminal, planned["warnings"])
    if "report" in planned:
        report(terminal, planned["report"])
    if planned["pending"]:
        terminal.line(f"  digest {planned['digest']}", "dim")


def report(terminal: Terminal, summary: ReportSummary) -> None:
    """Prints the summary of the report on a plan."""
    verdict = summary["verdict"]
    terminal.line(f"  {terminal.paint(verdict, _colour(verdict), 'bold')}: {summary['why']}")
    terminal.line(f"    {summary['danger']} danger, {summary['caution']} caution, {summary['safe']} safe", "dim")
    for judged in summary["worst"]:
        mark = terminal.paint(judged["verdict"], _colour(judged["verdict"]))
        terminal.line(f"    {judged['name']}  {mark}  {judged['why']}")
    more = summary["danger"] + summary["caution"] - len(summary["worst"])
    if more > 0:
        terminal.line(f"    ... and {more} more", "dim")
    terminal.line(f"  report {summary['bucket']}/{summary['key']}/", "dim")


def _colour(verdict: Verdict) -> str:
    return {"safe": "green", "caution": "yellow"}.get(verdict, "red")


def markdown(terminal: Terminal, text: str) -> None:
    """Prints Markdown unchanged."""
    for line in lines(text):
        terminal.line(line.expandtabs(4))


def _omitted(terminal: Terminal, omitted: int) -> None:
    if omitted:
        terminal.line(f"    ... and {omitted} more", "dim")


def declared(resolution: Resolution) -> str:
    """Returns a resolution in words."""
    return "rolled back" if resolution == "rolledBack" else resolution


def decision(terminal: Terminal, decided: Decision, when: str = "") -> None:
    """Prints a decision in its colour."""
    text, colour = verdict(decided, when)
    terminal.line(f"  {text}", colour)


def verdict(decided: Decision, when: str = "") -> tuple[str, str]:
    """Returns a sentence about a decision and its colour: the decision, the person, how the person is known, and the
    reason."""
    if decided.get("identity") not in ("verified", "claimed"):
        return f"? Answered{when} by something else than the approve function", "red"
    said, colour = ("▶ Approved", "green") if decided.get("decision") == "approved" else ("✗ Rejected", "red")
    behalf = f", on behalf of {decided['onBehalfOf']} (claimed)" if decided.get("onBehalfOf") else ""
    by = f"{decided.get('by')} ({decided.get('identity')}){behalf}"
    return f"{said} by {by}{when}: {decided.get('reason')}", colour


def warnings(terminal: Terminal, texts: list[str]) -> None:
    """Prints the warnings, if there are any."""
    for text in texts:
        terminal.line(f"  ! {text}", "yellow")


def result(terminal: Terminal, output: Known, took: float) -> None:
    """Prints the end of an execution that succeeded."""
    terminal.heading("Result")
    applied = output.get("apply")
    said = _outcome(output)
    if applied and applied["appliedElsewhere"]:
        said += f", {applied['appliedElsewhere']} meanwhile by another run"
    terminal.line(f"  {terminal.paint('✓', 'green', 'bold')} {said} ({seconds(took)})")
    lost_mails(terminal, output)


def _outcome(output: Known) -> str:
    outcome, plan, applied = output.get("outcome", ""), output.get("plan"), output.get("apply")
    if outcome == "resolved" and plan and applied and (resolve := plan.get("resolve")):
        already = "" if applied.get("resolved") else " already"
        return f"{resolve['migration']} was declared {declared(resolve['resolution'])}{already}"
    if outcome == "baselined" and plan and applied and (baseline := plan.get("baseline")):
        already = "" if applied.get("recorded") else ", already"
        return f"{plural(baseline['count'], 'migration')} recorded as applied, up to {baseline['last']}{already}"
    if outcome == "applied" and applied:
        return f"{plural(applied['applied'], 'migration')} applied"
    said = {"nothingPending": "Nothing was pending", "planned": "Planned only: nothing was applied"}
    return said.get(outcome, outcome)


def lost_mails(terminal: Terminal, record: Known) -> None:
    """Prints the mails of a run that could not be sent."""
    approval, told = record.get("approval"), record.get("notifications") or {}
    if approval and approval.get("requestMailSent") is False:
        lost_mail(terminal, "that asks for the approval")
    for mail, what in (
        (told.get("approved"), "that tells of the approval"), (told.get("ended"), "that tells how the run ended"),
    ):
        if mail and mail.get("error"):
            lost_mail(terminal, what, mail["error"])


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
