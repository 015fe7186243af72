"""A reader that is wrong: the promises hold under it, the check can fail, and one test shows what is not promised."""

import random
from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import psycopg
import pytest

from proofs.chaos import histories, wrong_reader
from proofs.chaos.cases import IN_DOUBT
from proofs.chaos.runs import Bench
from proofs.chaos.server import EMPTY
from proofs.chaos.wrong_reader import Script, State, Trial
from proofs.harness import build, planted_bugs
from proofs.harness.proxy import SERVER, Trap
from proofs.harness.runtime_api import Answer

DOUBT = Answer(error=IN_DOUBT, message="in doubt: a part is committed and stays")


@pytest.fixture(scope="module")
def binaries():
    return build.binaries("apply", "plan")


def test_a_seed_decides_every_script():
    assert wrong_reader.scripts(3, 20) == wrong_reader.scripts(3, 20) != wrong_reader.scripts(4, 20)
    for script in wrong_reader.scripts(3, 20):
        assert wrong_reader.pick(3, script.id) == script


def test_what_has_a_name_is_put_together_in_order():
    assert wrong_reader.named("commit-chain-error", "first").text == (
        "INSERT INTO work.marks VALUES (1); COMMIT AND CHAIN; INSERT INTO work.marks VALUES (2); SELECT 1 / 0;"
    )


def test_the_promises_hold_at_the_middle_of_a_history(server, binaries):
    chosen = [wrong_reader.named(name, "middle", number % 2 == 1) for number, name in enumerate(wrong_reader.NAMED)]
    tally = wrong_reader.tried(server, binaries, chosen)
    assert not tally.findings and tally.in_doubt and tally.rolled_back and tally.recorded


def test_they_hold_where_other_sessions_commit_meanwhile(server, binaries):
    chosen = [wrong_reader.named(name, "last") for name in ("rollback-more", "commit-more", "rollback-begin-commit-begin-error")]
    error = Script("error", "INSERT INTO work.marks VALUES (1); SELECT 1 / 0;", "last", for_sqlx=False)
    tally = wrong_reader.tried(server, binaries, [*chosen, error], is_busy=True)
    # A failure in the transaction that the engine opened for the script is no doubt, whatever other sessions do.
    assert not tally.findings and (tally.in_doubt, tally.rolled_back) == (3, 1)


@pytest.mark.parametrize(("what", "marks", "rows", "answer"), [
    ("recorded without all of its work", [1000], {"0": True, "1": True, "2": True}, Answer(output={})),
    ("a success though not all is finished", [1, 2, 1000], {"0": True, "1": True}, Answer(output={})),
    ("doubled", [1, 1, 2, 1000], {"0": True, "1": True}, DOUBT),
    ("a part is committed, and it is not told", [1, 1000], {"0": True, "1": False}, Answer(error="Migration.Failed")),
    ("a part is committed, and no open row says so", [1, 1000], {"0": True}, DOUBT),
    ("nothing is committed, and it is told otherwise", [1000], {"0": True, "1": False}, DOUBT),
])
def test_each_broken_promise_is_a_finding(monkeypatch, what, marks, rows, answer):
    keys = {str(number): f"2026010100000{number}" for number in range(3)}
    state = State(Counter(marks), {keys[key]: finished for key, finished in rows.items()})
    monkeypatch.setattr(wrong_reader, "read", lambda *_: state)
    names = [f"{keys[key]}_{name}" for key, name in (("0", "other0"), ("1", "script"), ("2", "other1"))]
    history = histories.History("h", Path(), tuple(names))
    script = wrong_reader.named("commit-more", "middle")
    trial = Trial(script, history, Mock(spec=Bench), Mock(spec=psycopg.Connection), is_busy=False)
    trial._check("a run", answer)
    assert any(what in finding for finding in trial.findings), trial.findings


def test_what_is_cut_behind_a_hidden_commit_is_begun_again(server, binaries):
    """This is not promised: without the reader, and without an answer, no part of the database says what has run."""
    script = wrong_reader.named("commit-begin-commit", "first")
    name = "wrong-reader-cut"
    bench = Bench(server, name, binaries, **planted_bugs.switched_on(planted_bugs.WRONG_READER))
    server.create(name, EMPTY)
    try:
        with server.connect(name, as_owner=True) as looking:
            looking.execute(wrong_reader.START)
            bench.aim(name, wrong_reader.write(script, server.place / name).directory)
            plan = bench.plan(random.Random(0)).output
            seen = []

            def cut(link, message):
                """Cuts at the answer to the second INSERT, which comes after the first one's COMMIT."""
                # Before the cut, at which the function ends and this test goes on.
                seen.append(message)
                link.cut()
                return False

            bench.proxy.reset([Trap(0, SERVER, _second_insert(bench, plan, looking, script), cut)])
            attempts = bench.attempts(plan)
            assert next(attempts).error == "Database.ConnectionClosed" and seen
            left = wrong_reader.read(looking, script.for_sqlx)
            assert left.marks[1] == 1 and "20260101000000" not in left.rows
            next(attempts)
            assert wrong_reader.read(looking, script.for_sqlx).marks[1] == 2
    finally:
        bench.close()


def _second_insert(bench, plan, looking, script):
    """Returns the index of the server's message that confirms the second INSERT. The trial run that finds it is undone."""
    bench.proxy.reset([], True)
    next(bench.attempts(plan))
    done = [message.index for _, message in bench.proxy.recorded if message.text == "INSERT 0 1"]
    looking.execute(f"TRUNCATE work.marks; DROP TABLE {wrong_reader.LEDGERS[script.for_sqlx]}")
    return done[1]
