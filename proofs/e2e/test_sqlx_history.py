"""A history in sqlx's layout, through the deployed machine: recognised by its shape, recorded as sqlx records it."""

from proofs.e2e import subjects
from proofs.harness import database


def test_a_history_of_sqlxs_is_applied_and_then_nothing_is_pending(case):
    dev = case()
    dev.write_file("0001_create_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n")
    dev.write_file("0001_create_users.down.sql", "DROP TABLE users;\n")
    dev.write_file("0002_index_users.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY users_id ON users (id);\n")
    run = dev.run()
    assert (run["status"], run["output"]["outcome"]) == ("SUCCEEDED", "applied"), run
    assert [one["name"] for one in run["output"]["apply"]["migrations"]] == ["0001_create_users", "0002_index_users"]
    assert database.sqlx_ledger(dev.connection) == [(1, "create users", True), (2, "index users", True)]
    assert dev.tables() == ["users"]

    dev.write_file("0003_more.sql", "CREATE TABLE more ();\n")
    dev.write_file("0004_most.sql", "CREATE TABLE most ();\n")
    # The version without the rest of the name is enough.
    assert dev.run({"upTo": "3"})["output"]["apply"]["applied"] == 1
    assert dev.run({"mode": "plan"})["output"]["plan"]["pending"] == 1
    assert dev.tables() == ["more", "users"]


def test_what_sqlx_itself_would_refuse_fails_before_anything_is_applied(case):
    dev = case()
    dev.write_file("1_a.sql", "CREATE TABLE a ();\n")
    assert dev.run()["status"] == "SUCCEEDED"
    dev.write_file("1_a.sql", "CREATE TABLE a (n int);\n")
    dev.write_file("2_b.sql", "CREATE TABLE b ();\n")
    run = dev.run()
    assert (run["status"], run["error"]) == ("FAILED", "History.Diverged")
    mail = dev.mails()[-1]
    assert mail.subject == subjects.failed()
    for part in ("1_a was edited after it was applied", "Restore it as it was applied", "sqlx itself would refuse that"):
        assert part in run["cause"] and part in mail.body
    assert dev.tables() == ["a"]


def test_two_histories_in_one_directory_are_none(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    dev.write_file("2_b.sql", "CREATE TABLE b ()")
    run = dev.run()
    assert (run["status"], run["error"]) == ("FAILED", "History.Invalid")
    assert "1_a/" in run["cause"] and "2_b.sql" in run["cause"]
    assert dev.tables() == []
