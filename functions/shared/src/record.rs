//! A run's record: the requester, the plan, the decision, what was applied, and how the run ended.
//!
//! The state machine builds the record step by step as its variable `run`; `notify` completes it. The record is the
//! output of an execution that succeeded, one line of the log (each time that `notify` is called for an end), and the
//! source of the last mail.

use serde::{Deserialize, Serialize};

use crate::Place;
use crate::payload::{ApplyOutput, BaselinePlan, Facts, PlanOutput, RdsInstance, ResolvePlan};
use crate::request::Request;

/// The beginning of a failure's cause when the state machine could not have it reported. No text from outside can begin
/// a cause.
pub const UNTOLD: &str = "(No mail could be sent.) ";

/// A run so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<RdsInstance>,
    /// The request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// What preflight found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preflight: Option<Preflight>,
    /// The plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanOutput>,
    /// The decision, where one was asked for and given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Decision>,
    /// What was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply: Option<ApplyOutput>,
    /// What became of the mails.
    #[serde(default)]
    pub notifications: Notifications,
}

impl Run {
    /// Returns what is to be declared, in a resolve.
    pub fn resolve(&self) -> Option<&ResolvePlan> {
        self.plan.as_ref().and_then(|plan| plan.resolve.as_ref())
    }

    /// Returns what is to be recorded, in a baseline.
    pub fn baseline(&self) -> Option<&BaselinePlan> {
        self.plan.as_ref().and_then(|plan| plan.baseline.as_ref())
    }
}

/// The findings of a preflight, without the request that it checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// The server and the session.
    pub facts: Facts,
    /// Warnings, which stop nothing.
    pub warnings: Vec<String>,
}

/// A decision, who took it, and how the identity is known. Output of the Approval state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What the approver chose.
    pub decision: Choice,
    /// The digest of the plan that the decision is about.
    pub digest: String,
    /// The approver: the ARN that signed the request, or the name that the caller gave.
    pub by: String,
    /// Whether `by` is a verified ARN or a claimed name.
    pub identity: Identity,
    /// The person in whose name the signer decides, as the signer says: the reviewer at GitHub's gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// What keeps the requester from approving their own run.
    pub duties: Duties,
    /// The reason that the approver gave.
    pub reason: String,
    /// When the decision was taken, in RFC 3339.
    pub at: String,
    /// The version of `approve` that took the decision.
    pub version: String,
    /// Whether the mail that asked for the decision was sent, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_mail_sent: Option<bool>,
}

/// An approver's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Choice {
    /// The plan may be applied.
    Approved,
    /// The plan may not be applied.
    Rejected,
}

/// How an approver's identity is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Identity {
    /// AWS verified the signature.
    Verified,
    /// The caller gave a name.
    Claimed,
}

/// What separates requesting a run from approving it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Duties {
    /// No principal may both start and approve.
    Roles,
    /// The names of both were compared and differ.
    Names,
    /// Nothing: the requester is not known, or the two names are the same, as when a requester withdraws a run.
    Unchecked,
}

/// What became of the mails of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// The mail that reports an approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Notification>,
    /// The mail that reports how the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Notification>,
}

/// What became of a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Whether it was sent.
    pub sent: bool,
    /// SNS's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Why it could not be sent. If this is absent and `sent` is false, the run needed no mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// The failure's name.
    pub error: String,
    /// The message: what happened, and the way out.
    pub cause: String,
    /// The state in which the run failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The script that failed, and where in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The versions that a run used: the versioned ARNs in its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The function `preflight`.
    pub preflight: String,
    /// The function `plan`.
    pub plan: String,
    /// The function `apply`.
    pub apply: String,
    /// The function `notify`.
    pub notify: String,
    /// The layer with the migrations.
    pub migrations: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The plan was applied.
    Applied,
    /// There was nothing to apply.
    NothingPending,
    /// Only a plan was asked for.
    Planned,
    /// A migration was declared applied or rolled back.
    Resolved,
    /// The migrations that a database had already were recorded as applied.
    Baselined,
    /// The run failed.
    Failed,
    /// The approver rejected the plan.
    Rejected,
    /// The approval expired.
    Expired,
    /// The execution was stopped by hand.
    Stopped,
    /// The execution took longer than it may.
    TimedOut,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The execution's ARN.
    pub execution: String,
    /// dev, qa or prod.
    pub environment: String,
    /// How it ended.
    pub outcome: Outcome,
    /// When it started, in RFC 3339.
    pub started_at: String,
    /// When it ended, in RFC 3339.
    pub ended_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What happened in it.
    #[serde(flatten)]
    pub run: Run,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<RunFailure>,
    /// The versions that it used; unknown where the execution ended from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
}
