"""A migration that PostgreSQL refuses: the failure names its place, quotes no row's value, and is easy to correct."""

from proofs.e2e import subjects
from proofs.harness.database import applied

TWO_GOOD = {"1_a": "CREATE TABLE a (id int PRIMARY KEY, note text)", "2_b": "INSERT INTO a VALUES (1, 'first')"}


def test_a_syntax_error(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ();\n\nCREATE TABEL b ();\n")
    # The report may call such a script dangerous; the approval lets it pass.
    _, shown, failed = dev.approve_when_shown("--require-approval", status=1)
    assert "Migration.Failed" in failed
    assert "None" not in shown + failed
    assert (dev.ledger(), dev.tables()) == ([], [])
    mail = dev.mails()[-1]
    assert mail.subject == subjects.failed()
    for part in ("migration 1_a failed", "line 3", "SQLSTATE 42601", "near a word of the script", "Fix the script"):
        assert part in mail.body


def test_a_violated_constraint_after_two_good_ones(case):
    dev = case()
    for name, sql in TWO_GOOD.items():
        dev.write(name, sql)
    dev.write("3_c", "CREATE TABLE c ();\n\nINSERT INTO a\nVALUES (1, 'again');\n")

    followed = dev.command("run")
    assert followed.returncode == 1
    assert "Migration.Failed" in followed.stdout and "3_c" in followed.stdout

    assert dev.ledger() == applied("1_a", "2_b")
    assert dev.tables() == ["a"]
    [mail] = dev.mails()
    assert mail.subject == subjects.failed()
    file = "migrations/3_c/migration.sql"
    for part in (
        "migration 3_c failed at statement 2, line 3", "SQLSTATE 23505", "a_pkey", "2 of 3 planned", f"{file}, line 3",
    ):
        assert part in mail.body
    [execution] = dev.executions()
    failure = dev.stack.result(execution, "NotifyFailure")["record"]["failure"]
    assert failure["place"] == {"migration": "3_c", "file": file, "statement": 2, "line": 3, "sqlstate": "23505"}
    for told in (failure["cause"], mail.body, followed.stdout):
        assert '"migration"' not in told

    dev.write("3_c", "CREATE TABLE c ();\n\nINSERT INTO a\nVALUES (2, 'again');\n")
    mended = dev.command("run")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert dev.ledger() == applied("1_a", "2_b", "3_c")
    assert [mail.subject for mail in dev.mails()] == [subjects.failed(), subjects.successful()]


def test_no_message_holds_a_rows_value(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a (note text)")
    assert dev.run()["status"] == "SUCCEEDED"
    with dev.connection.connect() as session:
        session.execute("INSERT INTO a VALUES ('4711-row-value')")
    # PostgreSQL's own message for this is: invalid input syntax for type integer: "4711-row-value"
    dev.write("2_b", "ALTER TABLE a ALTER note TYPE int USING note::int")

    _, shown, failed = dev.approve_when_shown("--require-approval", status=1)
    mail = dev.mails()[-1]
    for part in ("migration 2_b failed at statement 1, line 1", "SQLSTATE 22P02"):
        assert part in mail.body
    told = dev.stack.everything_readable(dev.deployment, dev.executions()) + shown + failed
    assert "2_b" in told and "row-value" not in told
