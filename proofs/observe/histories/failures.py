"""Whether a migration failed, and whether the report foretold it."""

from __future__ import annotations

from proofs.observe.histories.beside import Beside

#: With these errors a migration fails because of the catalog's contents.
CATALOG = {
    "0A000": "feature not supported",
    "2BP01": "dependent objects still exist",
    "3F000": "invalid schema name",
    "42501": "insufficient privilege",
    "42601": "syntax error",
    "42611": "invalid column definition",
    "42701": "duplicate column",
    "42703": "undefined column",
    "42704": "undefined object",
    "42710": "duplicate object",
    "42723": "duplicate function",
    "42804": "datatype mismatch",
    "42809": "wrong object type",
    "42830": "invalid foreign key",
    "42846": "cannot coerce",
    "42883": "undefined function",
    "42P01": "undefined table",
    "42P06": "duplicate schema",
    "42P07": "duplicate table",
    "42P10": "invalid column reference",
    "42P16": "invalid table definition",
    "42P17": "invalid object definition",
    "55000": "object not in prerequisite state",
    "55006": "object in use",
    "55P04": "unsafe new enum value usage",
}

#: With these errors a migration fails because of rows, and statistics can show it.
STATISTICS = {"23502": "not null violation"}

#: The names of the comparisons.
FAILURES, RUNS = "failures that {} can tell, foretold", "runs, and nothing else is foretold"

#: Prefixes for a migration in its turn, and for one out of its turn.
IN_TURN, OUT_OF_TURN = "", ("too early: ", "a second time: ")


def reason(state: str) -> str:
    """Returns what could show before the run that a migration fails with this SQLSTATE."""
    if state in CATALOG:
        return "the catalog"
    return "statistics" if state in STATISTICS else "rows alone"


def compare(beside: Beside, when: str = IN_TURN) -> None:
    """Compares whether the migration failed with whether the report foretold it. `when` is a prefix of the figures'
    names."""
    state, foretold = beside.seen.sqlstate, beside.said.foretold
    if not state:
        beside.agree(f"{when}{RUNS}", not foretold, f"{when}foretold to fail, ran", "; ".join(foretold))
        if beside.said.perhaps:
            beside.count("perhaps foretold, ran")
        return
    perhaps = " (perhaps, it says)" if beside.said.perhaps else ""
    text = f"{beside.part(len(beside.seen.parts) - 1)}: {state} {beside.seen.message}{perhaps}"
    what = f"{when}{FAILURES.format(reason(state))}"
    beside.agree(what, bool(foretold), f"{when}failed with {state}, not foretold", text)
    failed = beside.said.at(beside.seen.parts[-1].start) if beside.seen.parts else None
    if foretold and not beside.said.fails and not (failed and failed.fails):
        # The run fails as foretold, but earlier or later, and for another reason.
        beside.disagree(f"{when}failed with {state}, foretold of another statement", text)
