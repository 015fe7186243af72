//! A run's record: who asked, what was planned, who decided, what ran, how it ended.
//!
//! The state machine builds it step by step as its variable `run`; `notify` completes it. It is a succeeded
//! execution's output, one line of the log (each time that `notify` is called for an end), and what the last mail tells.

use serde::{Deserialize, Serialize};

use crate::Place;
use crate::payload::{ApplyOutput, BaselinePlan, Database, Facts, PlanOutput, ResolvePlan};
use crate::request::Request;

/// How a failure's cause begins when the state machine could not have it told. Nobody else's text begins a cause.
pub const UNTOLD: &str = "(No mail could be sent.) ";

/// A run, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
    /// What was asked for.
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
    /// What is to be declared, in a resolve.
    pub fn resolve(&self) -> Option<&ResolvePlan> {
        self.plan.as_ref().and_then(|plan| plan.resolve.as_ref())
    }

    /// What is to be recorded, in a baseline.
    pub fn baseline(&self) -> Option<&BaselinePlan> {
        self.plan.as_ref().and_then(|plan| plan.baseline.as_ref())
    }
}

/// What a preflight found, without the request that it checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// The server and the session.
    pub facts: Facts,
    /// What a person should know though it stops nothing.
    pub warnings: Vec<String>,
}

/// Who decided, and how that is known. Output of the Approval state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What was decided.
    pub decision: Verdict,
    /// The digest of the plan that was decided on.
    pub digest: String,
    /// Who decided: the ARN that signed the request, or the name that the caller gave.
    pub by: String,
    /// Which of the two `by` is.
    pub identity: Identity,
    /// In whose name, as the signer says: the reviewer at GitHub's gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// What keeps whoever asked for the run from approving it.
    pub duties: Duties,
    /// Why.
    pub reason: String,
    /// When, in RFC 3339.
    pub at: String,
    /// The version of `approve` that took the decision.
    pub version: String,
    /// Whether the mail that asked for it was sent, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_mail_sent: Option<bool>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The plan may be applied.
    Approved,
    /// It may not.
    Rejected,
}

/// How a decider is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Identity {
    /// AWS verified the signature.
    Verified,
    /// The caller gave a name.
    Claimed,
}

/// What separates asking for a run from approving it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Duties {
    /// No principal may both start and approve.
    Roles,
    /// The names of both were compared and differ.
    Names,
    /// Nothing: nobody said who asked, or the names are the same, as when somebody withdraws a run.
    Unchecked,
}

/// What became of the mails of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// Of the one that tells of an approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Notification>,
    /// Of the one that tells how the run ended.
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
    /// Why it could not be sent. Without this, and not sent, there was nothing to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// The failure's fixed name.
    pub error: String,
    /// What happened, and the way out.
    pub cause: String,
    /// The state that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The script that it failed at, and where in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// What a run ran on: the ARNs, with their versions, that its definition names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of the function `preflight`.
    pub preflight: String,
    /// Of the function `plan`.
    pub plan: String,
    /// Of the function `apply`.
    pub apply: String,
    /// Of the function `notify`.
    pub notify: String,
    /// Of the layer with the migrations.
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
    /// What a database had already was recorded as applied.
    Baselined,
    /// It failed.
    Failed,
    /// Somebody said no.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// It was stopped by hand.
    Stopped,
    /// It took longer than an execution may.
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
    /// What it ran on; unknown where the execution ended from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
}
