//! What a caller sends to this function: a decision.

use serde::Deserialize;
use serde_json::Value;
use shared::record::Choice;
use shared::text::is_one_line;

use crate::refused::{Refused, Why};

/// The longest text that a field may hold, in characters.
const LONGEST: usize = 500;

/// A decision, as a caller sends it.
#[derive(Debug, Clone, Deserialize)]
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
    pub by: Option<String>,
    /// The person in whose name the signer decides.
    pub on_behalf_of: Option<String>,
}

/// Yes or no, as a caller says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Apply the plan.
    Approve,
    /// End the run.
    Reject,
}

impl Verb {
    /// Returns the choice as the record has it.
    pub(crate) const fn choice(self) -> Choice {
        match self {
            Self::Approve => Choice::Approved,
            Self::Reject => Choice::Rejected,
        }
    }
}

impl Answer {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// [`Refused`], naming the field.
    pub fn read(payload: Value) -> Result<Self, Refused> {
        let answer: Self = serde_json::from_value(payload).map_err(|error| {
            Refused::because(
                Why::Request,
                format!(
                    "the request is not right: {error}; give execution, digest, decision (approve or reject) and reason"
                ),
            )
        })?;
        let texts = [
            ("execution", Some(&answer.execution)),
            ("digest", Some(&answer.digest)),
            ("reason", Some(&answer.reason)),
            ("by", answer.by.as_ref()),
            ("onBehalfOf", answer.on_behalf_of.as_ref()),
        ];
        for (field, text) in texts {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.chars().count() > LONGEST || !is_one_line(text) {
                let reason = format!("{field}: give one line of plain text, of 1 to {LONGEST} characters");
                return Err(Refused::because(Why::Request, reason));
            }
        }
        Ok(answer)
    }
}
