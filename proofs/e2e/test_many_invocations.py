"""An apply that needs more time than one invocation has."""

from proofs.e2e import subjects
from proofs.harness.database import applied


def test_the_next_invocation_goes_on(case):
    brief = case("brief")
    names = [f"{number}_slow" for number in range(1, 9)]
    brief.write(names[0], "CREATE TABLE a (n int); INSERT INTO a VALUES (1); SELECT pg_sleep(1)")
    for number, name in enumerate(names[1:], 2):
        brief.write(name, f"INSERT INTO a VALUES ({number}); SELECT pg_sleep(1)")

    run = brief.run()
    assert run["status"] == "SUCCEEDED"
    assert brief.entered(run["executionArn"]).count("Apply") >= 2
    # No invocation timed out: each returned in time and said how far it had come.
    assert brief.stack.failures(run["executionArn"]) == []
    assert (run["output"]["apply"]["applied"], run["output"]["apply"]["total"]) == (8, 8)
    assert run["output"]["apply"]["durationMs"] >= 8000
    assert brief.ledger() == applied(*names)
    with brief.connection.connect() as session:
        assert session.execute("SELECT array_agg(n) FROM a").fetchone()[0] == list(range(1, 9))
    [mail] = brief.mails()
    assert mail.subject == subjects.successful() and "8 migrations were applied" in mail.body


def test_one_migration_that_takes_longer_than_an_invocation(case):
    brief = case("brief")
    brief.write("1_a", "CREATE TABLE a ()")
    brief.write("2_endless", "CREATE TABLE b (); SELECT pg_sleep(600)")
    run = brief.run()
    assert (run["status"], run["error"]) == ("FAILED", "Migration.Failed")
    assert "2_endless" in run["cause"] and "give the apply function more time" in run["cause"]
    assert brief.ledger() == applied("1_a")
    assert brief.tables() == ["a"]
    assert len(brief.mails()) == 1
