"""Input and output of the functions preflight, plan and apply: `functions/shared/src/payload.rs`."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from local.wire.request import Request, Resolution

#: How dangerous something is to other sessions, and how a script runs.
Verdict = Literal["safe", "caution", "danger"]
ScriptClass = Literal["transactional", "standalone"]


class Secret(TypedDict):
    """The database's secret, in the shape that Secrets Manager's own console makes. RDS's own has only user and password."""

    engine: NotRequired[str]
    username: str
    password: str
    host: NotRequired[str]
    port: NotRequired[int]
    dbname: NotRequired[str]


class Database(TypedDict):
    """What RDS reports on the instance. Of one that was not found there is only the identifier."""

    instance: str
    resourceId: NotRequired[str]
    status: NotRequired[str | None]
    host: NotRequired[str | None]
    port: NotRequired[int | None]
    name: NotRequired[str | None]


class PreflightInput(TypedDict):
    """Input of preflight; the execution's own input is not checked yet."""

    execution: str
    input: object
    database: Database
    planOnly: bool


class Facts(TypedDict):
    """The server and the session, as preflight found them."""

    serverVersion: str
    database: str
    user: str
    tls: bool


class PreflightOutput(TypedDict):
    """Output of preflight."""

    request: Request
    facts: Facts
    warnings: list[str]


class PlanInput(TypedDict):
    """Input of plan."""

    execution: str
    request: Request
    database: Database


#: A migration that is to be applied. A script that could not be parsed completely has no number of statements. The form of a
#: call, because the word `class` cannot name an attribute.
PendingMigration = TypedDict("PendingMigration", {
    "name": str,
    "class": ScriptClass,
    "statements": int | None,
    "verdict": NotRequired[Verdict],
    "why": NotRequired[str],
})


class Judged(TypedDict):
    """A migration and the report's verdict on it."""

    name: str
    verdict: Verdict
    why: str


class PlannedBundle(TypedDict):
    """The bundle that a run's migrations come from, and the version of the object in S3."""

    digest: str
    version: NotRequired[str]


class ReportSummary(TypedDict):
    """The summary of a report, and the place of the whole report."""

    verdict: Verdict
    why: str
    safe: int
    caution: int
    danger: int
    worst: list[Judged]
    bucket: str
    key: str


class ResolvePlan(TypedDict):
    """What a resolve is to declare, and what is known of the migration."""

    migration: str
    resolution: Resolution
    facts: list[str]


class BaselinePlan(TypedDict):
    """What a baseline is to record."""

    count: int
    last: str
    tables: int
    migrations: list[str]
    omitted: int


class PlanOutput(TypedDict):
    """Output of plan. Without a report nothing is pending, or a warning says why it is missing."""

    digest: str
    bundle: NotRequired[PlannedBundle]
    baseRows: int
    pending: int
    alreadyApplied: int
    migrations: list[PendingMigration]
    omitted: int
    warnings: list[str]
    report: NotRequired[ReportSummary]
    resolve: NotRequired[ResolvePlan]
    baseline: NotRequired[BaselinePlan]


class ApprovedPlan(TypedDict):
    """The part of a plan that apply checks again under the lock."""

    digest: str
    baseRows: int
    bundle: NotRequired[PlannedBundle]


class ApplyInput(PlanInput):
    """Input of apply."""

    plan: ApprovedPlan


class AppliedMigration(TypedDict):
    """A migration that was applied."""

    name: str
    durationMs: int


class ApplyOutput(TypedDict):
    """Output of apply. Counts are of the whole run so far."""

    finished: bool
    applied: int
    appliedElsewhere: int
    remaining: int
    total: int
    migrations: list[AppliedMigration]
    omitted: int
    durationMs: int
    resolved: NotRequired[bool]
    recorded: NotRequired[int]
