"""How a plan, a result and a mail look at a terminal."""

from __future__ import annotations

from typing import Any

from scripts.operate.terminal import Terminal, plural, seconds


def plan(terminal: Terminal, planned: dict[str, Any]) -> None:
    """What is pending, and what there is to know about it."""
    terminal.heading("Plan")
    pending, applied = planned.get("pending", 0), planned.get("alreadyApplied", 0)
    terminal.line(f"  {plural(pending, 'migration')} pending, {applied} already applied")
    for migration in planned.get("migrations", []):
        what = migration.get("class", "")
        # A script that could not be parsed as a whole has no number of statements.
        if migration.get("statements") is not None:
            what += f", {plural(migration['statements'], 'statement')}"
        terminal.line(f"    {migration['name']}  {terminal.paint(what, 'dim')}")
    if planned.get("omitted"):
        terminal.line(f"    ... and {planned['omitted']} more", "dim")
    warnings(terminal, planned.get("warnings", []))
    if pending:
        terminal.line(f"  digest {planned.get('digest', '')}", "dim")


def warnings(terminal: Terminal, texts: list[Any]) -> None:
    """Warnings, if there are any."""
    for text in texts:
        terminal.line(f"  ! {text}", "yellow")


def result(terminal: Terminal, output: dict[str, Any], took: float) -> None:
    """The end of an execution that succeeded."""
    terminal.heading("Result")
    outcome = output.get("outcome", "")
    applied = output.get("apply", {})
    said = {
        "applied": f"{plural(applied.get('applied', 0), 'migration')} applied",
        "nothingPending": "Nothing was pending",
        "planned": "Planned only: nothing was applied",
    }.get(outcome, outcome)
    elsewhere = applied.get("appliedElsewhere")
    if elsewhere:
        said += f", {elsewhere} meanwhile by another run"
    terminal.line(f"  {terminal.paint('✓', 'green', 'bold')} {said} ({seconds(took)})")
    approval = output.get("approval")
    if approval:
        terminal.line(f"    approved by {approval.get('by')} ({approval.get('identity')}): {approval.get('reason')}")
    notification = output.get("notification", {})
    if notification and not notification.get("sent") and notification.get("error"):
        terminal.line(f"  ! The mail could not be sent: {notification['error']}", "yellow")


def failure(terminal: Terminal, status: str, error: str, cause: str) -> None:
    """The end of an execution that did not succeed."""
    terminal.heading("Result")
    name = f"{status}: {error}" if error else status
    terminal.line(f"  {terminal.paint('✗', 'red', 'bold')} {terminal.paint(name, 'red')}")
    terminal.indented(cause, by=4)


def mail(terminal: Terminal, subject: str, body: str) -> None:
    """A mail in a frame."""
    terminal.heading("Mail")
    terminal.line(f"  ┌ {subject}", "cyan")
    for line in body.splitlines():
        terminal.line(f"  {terminal.paint('│', 'cyan')} {line}")
    terminal.line("  └", "cyan")
