"""The report on a run's plan: fetched from the stack's bucket with the caller's own rights."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from botocore.exceptions import ClientError

from scripts.operate.target import Target
from scripts.wire.steps import PlanOutput

_ABSENT = ("NoSuchKey", "NoSuchBucket", "404")
_FORBIDDEN = ("AccessDenied", "AllAccessDisabled", "403")


class NoReport(RuntimeError):
    """There is no report, or none that this caller may read; the message says why."""


def fetch(target: Target, planned: PlanOutput | None, ending: str) -> bytes:
    """Returns a rendering of the report on a plan: `html`, `md` or `json`."""
    summary = planned.get("report") if planned else None
    if not summary:
        raise NoReport(f"This run has no report: {_why_not(planned)}")
    key = f"{summary['key']}/report.{ending}"
    try:
        return target.client("s3").get_object(Bucket=summary["bucket"], Key=key)["Body"].read()
    except ClientError as failure:
        code = failure.response["Error"]["Code"]
        if code in _ABSENT:
            raise NoReport(f"The report is not in {summary['bucket']} any more: it expired (ReportRetentionDays)") from None
        if code in _FORBIDDEN:
            raise NoReport(
                f"AWS does not let you read s3://{summary['bucket']}/{key}: attach the stack's policy for starting or "
                f"approving ({failure.response['Error']['Message']})"
            ) from None
        raise


def save(html: bytes, execution: str, directory: Path | None = None) -> Path:
    """Writes the HTML to a file that other users of this machine cannot read, and returns its path."""
    handle, path = tempfile.mkstemp(prefix=f"lockstep-{execution}-"[:80], suffix=".html", dir=directory)
    with os.fdopen(handle, "wb") as file:
        file.write(html)
    return Path(path)


def _why_not(planned: PlanOutput | None) -> str:
    if not planned:
        return "it did not come to a plan"
    if not planned["pending"]:
        return "it runs no migration" if "resolve" in planned or "baseline" in planned else "nothing was pending"
    return next((text for text in planned["warnings"] if text.startswith("There is no report")), "none was made")
