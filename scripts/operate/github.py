"""The jobs of .github/workflows/deploy-migrations.yml after `deploy`: start, decide, clean-up.

`start` starts the execution and follows it until it ends or waits. `decide` runs behind the gate. It approves in the name
of the reviewer who let it in. Without a reviewer it waits for a decision that is made with a person's own AWS identity.
`clean-up` rejects an execution that would otherwise wait in vain.
"""

from __future__ import annotations

import argparse
import io
import secrets
import sys
import time

from botocore.exceptions import ClientError

from scripts.operate import decide as deciding
from scripts.operate import github_annotation, github_reviews, report, show
from scripts.operate import start as starting
from scripts.operate.arguments import Parser
from scripts.operate.errors import EXPECTED, explain
from scripts.operate.follow import (
    INTERRUPTED,
    LOST,
    REJECTED,
    SUCCEEDED,
    Follower,
    decision_commands,
    exit_status,
    goes_on,
    name_of,
    show_command,
)
from scripts.operate.github_job import Job, Seen
from scripts.operate.github_reviews import GitHubFailed, Review
from scripts.operate.github_run import NotInGitHub, Run
from scripts.operate.github_summary import Summary
from scripts.operate.target import ENVIRONMENTS, find
from scripts.operate.terminal import Terminal, reader_left
from scripts.operate.text import is_plain
from scripts.wire.approve import Verb
from scripts.wire.request import Input

_STATUSES = """\
exit status:
  0  the execution succeeded, or waits for the gate (start), or nothing waits any more (clean-up)
  1  it failed, or could not be started
  2  the approval was refused, or GitHub did not answer
  3  it was rejected
  4  no person decided in time
  5  it was stopped
  6  it took longer than an execution may
  7  AWS no longer answered; the execution goes on
  130  the job was cancelled
"""

#: The value of the workflow's input `up_to` that leaves nothing out. An empty value would be a variable that is not set.
ALL = "all"

#: The number of characters of a reviewer's comment that go into the record.
_COMMENT = 500


class _Waits(Exception):
    """Ends following, because the execution waits for a decision."""


def begin(job: Job, given: Input) -> None:
    """Starts the execution once. Its name belongs to this attempt alone, so a repeated step finds the execution that it
    started."""
    try:
        starting.start(job.target, given, name_of(job.execution))
    except ClientError as failure:
        if failure.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
    job.run.hand_over(execution=name_of(job.execution))


def start(job: Job) -> int:
    """Follows the started execution until it ends or waits for the gate. Returns the exit status."""
    try:
        status = Follower(job.target, job.execution, job.terminal, on_approval=_leave).follow()
    except _Waits:
        # The last moment to note them: the gate opens when this job is done.
        earlier = github_reviews.noted(github_reviews.reviews(job.run))
        job.run.hand_over(waiting="true", reviews=earlier)
        seen = job.look()
        _show_waiting(job, seen)
        _report(job, seen)
        return SUCCEEDED
    job.run.hand_over(waiting="false")
    seen = job.look()
    _show_end(job, seen, with_plan=True)
    _report(job, seen)
    return status


def decide(job: Job) -> int:
    """Approves if a reviewer let this job in. Follows the execution to its end in either case. Returns the exit status."""
    seen = job.look()
    if seen.waiting:
        review = github_reviews.newest(job.new_reviews(), job.target.word, "approved")
        if review is None:
            _show_no_review(job, seen)
        elif not _answer(job, seen, "approve", review.user, _reason(job.run, review)):
            return deciding.REFUSED
    status = Follower(job.target, job.execution, job.terminal).follow()
    _show_end(job, job.look())
    return status


def clean_up(job: Job) -> int:
    """Rejects the execution as soon as it waits, in the name of the rejecting reviewer if there is one. Returns the
    exit status."""
    try:
        seen = job.look()
    except ClientError as failure:
        if failure.response["Error"]["Code"] != "ExecutionDoesNotExist":
            raise
        return _nothing_to_do(job, "No execution was started")
    if seen.ended:
        return _nothing_to_do(job, f"The execution has ended already: {seen.error or seen.status}")
    if not seen.waiting:
        job.terminal.line("It does not wait for approval yet; waiting until it does, or ends")
    while not (seen.waiting or seen.ended):
        time.sleep(0.3 if job.target.settings else 3)
        seen = job.look()
    if seen.waiting:
        review = _rejection(job)
        reason = _reason(job.run, review) if review else f"The workflow run ended without an approval ({job.run.url})"
        if not _answer(job, seen, "reject", review.user if review else None, reason):
            return deciding.REFUSED
        Follower(job.target, job.execution, job.terminal).follow()
        seen = job.look()
    _show_end(job, seen)
    status = exit_status(seen.status, seen.error)
    # A rejection is the purpose of this job, so it is a success.
    return SUCCEEDED if status == REJECTED else status


def _leave(_digest: str) -> None:
    raise _Waits


def _answer(job: Job, seen: Seen, decision: Verb, reviewer: str | None, reason: str) -> bool:
    """Returns whether the execution is decided now, by this answer or by an earlier one."""
    try:
        deciding.decide(job.target, job.execution, seen.digest, decision, reason, on_behalf_of=reviewer)
    except deciding.Refused as refusal:
        if not job.look().waiting:
            job.terminal.line(f"The run no longer waits for a decision ({refusal})", "yellow")
            return True
        Terminal(sys.stderr).line(f"Refused: {refusal}", "red")
        name = f" in the name of {reviewer}" if reviewer else ""
        job.summary.heading(f"✗ {job.title}: could not {decision}{name}")
        job.summary.paragraph(str(refusal))
        if decision == "approve":
            job.summary.paragraph("Nothing was applied, and the job clean-up rejects the run. Start a new one.")
        else:
            _show_commands(job, seen.digest)
        return False
    return True


def _rejection(job: Job) -> Review | None:
    """Returns the review that rejected. The execution is rejected also when GitHub does not say who rejected."""
    try:
        return github_reviews.newest(job.new_reviews(), job.target.word, "rejected")
    except GitHubFailed as failure:
        job.terminal.line(f"It is not known who rejected: {failure}", "yellow")
        return None


def _reason(run: Run, review: Review) -> str:
    """Returns the reviewer's comment on one line, and the run in which it was made."""
    comment = " ".join("".join(one if is_plain(one) else " " for one in review.comment).split())
    return f"{comment[:_COMMENT] or 'Reviewed in GitHub'} ({run.url})"


def _nothing_to_do(job: Job, why: str) -> int:
    job.terminal.line(f"{why}; nothing to clean up")
    return SUCCEEDED


def _show_waiting(job: Job, seen: Seen) -> None:
    job.summary.heading(f"⏸ {job.title}: waiting for approval")
    _show_plan(job, seen)
    job.summary.paragraph("To decide with an AWS identity of your own, also while the gate waits:")
    _show_commands(job, seen.digest)


def _show_no_review(job: Job, seen: Seen) -> None:
    said = (
        f"No reviewer approved this run in the GitHub environment {job.target.word}, so this job approves nothing. "
        "It waits until a person decides with an AWS identity of their own."
    )
    job.terminal.line(said, "yellow")
    job.summary.heading(f"⏸ {job.title}: no review")
    job.summary.paragraph(said)
    _show_plan(job, seen)
    _show_commands(job, seen.digest)


def _show_plan(job: Job, seen: Seen) -> None:
    job.summary.facts(
        Execution=name_of(job.execution),
        Requested_by=seen.request.get("requestedBy"),
        Reason=seen.request.get("reason"),
        Commit=seen.request.get("commit"),
        Digest=seen.digest,
        Until=seen.position.expires_at,
    )
    if seen.plan:
        job.summary.plan(seen.plan)


def _report(job: Job, seen: Seen) -> None:
    """Shows the report on the plan, and leaves it in a file for the next step. A run without a report is still valid."""
    if not seen.plan or not seen.plan["pending"]:
        return
    try:
        file = report.save(report.fetch(job.target, seen.plan, "html"), name_of(job.execution), job.run.temporary)
        job.run.hand_over(report=str(file))
        job.summary.report(report.fetch(job.target, seen.plan, "md").decode())
    except (report.NoReport, *EXPECTED) as failure:
        said = explain(failure, job.target.stack, job.target.region)
        job.terminal.line(said, "yellow")
        job.summary.paragraph(said)


def _show_commands(job: Job, digest: str) -> None:
    commands = [show_command(job.target, job.execution), *decision_commands(job.target, job.execution, digest)]
    job.summary.listing("\n".join(commands))


def _show_end(job: Job, seen: Seen, with_plan: bool = False) -> None:
    mark = "✓" if seen.status == "SUCCEEDED" else "✗"
    job.summary.heading(f"{mark} {job.title}: {seen.error or seen.record.get('outcome') or seen.status}")
    if with_plan:
        _show_plan(job, seen)
    words = io.StringIO()
    if seen.status == "SUCCEEDED":
        if "approval" in seen.record:
            show.decision(Terminal(words, colour=False), seen.record["approval"])
        show.result(Terminal(words, colour=False), seen.record, seen.took)
    else:
        show.failure(Terminal(words, colour=False), seen.status, seen.error, seen.cause)
        annotation = github_annotation.error(seen.position.place, f"{job.title}: {seen.error}", seen.cause)
        job.annotations.extend([annotation] if annotation else [])
    job.summary.listing(words.getvalue().strip("\n"))


_JOBS = {"start": start, "decide": decide, "clean-up": clean_up}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    options = _arguments(arguments)
    # The output holds names and messages from outside. GitHub must not take a line of it for a command.
    resume = secrets.token_hex(16)
    annotations: list[str] = []
    print(f"::stop-commands::{resume}", flush=True)
    try:
        return _run(options, annotations)
    finally:
        print(f"::{resume}::", *annotations, sep="\n", flush=True)


def _run(options: argparse.Namespace, annotations: list[str]) -> int:
    terminal, errors = Terminal(), Terminal(sys.stderr)
    stack, region, job, begun = options.environment, None, None, options.job != "start"
    try:
        run = Run.current()
        target = find(options.environment, options.project or None)
        stack, region = target.stack, target.region
        execution = target.execution_arn(getattr(options, "execution", "") or run.execution)
        job = Job(run, target, terminal, Summary(run.summary), execution, getattr(options, "reviews", ""), annotations)
        terminal.line(f"{terminal.paint(stack, 'bold')}  {name_of(execution)}")
        terminal.line(execution, "dim")
        if options.job == "start":
            up_to = None if options.up_to == ALL else options.up_to
            begin(job, starting.execution_input(
                run.requester, mode=options.mode, up_to=up_to, reason=options.reason, commit=run.commit
            ))
            begun = True
        return _JOBS[options.job](job)
    except (NotInGitHub, GitHubFailed) as failure:
        errors.line(f"scripts/github: {failure}", "red")
        if job:
            job.summary.paragraph(f"✗ {failure}")
        return deciding.REFUSED
    except EXPECTED as failure:
        said = explain(failure, stack, region)
        errors.line(f"scripts/github: {said}", "red")
        if job:
            job.summary.paragraph(f"✗ {said}")
        return _lost(errors, job if begun else None)
    except BrokenPipeError:
        reader_left()
        return _lost(errors, job if begun else None)
    except KeyboardInterrupt:
        terminal.line("Cancelled. The job clean-up rejects the execution if it waits for approval.", "yellow")
        return INTERRUPTED


def _lost(errors: Terminal, job: Job | None) -> int:
    """Returns the exit status for an execution that is no longer followed, or that was never started."""
    if job is None:
        return 1
    goes_on(errors, job.target, job.execution)
    return LOST


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="scripts/github",
        description="The jobs of .github/workflows/deploy-migrations.yml. The rest comes from GitHub's variables.",
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    jobs = parser.add_subparsers(dest="job", required=True, metavar="{start,decide,clean-up}")
    for name, what in (
        ("start", "starts the execution, and follows it until it ends or waits for approval"),
        ("decide", "approves in the reviewer's name, and follows the execution to its end"),
        ("clean-up", "rejects the execution if it still waits"),
    ):
        job = jobs.add_parser(name, description=f"{what.capitalize()}.", help=what)
        job.add_argument("environment", choices=ENVIRONMENTS)
        # These may be empty: a repository variable that is not set, an output that was not handed over, or a form's field.
        job.add_argument("--project", type=str, help="the template's parameter Project (lockstep)")
        if name == "start":
            job.add_argument("--mode", choices=("apply", "plan"), help="plan writes nothing")
            job.add_argument("--up-to", metavar="MIGRATION", help=f"the last migration to apply; {ALL} sets no bound")
            job.add_argument("--reason", type=str, help="the reason, for the record")
        else:
            job.add_argument("--execution", type=str, default="", help="the execution's name, where `start` could hand it over")
            job.add_argument("--reviews", type=str, default="", help="the reviews before the gate, as `start` noted them")
    return parser.parse_args(arguments)
