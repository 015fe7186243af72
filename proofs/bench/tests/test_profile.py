"""The parts that are cut out of the engine's messages."""

from proofs.bench import profile

OPENING = "BEGIN; SELECT 1; COMMIT; BEGIN DEFERRABLE; SET lockstep.transaction = '0f'; LOCK TABLE pg_catalog.t;\n"

MESSAGE = (
    f"{OPENING}CREATE TABLE a ();\n\n;RESET SESSION AUTHORIZATION; RESET ROLE; EXECUTE lockstep_record('1'); "
    "EXECUTE lockstep_check('1'); COMMIT; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL"
)


def test_a_message_is_cut_down_to_its_script():
    assert profile._script(MESSAGE) == "CREATE TABLE a ();\n"
    assert profile._in_transaction(MESSAGE) == "BEGIN;\nCREATE TABLE a ();\n\n;COMMIT"
    assert profile._recorded(MESSAGE).endswith("EXECUTE lockstep_check('1'); COMMIT")


def test_what_the_first_message_prepares_is_kept_for_those_that_follow():
    first = MESSAGE + "; PREPARE lockstep_record(text) AS INSERT INTO a VALUES ($1)"
    assert profile._recorded(first).endswith("COMMIT; PREPARE lockstep_record(text) AS INSERT INTO a VALUES ($1)")


def test_a_script_is_known_by_what_its_transaction_is_opened_with():
    assert profile._is_script(MESSAGE, set())
    assert profile._script(MESSAGE.replace(OPENING, "BEGIN READ WRITE; SET lockstep.transaction = '0f'; LOCK TABLE t;\n")) == (
        "CREATE TABLE a ();\n"
    )
    assert not profile._is_script("BEGIN; SET LOCAL synchronous_commit = on; COMMIT", set())
    assert profile._is_script("VACUUM", {"VACUUM\n"})


def test_messages_of_several_lines_are_read_from_the_log():
    log = (
        "entry shop LOG:  statement: BEGIN;\n\tCREATE TABLE a (\n\t\tb int\n\t);\nentry other LOG:  statement: SELECT 1\n"
        "entry shop LOG:  disconnection\nentry shop LOG:  statement: SELECT 2\n"
    )
    assert profile._messages(log, "shop") == ["BEGIN;\nCREATE TABLE a (\n\tb int\n);", "SELECT 2"]
