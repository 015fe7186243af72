//! Every payload that crosses a state. Field names are camelCase on the wire.

use report::{ScriptClass, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{Notification, Record, Run, RunFailure, Versions};
use crate::request::{Request, Resolution};

/// How many migrations a payload names at most. The rest is a number, so that a payload stays far
/// under Step Functions' 256 KiB whatever the history's size.
pub const MOST_NAMED: usize = 20;

/// How many migrations the summary of a report tells of, worst first.
pub const MOST_JUDGED: usize = 5;

/// How many characters a payload tells of why something is judged as it is.
pub const LONGEST_WHY: usize = 300;

/// What RDS says of the instance. One that was not found, or has not been made yet, has no more than
/// its identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// The instance's identifier.
    pub instance: String,
    /// RDS's resource id, which no other instance ever has.
    #[serde(default)]
    pub resource_id: String,
    /// Its status.
    #[serde(default)]
    pub status: Option<String>,
    /// The endpoint's host name.
    #[serde(default)]
    pub host: Option<String>,
    /// The endpoint's TCP port.
    #[serde(default)]
    pub port: Option<u16>,
    /// The database made with the instance, if any.
    #[serde(default)]
    pub name: Option<String>,
}

/// Input of `preflight`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreflightInput {
    /// The execution's ARN.
    pub execution: String,
    /// The execution's input, as it came.
    pub input: Value,
    /// The database.
    pub database: Database,
}

/// Output of `preflight`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreflightOutput {
    /// The execution's input, checked.
    pub request: Request,
    /// What was found.
    pub facts: Facts,
    /// What a person should know though it stops nothing.
    pub warnings: Vec<String>,
}

/// What a preflight found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// PostgreSQL's version.
    pub server_version: String,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// Whether TLS is on and the server's name verified.
    pub tls: bool,
}

/// Input of `plan`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanInput {
    /// The execution's ARN.
    pub execution: String,
    /// What was asked for.
    pub request: Request,
    /// The database.
    pub database: Database,
}

/// Output of `plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanOutput {
    /// The plan's digest, which an approval names.
    pub digest: String,
    /// How many rows the ledger had.
    pub base_rows: usize,
    /// How many migrations are pending.
    pub pending: usize,
    /// How many of the history are applied.
    pub already_applied: usize,
    /// The first pending ones, [`MOST_NAMED`] at most.
    pub migrations: Vec<PendingMigration>,
    /// How many pending ones are not named.
    pub omitted: usize,
    /// What a person should know though it stops nothing, [`MOST_NAMED`] at most.
    pub warnings: Vec<String>,
    /// What the pending ones will do to the database. Absent where nothing is pending, and where that is not known: a
    /// warning says why, and whoever decides by it has to expect the worst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportSummary>,
    /// What is to be declared instead of applying anything, in a resolve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve: Option<ResolvePlan>,
    /// What is to be recorded instead of applying anything, in a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselinePlan>,
}

/// The short of a report, and where the whole is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportSummary {
    /// The worst of all that is pending, and of what the database said.
    pub verdict: Verdict,
    /// Why, in [`LONGEST_WHY`] characters of one line.
    pub why: String,
    /// How many migrations are safe.
    pub safe: usize,
    /// How many want caution.
    pub caution: usize,
    /// How many are dangerous.
    pub danger: usize,
    /// Those that are not safe, worst first, [`MOST_JUDGED`] at most.
    pub worst: Vec<Judged>,
    /// The bucket that the report is in.
    pub bucket: String,
    /// Below which key: the objects there are `report.json`, `report.md` and `report.html`.
    pub key: String,
}

/// A migration and what the report says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// The worst of its statements.
    pub verdict: Verdict,
    /// Why, in [`LONGEST_WHY`] characters of one line.
    pub why: String,
}

/// What a baseline is to record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BaselinePlan {
    /// How many migrations are to be recorded as applied.
    pub count: usize,
    /// The last of them.
    pub last: String,
    /// How many ordinary tables the schema has.
    pub tables: i64,
    /// The names of the first ones, [`MOST_NAMED`] at most.
    pub migrations: Vec<String>,
    /// How many are not named.
    pub omitted: usize,
}

/// What a resolve is to declare, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvePlan {
    /// The migration's name.
    pub migration: String,
    /// What is to be declared of it.
    pub resolution: Resolution,
    /// What the ledger and the catalog tell of it, a sentence each, [`MOST_NAMED`] at most.
    pub facts: Vec<String>,
}

/// A migration that is to be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingMigration {
    /// Its name.
    pub name: String,
    /// How it runs.
    pub class: ScriptClass,
    /// How many statements it has; `None` where the script could not be parsed as a whole.
    pub statements: Option<usize>,
    /// How dangerous it is; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why, in [`LONGEST_WHY`] characters of one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Input of `apply`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyInput {
    /// The execution's ARN, by which a run knows its own ledger rows again.
    pub execution: String,
    /// What was asked for.
    pub request: Request,
    /// The database.
    pub database: Database,
    /// What was approved.
    pub plan: ApprovedPlan,
}

/// The part of a plan that `apply` checks again under the lock.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovedPlan {
    /// The plan's digest.
    pub digest: String,
    /// How many rows the ledger had.
    pub base_rows: usize,
}

/// Output of `apply`. Counts are of the whole run so far, not of the one invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyOutput {
    /// Whether nothing of the plan remains.
    pub finished: bool,
    /// How many migrations of the plan this run applied.
    pub applied: usize,
    /// How many another run of the same plan applied meanwhile.
    pub applied_elsewhere: usize,
    /// How many remain.
    pub remaining: usize,
    /// How many the plan has.
    pub total: usize,
    /// The first ones that this run applied, [`MOST_NAMED`] at most.
    pub migrations: Vec<AppliedMigration>,
    /// How many that it applied are not named.
    pub omitted: usize,
    /// How long the ones that it applied took together, in milliseconds.
    pub duration_ms: u64,
    /// In a resolve: whether this run's declaration changed the ledger, or it said so already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
    /// In a baseline: how many migrations this run's last attempt recorded; 0 if they were already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<usize>,
}

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppliedMigration {
    /// Its name.
    pub name: String,
    /// From start to finish by the ledger, in milliseconds.
    pub duration_ms: u64,
}

/// Input of `notify`, when the state machine calls it.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum NotifyInput {
    /// Somebody has to decide. The task token stays where it is.
    ApprovalRequested {
        /// The execution's ARN.
        execution: String,
        /// The run so far.
        run: Box<Run>,
        /// When the approval expires, in RFC 3339.
        expires_at: String,
    },
    /// Somebody approved.
    Approved {
        /// The execution's ARN.
        execution: String,
        /// The run so far.
        run: Box<Run>,
    },
    /// The run ended well.
    Succeeded {
        /// The execution's ARN.
        execution: String,
        /// When it started, in RFC 3339.
        started_at: String,
        /// What it ran on.
        versions: Versions,
        /// The run.
        run: Box<Run>,
        /// Whether a run that found nothing to apply is worth a mail.
        tell_nothing_pending: bool,
    },
    /// The run failed.
    Failed {
        /// The execution's ARN.
        execution: String,
        /// When it started, in RFC 3339.
        started_at: String,
        /// What it ran on.
        versions: Versions,
        /// The run so far.
        #[serde(default)]
        run: Box<Run>,
        /// Why.
        failure: RunFailure,
    },
}

/// Output of `notify`: what became of the mail and, when the run has ended, the run's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotifyOutput {
    /// What became of the mail.
    #[serde(flatten)]
    pub notification: Notification,
    /// The record, complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<Record>>,
}
