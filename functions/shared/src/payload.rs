//! Every payload that crosses a state. Field names are camelCase on the wire.

use bundle_digest::Digest;
use report::{ScriptClass, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{Notification, Record, Run, RunFailure, Versions};
use crate::request::{Request, Resolution};

/// The maximum number of migrations that a payload names. The rest is a number, so that a payload stays far below Step
/// Functions' limit of 256 KiB, whatever the history's size.
pub const MOST_NAMED: usize = 20;

/// The maximum number of migrations in the summary of a report, worst first.
pub const MOST_JUDGED: usize = 5;

/// The maximum length of a verdict's reason in a payload, in characters.
pub const LONGEST_WHY: usize = 300;

/// What RDS reports on the instance. Of an instance that was not found, or that is not created yet, there is only the
/// identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RdsInstance {
    /// The instance's identifier.
    pub instance: String,
    /// RDS's resource id, which RDS never gives to another instance.
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
    /// The name of the database that was created with the instance, if any.
    #[serde(default)]
    pub name: Option<String>,
}

/// Input of `preflight`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreflightInput {
    /// The execution's ARN.
    pub execution: String,
    /// The execution's input, unchecked.
    pub input: Value,
    /// The database.
    pub database: RdsInstance,
    /// Whether the state machine only plans.
    pub plan_only: bool,
}

/// Output of `preflight`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreflightOutput {
    /// The execution's input, checked.
    pub request: Request,
    /// What the preflight found.
    pub facts: Facts,
    /// Warnings, which stop nothing.
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
    /// The request.
    pub request: Request,
    /// The database.
    pub database: RdsInstance,
}

/// Output of `plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanOutput {
    /// The plan's digest, to which an approval is tied.
    pub digest: String,
    /// The bundle that was planned; absent where the migrations are the layer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<PlannedBundle>,
    /// How many rows the ledger had.
    pub base_rows: usize,
    /// How many migrations are pending.
    pub pending: usize,
    /// How many migrations of the history are applied.
    pub already_applied: usize,
    /// The first pending migrations, at most [`MOST_NAMED`].
    pub migrations: Vec<PendingMigration>,
    /// How many pending migrations are not named.
    pub omitted: usize,
    /// Warnings, which stop nothing, at most [`MOST_NAMED`].
    pub warnings: Vec<String>,
    /// What the pending migrations will do to the database. Absent where nothing is pending, and where it is not known:
    /// then a warning says why, and the approver has to expect the worst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportSummary>,
    /// What a resolve is to declare; such a run applies nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve: Option<ResolvePlan>,
    /// What a baseline is to record; such a run applies nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselinePlan>,
}

/// The bundle that a run's migrations come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedBundle {
    /// The bundle's digest.
    pub digest: Digest,
    /// S3's version of the object, which stays readable when the object has expired. Absent before the bundle was read,
    /// and in a bucket without versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl PlannedBundle {
    /// Returns the latest version of the bundle with this `digest`.
    pub const fn latest(digest: Digest) -> Self {
        Self { digest, version: None }
    }
}

/// The summary of a report, and where the whole report is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportSummary {
    /// The worst verdict on the pending migrations and on the database's answers.
    pub verdict: Verdict,
    /// The reason, in one line of at most [`LONGEST_WHY`] characters.
    pub why: String,
    /// How many migrations are safe.
    pub safe: usize,
    /// How many migrations need caution.
    pub caution: usize,
    /// How many migrations are dangerous.
    pub danger: usize,
    /// The migrations that are not safe, worst first, at most [`MOST_JUDGED`].
    pub worst: Vec<Judged>,
    /// The bucket that stores the report.
    pub bucket: String,
    /// The prefix of the objects' keys: the objects are `report.json`, `report.md` and `report.html`.
    pub key: String,
}

/// A migration and the report's verdict on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// The migration's name.
    pub name: String,
    /// The verdict on its worst statement.
    pub verdict: Verdict,
    /// The reason, in one line of at most [`LONGEST_WHY`] characters.
    pub why: String,
}

/// What a baseline is to record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BaselinePlan {
    /// How many migrations are to be recorded as applied.
    pub count: usize,
    /// The name of the last of them.
    pub last: String,
    /// How many ordinary tables the schema has.
    pub tables: i64,
    /// The names of the first ones, at most [`MOST_NAMED`].
    pub migrations: Vec<String>,
    /// How many of them are not named.
    pub omitted: usize,
}

/// What a resolve is to declare, and what is known of the migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvePlan {
    /// The migration's name.
    pub migration: String,
    /// The state that is to be declared.
    pub resolution: Resolution,
    /// What the ledger and the catalog tell of it, a sentence each, at most [`MOST_NAMED`].
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
    /// The reason, in one line of at most [`LONGEST_WHY`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Input of `apply`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyInput {
    /// The execution's ARN, by which a run recognises its own ledger rows.
    pub execution: String,
    /// The request.
    pub request: Request,
    /// The database.
    pub database: RdsInstance,
    /// The approved plan.
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
    /// The bundle that was planned; `None` where the migrations are the layer's.
    #[serde(default)]
    pub bundle: Option<PlannedBundle>,
}

/// Output of `apply`. Counts are of the whole run so far, not of one invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyOutput {
    /// Whether every migration of the plan is applied.
    pub finished: bool,
    /// How many migrations of the plan this run applied.
    pub applied: usize,
    /// How many migrations another run of the same plan applied meanwhile.
    pub applied_elsewhere: usize,
    /// How many migrations remain.
    pub remaining: usize,
    /// How many migrations the plan has.
    pub total: usize,
    /// The first migrations that this run applied, at most [`MOST_NAMED`].
    pub migrations: Vec<AppliedMigration>,
    /// How many migrations that this run applied are not named.
    pub omitted: usize,
    /// How long the migrations that this run applied took together, in milliseconds.
    pub duration_ms: u64,
    /// In a resolve: `true` if this run's declaration changed the ledger, `false` if the ledger said so already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
    /// In a baseline: how many migrations this run's last attempt recorded; 0 if they were recorded already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<usize>,
}

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppliedMigration {
    /// Its name.
    pub name: String,
    /// The time from start to finish, according to the ledger, in milliseconds.
    pub duration_ms: u64,
}

/// Input of `notify`, when the state machine calls it.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum NotifyInput {
    /// The run waits for approval. The task token is not part of it.
    ApprovalRequested {
        /// The execution's ARN.
        execution: String,
        /// The run so far.
        run: Box<Run>,
        /// When the approval expires, in RFC 3339.
        expires_at: String,
    },
    /// The run was approved.
    Approved {
        /// The execution's ARN.
        execution: String,
        /// The run so far.
        run: Box<Run>,
    },
    /// The run ended with success.
    Succeeded {
        /// The execution's ARN.
        execution: String,
        /// When the run started, in RFC 3339.
        started_at: String,
        /// The versions of the functions and the layer.
        versions: Versions,
        /// The run.
        run: Box<Run>,
        /// Whether to send a mail for a run that found nothing to apply.
        tell_nothing_pending: bool,
    },
    /// The run failed.
    Failed {
        /// The execution's ARN.
        execution: String,
        /// When the run started, in RFC 3339.
        started_at: String,
        /// The versions of the functions and the layer.
        versions: Versions,
        /// The run so far.
        #[serde(default)]
        run: Box<Run>,
        /// Why it failed.
        failure: RunFailure,
        /// Whether the state machine only plans: then the caller looks at the result, and no mail is sent.
        plan_only: bool,
    },
}

/// Output of `notify`: what became of the mail and, when the run has ended, the run's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotifyOutput {
    /// What became of the mail.
    #[serde(flatten)]
    pub notification: Notification,
    /// The record, complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<Record>>,
}
