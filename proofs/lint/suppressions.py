"""The linters' findings that we accept, each with its reason. A suppression that no longer hides a finding is an error."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Suppression:
    """One rule for some resources (a shell pattern of logical ids), in some variants of the parameters."""

    rule: str
    resources: str
    reason: str
    variants: tuple[str, ...] = ("dev", "prod")

    def covers(self, rule: str, resource: str, variant: str) -> bool:
        """Returns whether the suppression covers a finding."""
        return rule == self.rule and variant in self.variants and fnmatchcase(resource, self.resources)


SUPPRESSED = [
    Suppression(
        "CKV_AWS_18",
        "ReportsBucket",
        "No access log: it needs a second bucket, which needs all of this again. Who reads a report is in CloudTrail, where an "
        "account records data events.",
    ),
    Suppression(
        "CKV_AWS_111",
        "VpcFunctionsPolicy",
        "The actions for the VPC's network interfaces: Lambda accepts them on * only, and a Deny keeps the functions' own "
        "code from using them. X-Ray's take no resource.",
    ),
    Suppression(
        "CKV_AWS_115",
        "*Function",
        "No reserved concurrency: an account with the initial quota of 10 cannot reserve any, so the deployment would "
        "fail there; and it protects nothing here, because runs that overlap are kept apart by the database's lock.",
    ),
    Suppression(
        "CKV_AWS_116",
        "*Function",
        "No dead letter queue: the state machine calls the functions synchronously and handles their failures itself. "
        "Only the EventBridge rule calls notify asynchronously; it is retried, and what it would have told stays "
        "visible as the execution's status.",
    ),
    Suppression(
        "CKV_AWS_117",
        "NotifyFunction",
        "notify talks to SNS only. In the VPC it would need one more endpoint, for nothing.",
    ),
    Suppression(
        "CKV_AWS_117",
        "ApproveFunction",
        "approve talks to Step Functions only. In the VPC it would need one more endpoint, for nothing.",
    ),
    Suppression(
        "CKV_AWS_158",
        "*LogGroup",
        "The logs hold no secret, no row value and no task token, and CloudWatch encrypts them with its own key.",
    ),
    Suppression(
        "CKV_AWS_173",
        "*Function",
        "The variables hold names and ARNs, no secret. EnvironmentKmsKeyArn gives a key, as in the other "
        "variant.",
        variants=("dev",),
    ),
    Suppression(
        "CKV_AWS_26",
        "NotificationTopic",
        "What is published leaves AWS as a mail. NotificationKmsKeyArn gives a key, as in the other variant.",
        variants=("dev",),
    ),
]
