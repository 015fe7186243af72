//! What a person asks for: the execution's input, read with care.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Failure;
use crate::text::{is_one_line, short};

/// The longest text that a field may hold, in characters. It all travels through every state.
const LONGEST_TEXT: usize = 1_000;

/// So many characters of a field's name that is unknown are told.
const LONGEST_UNKNOWN: usize = 60;

/// A run, as asked for. `{}` asks for everything with the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Whether to apply, or only to plan.
    pub mode: Mode,
    /// The last migration to apply, or to record in a baseline: by its whole name or, with sqlx, its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<String>,
    /// The migration to resolve, named likewise. Only with the mode `resolve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<String>,
    /// What became of it. Only with the mode `resolve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Who asks, as claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The commit that the migrations come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether to ask for an approval even where none is needed. Never removes one.
    pub require_approval: bool,
}

/// What a run is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Plan and apply.
    #[default]
    Apply,
    /// Plan, and write nothing.
    Plan,
    /// Declare what became of a migration that was left unfinished. Always needs an approval.
    Resolve,
    /// Record the migrations up to `upTo` as applied in a database that was made before its ledger. Always needs an
    /// approval.
    Baseline,
}

/// What is declared of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Resolution {
    /// All of it is in the database.
    Applied,
    /// Nothing of it is.
    RolledBack,
}

impl Request {
    /// Reads an execution's input.
    ///
    /// # Errors
    ///
    /// `Config.Invalid`, naming the field. A value is never repeated.
    pub fn from_input(input: &Value) -> Result<Self, Failure> {
        let Value::Object(fields) = input else {
            return Err(Failure::config("input", format!("is {}; give a JSON object, {{}} at least", kind(input))));
        };
        let mut request = Self::default();
        for (field, value) in fields {
            match field.as_str() {
                "mode" => {
                    request.mode = match value.as_str() {
                        Some("apply") => Mode::Apply,
                        Some("plan") => Mode::Plan,
                        Some("resolve") => Mode::Resolve,
                        Some("baseline") => Mode::Baseline,
                        _ => {
                            let reason = "give \"apply\", \"plan\", \"resolve\" or \"baseline\"";
                            return Err(Failure::config("mode", reason));
                        }
                    }
                }
                "upTo" => request.up_to = Some(text(field, value)?),
                "migration" => request.migration = Some(text(field, value)?),
                "resolution" => {
                    request.resolution = match value.as_str() {
                        Some("applied") => Some(Resolution::Applied),
                        Some("rolledBack") => Some(Resolution::RolledBack),
                        _ => return Err(Failure::config(field, "give \"applied\" or \"rolledBack\"")),
                    }
                }
                "requestedBy" => request.requested_by = Some(text(field, value)?),
                "commit" => request.commit = Some(text(field, value)?),
                "reason" => request.reason = Some(text(field, value)?),
                "requireApproval" => {
                    request.require_approval = value
                        .as_bool()
                        .ok_or_else(|| Failure::config(field, format!("is {}; give true or false", kind(value))))?;
                }
                unknown => {
                    return Err(Failure::config(
                        &short(unknown, LONGEST_UNKNOWN),
                        "no such field; known are mode, upTo, migration, resolution, requestedBy, commit, reason, \
                         requireApproval",
                    ));
                }
            }
        }
        request.check_mode()?;
        Ok(request)
    }

    /// The two fields of a resolve belong to it, both, and a baseline has an end.
    fn check_mode(&self) -> Result<(), Failure> {
        let given = [("migration", self.migration.is_some()), ("resolution", self.resolution.is_some())];
        for (field, given) in given {
            match (self.mode, given) {
                (Mode::Resolve, false) => return Err(Failure::config(field, "the mode resolve needs it")),
                (Mode::Apply | Mode::Plan | Mode::Baseline, true) => {
                    return Err(Failure::config(field, "is for the mode resolve only; leave it out"));
                }
                _ => {}
            }
        }
        match (self.mode, &self.up_to) {
            (Mode::Resolve, Some(_)) => Err(Failure::config("upTo", "a resolve applies nothing; leave it out")),
            (Mode::Baseline, None) => {
                Err(Failure::config("upTo", "the mode baseline needs it: the last migration that the database has"))
            }
            _ => Ok(()),
        }
    }
}

fn text(field: &str, value: &Value) -> Result<String, Failure> {
    let text = value.as_str().ok_or_else(|| Failure::config(field, format!("is {}; give a text", kind(value))))?;
    if text.is_empty() || text.chars().count() > LONGEST_TEXT {
        return Err(Failure::config(field, format!("give 1 to {LONGEST_TEXT} characters, or leave it out")));
    }
    if !is_one_line(text) {
        return Err(Failure::config(
            field,
            "holds a line break or a character that cannot be seen; give one line of plain text",
        ));
    }
    Ok(text.to_owned())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_asked_is_the_default() {
        assert_eq!(Request::from_input(&json!({})).unwrap(), Request::default());
    }

    #[test]
    fn everything_can_be_asked() {
        let input = json!({
            "mode": "plan", "upTo": "1_a", "requestedBy": "ann", "commit": "abc", "reason": "why", "requireApproval": true
        });
        let request = Request::from_input(&input).unwrap();
        assert_eq!(serde_json::to_value(&request).unwrap(), input);
        let input =
            json!({ "mode": "resolve", "migration": "1_a", "resolution": "rolledBack", "requireApproval": false });
        let request = Request::from_input(&input).unwrap();
        assert_eq!(serde_json::to_value(&request).unwrap(), input);
    }

    #[test]
    fn what_is_wrong_is_named_and_never_repeated() {
        for (input, message) in [
            (json!([]), "input: is a list"),
            (json!("s3cret"), "input: is a text"),
            (json!({ "upto": "x" }), "upto: no such field"),
            (json!({ "mode": "s3cret" }), "mode: give"),
            (json!({ "mode": 1 }), "mode: give"),
            (json!({ "upTo": 5 }), "upTo: is a number"),
            (json!({ "upTo": "" }), "upTo: give 1 to"),
            (json!({ "reason": "a\nb" }), "reason: holds a line break"),
            (json!({ "reason": "a\u{2028}b" }), "reason: holds a line break"),
            (json!({ "requestedBy": "a\u{202e}b" }), "requestedBy: holds a line break"),
            (json!({ "requestedBy": "ann\u{200b}" }), "requestedBy: holds a line break"),
            (json!({ "upTo\u{202e}\n": "x" }), "upTo\\u{202e} : no such field"),
            (json!({ "reason": "s3cret".repeat(1_000) }), "reason: give 1 to"),
            (json!({ "requireApproval": "yes" }), "requireApproval: is a text"),
            (json!({ "commit": null }), "commit: is null"),
            (json!({ "mode": "resolve", "resolution": "applied" }), "migration: the mode resolve needs it"),
            (json!({ "mode": "resolve", "migration": "1" }), "resolution: the mode resolve needs it"),
            (json!({ "migration": "1" }), "migration: is for the mode resolve only"),
            (json!({ "mode": "plan", "resolution": "applied" }), "resolution: is for the mode resolve only"),
            (json!({ "mode": "resolve", "migration": "1", "resolution": "s3cret" }), "resolution: give"),
            (
                json!({ "mode": "resolve", "migration": "1", "resolution": "applied", "upTo": "1" }),
                "upTo: a resolve applies nothing",
            ),
            (json!({ "mode": "baseline" }), "upTo: the mode baseline needs it"),
            (json!({ "mode": "baseline", "upTo": "1", "migration": "1" }), "migration: is for the mode resolve only"),
        ] {
            let failure = Request::from_input(&input).unwrap_err();
            assert!(failure.message.starts_with(message), "{input}: {failure}");
            assert!(!failure.message.contains("s3cret"), "{failure}");
        }
    }
}
