"""A history of a size that no payload may notice."""

from e2e import subjects

#: What AWS lets pass between two states.
LIMIT = 262_144


def test_a_thousand_pending_migrations(case):
    dev = case()
    for number in range(1, 1001):
        dev.write(f"2026010100{number:04}_{'long_name_' * 8}{number}", f"CREATE TABLE t{number} ();")
    run = dev.run(seconds=240)
    assert run["status"] == "SUCCEEDED"
    assert (run["output"]["apply"]["applied"], len(run["output"]["apply"]["migrations"])) == (1000, 20)
    assert len(dev.ledger()) == len(set(dev.ledger())) == 1000
    texts = [
        text
        for event in dev.stack.history(run["executionArn"])
        for details in event.values() if isinstance(details, dict)
        for text in details.values() if isinstance(text, str)
    ]
    assert max(len(text.encode()) for text in texts) < LIMIT / 10
    [mail] = dev.mails()
    assert mail.subject == subjects.successful()
    assert "1000 migrations were applied" in mail.body and "and 980 more" in mail.body
    assert len(mail.body.encode()) < LIMIT / 10
