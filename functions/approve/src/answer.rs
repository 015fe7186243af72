//! Reads what a caller sends to this function: a decision.

use serde_json::Value;
use shared::approval::Answer;
use shared::text::is_one_line;

use crate::refused::{Refused, Why};

/// The longest text that a field may hold, in characters.
const LONGEST: usize = 500;

/// Reads a request.
///
/// # Errors
///
/// [`Refused`], naming the field.
pub(crate) fn read(payload: Value) -> Result<Answer, Refused> {
    let answer: Answer = serde_json::from_value(payload).map_err(|error| {
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
