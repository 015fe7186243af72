"""A mail that cannot be sent changes nothing about the run."""

from contextlib import contextmanager

from proofs.harness.database import applied


def test_a_success_stays_one_and_the_record_says_that_the_mail_was_lost(case):
    dev = case()
    dev.write("1_a", "CREATE TABLE a ()")
    with no_topic(dev):
        run = dev.run()
    assert run["status"] == "SUCCEEDED"
    assert dev.ledger() == applied("1_a")
    assert run["output"]["notifications"]["ended"] == {"sent": False, "error": "NotFound"}
    assert any("mail could not be sent" in line for line in dev.stack.log_lines(dev.deployment, "notify"))


def test_an_approval_goes_on_without_its_mails_and_says_so(case):
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    with no_topic(prod):
        execution, digest = prod.start_and_wait_for_approval()
        shown = prod.command("show", execution).stdout
        assert "! The mail that asks for it could not be sent: NotFound" in shown and digest in shown
        prod.decide(execution, digest)
        record = prod.wait(execution)["output"]
    lost = {"sent": False, "error": "NotFound"}
    assert (record["outcome"], record["notifications"]) == ("applied", {"approved": lost, "ended": lost})
    assert record["approval"]["requestMailSent"] is False
    followed = prod.command("run", "--follow", execution)
    assert followed.returncode == 0
    for mail in ("that asks for it", "that tells of the approval", "that tells how the run ended"):
        assert f"The mail {mail} could not be sent" in followed.stdout


def test_a_failure_keeps_its_own_cause(case):
    dev = case()
    dev.write("1_a", "SELECT 1 / 0")
    with no_topic(dev):
        run = dev.run()
        assert (run["status"], run["error"]) == ("FAILED", "Migration.Failed")
        assert run["cause"].startswith("(No mail could be sent.) ") and "22012" in run["cause"]
        dev.mails()
    # EventBridge has called the function again, as it does until a mail is sent.
    name = run["executionArn"].rsplit(":", 1)[1]
    ends = [line for line in dev.stack.log_lines(dev.deployment, "notify") if "run ended" in line and name in line]
    assert len(ends) == 2


@contextmanager
def no_topic(dev):
    mailbox, topics = dev.stack.mailbox(dev.deployment), dev.stack.client("sns")
    topics.delete_topic(TopicArn=mailbox.topic_arn)
    try:
        yield
    finally:
        assert topics.create_topic(Name=mailbox.topic_arn.rsplit(":", 1)[1])["TopicArn"] == mailbox.topic_arn
        mailbox.open()
