//! What the function approve is sent, and what it answers.

use serde::{Deserialize, Serialize};

use crate::record::{Choice, Decision};

/// A decision, as a caller sends it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The execution's ARN.
    pub execution: String,
    /// The digest of the plan that the approver has seen.
    pub digest: String,
    /// Yes or no.
    pub decision: Verb,
    /// Why.
    pub reason: String,
    /// The approver's name. Only where the request has no signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The person in whose name the signer decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
}

/// Yes or no, as a caller says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Apply the plan.
    Approve,
    /// End the run.
    Reject,
}

impl Verb {
    /// Returns the choice as the record has it.
    pub const fn choice(self) -> Choice {
        match self {
            Self::Approve => Choice::Approved,
            Self::Reject => Choice::Rejected,
        }
    }
}

/// A decision that was taken, now or before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The execution's ARN.
    pub execution: String,
    /// What was decided, by whom.
    #[serde(flatten)]
    pub decision: Decision,
}

/// A refusal of the function's URL: nothing was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedDecision {
    /// The refusal's fixed name.
    pub error: String,
    /// The reason, and the way out.
    pub message: String,
}
