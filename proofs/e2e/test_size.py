"""A large history, whose size must not show in any payload."""

import re
from contextlib import suppress
from pathlib import Path

from proofs.e2e import subjects

#: AWS's limit of the data between two states, in bytes.
LIMIT = 262_144


def test_a_thousand_dangerous_migrations_take_no_more_room(case):
    dev = case()
    name, column = "long_name_" * 8, "long_column_" * 5
    for number in range(1, 1001):
        dev.write(f"2026010100{number:04}_{name}{number}", f"CREATE TABLE t{number} ({column} int); DELETE FROM missing_{name};")
    execution, _ = dev.start_and_wait_for_approval({"requireApproval": True})
    planned = dev.stack.result(execution, "Plan")
    assert planned["pending"] == 1000 and len(planned["migrations"]) == 20 and len(planned["report"]["worst"]) <= 5
    assert max(len(text.encode()) for text in texts_of(dev, execution)) < LIMIT / 5
    [mail] = dev.mails()
    assert len(mail.body.encode()) < LIMIT / 10
    assert len(dev.stored(planned["report"]["key"], "md")) <= 900 * 1024
    function = f"{dev.deployment.stack}-plan"
    given = dev.stack.client("lambda").get_function_configuration(FunctionName=function)["MemorySize"]
    assert 0 < most_memory_of(function) < given


def test_more_than_can_be_reported_on_is_planned_nevertheless(case):
    dev = case()
    dev.write("1_a", f"CREATE TABLE a (); -- {'x' * 2_000_000}")
    execution, digest = dev.start_and_wait_for_approval()
    planned = dev.stack.result(execution, "Plan")
    assert "report" not in planned and "1 statements in 20000" in planned["warnings"][0]
    dev.decide(execution, digest)
    assert dev.wait(execution)["status"] == "SUCCEEDED"


def most_memory_of(function):
    """Returns the peak memory of the processes that ran a function, in MB. The local stack does not enforce the limit
    as Lambda does."""
    peaks = [0.0]
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"AWS_LAMBDA_FUNCTION_NAME={function}".encode() in (process / "environ").read_bytes().split(b"\0"):
                [peak] = re.findall(r"^VmHWM:\s*(\d+) kB$", (process / "status").read_text(), re.MULTILINE)
                peaks.append(int(peak) / 1024)
    return max(peaks)


def texts_of(dev, execution):
    return [
        text
        for event in dev.stack.history(execution)
        for details in event.values() if isinstance(details, dict)
        for text in details.values() if isinstance(text, str)
    ]


def test_a_thousand_pending_migrations(case):
    dev = case()
    for number in range(1, 1001):
        dev.write(f"2026010100{number:04}_{'long_name_' * 8}{number}", f"CREATE TABLE t{number} ();")
    run = dev.run(seconds=240)
    assert run["status"] == "SUCCEEDED"
    assert (run["output"]["apply"]["applied"], len(run["output"]["apply"]["migrations"])) == (1000, 20)
    assert len(dev.ledger()) == len(set(dev.ledger())) == 1000
    report = run["output"]["plan"]["report"]
    assert (report["verdict"], report["safe"], report["worst"]) == ("safe", 1000, [])
    # GitHub drops a job's whole summary above 1 MiB.
    assert len(dev.stored(report["key"], "md")) <= 900 * 1024
    for ending in ("json", "html"):
        assert dev.stored(report["key"], ending).decode().count("t1000 ()") >= 1
    assert max(len(text.encode()) for text in texts_of(dev, run["executionArn"])) < LIMIT / 10
    [mail] = dev.mails()
    assert mail.subject == subjects.successful()
    assert "1000 migrations were applied" in mail.body and "and 980 more" in mail.body
    assert len(mail.body.encode()) < LIMIT / 10
