//! The request: an execution's input, validated.

use bundle_digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Failure;
use crate::text::{is_one_line, short};

/// The longest text that a field may hold, in characters. Every state carries all fields.
const LONGEST_TEXT: usize = 1_000;

/// How many characters of an unknown field's name a message repeats.
const LONGEST_UNKNOWN: usize = 60;

/// The fields that an input may have.
const KNOWN: [&str; 9] =
    ["mode", "upTo", "migration", "resolution", "bundle", "requestedBy", "commit", "reason", "requireApproval"];

/// A run, as requested. `{}` requests an apply with the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What the run is to do.
    #[serde(flatten)]
    pub mode: Mode,
    /// The bundle that holds the migrations. Without one they are the layer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Digest>,
    /// The requester's name, as claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The commit that the migrations come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The requester's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether to ask for an approval even where none is needed. It never removes one.
    pub require_approval: bool,
}

/// What a run is to do, with the fields of that kind of run. A migration is named by its whole name or, with sqlx, by
/// its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Mode {
    /// Plan and apply.
    Apply {
        /// The last migration to apply, if the run is to end before the history does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<String>,
    },
    /// Plan, and write nothing.
    Plan {
        /// The last migration to plan, if the plan is to end before the history does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<String>,
    },
    /// Declare what became of a migration that was left unfinished. Always needs an approval.
    Resolve {
        /// The migration.
        migration: String,
        /// What became of it.
        resolution: Resolution,
    },
    /// Record migrations as applied in a database that was made before its ledger. Always needs an approval.
    Baseline {
        /// The last migration that the database has.
        up_to: String,
    },
}

impl Default for Mode {
    fn default() -> Self {
        Self::Apply { up_to: None }
    }
}

impl Mode {
    /// Returns the last migration that the run is about, if the request names one.
    pub fn up_to(&self) -> Option<&str> {
        match self {
            Self::Apply { up_to } | Self::Plan { up_to } => up_to.as_deref(),
            Self::Baseline { up_to } => Some(up_to),
            Self::Resolve { .. } => None,
        }
    }
}

/// What a resolve declares of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Resolution {
    /// All of it is in the database.
    Applied,
    /// Nothing of it is in the database.
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
        if let Some(unknown) = fields.keys().find(|field| !KNOWN.contains(&field.as_str())) {
            let reason = format!("no such field; known are {}", KNOWN.join(", "));
            return Err(Failure::config(&short(unknown, LONGEST_UNKNOWN), reason));
        }
        let given = Given(fields);
        Ok(Self {
            mode: given.mode()?,
            bundle: given.bundle()?,
            requested_by: given.text("requestedBy")?,
            commit: given.text("commit")?,
            reason: given.text("reason")?,
            require_approval: given.flag("requireApproval")?,
        })
    }

    /// Reads the input of an execution whose state machine only plans: `mode` can be left out.
    ///
    /// # Errors
    ///
    /// Those of [`from_input`](Self::from_input), and when another mode is asked for.
    pub fn from_plan_only_input(input: &Value) -> Result<Self, Failure> {
        let mut input = input.clone();
        if let Value::Object(fields) = &mut input {
            fields.entry("mode").or_insert_with(|| "plan".into());
        }
        let request = Self::from_input(&input)?;
        if !matches!(request.mode, Mode::Plan { .. }) {
            return Err(Failure::config("mode", "this state machine only plans; give \"plan\", or leave it out"));
        }
        Ok(request)
    }
}

/// The fields of an execution's input.
struct Given<'a>(&'a Map<String, Value>);

impl Given<'_> {
    fn mode(&self) -> Result<Mode, Failure> {
        let mode = match self.0.get("mode").map(Value::as_str) {
            None | Some(Some("apply")) => Mode::Apply { up_to: self.text("upTo")? },
            Some(Some("plan")) => Mode::Plan { up_to: self.text("upTo")? },
            Some(Some("baseline")) => {
                Mode::Baseline { up_to: self.needed("upTo", "baseline", ": the last migration that the database has")? }
            }
            Some(Some("resolve")) => {
                self.refuse("upTo", "a resolve applies nothing; leave it out")?;
                let migration = self.needed("migration", "resolve", "")?;
                let resolution = match self.needed("resolution", "resolve", "")?.as_str() {
                    "applied" => Resolution::Applied,
                    "rolledBack" => Resolution::RolledBack,
                    _ => return Err(Failure::config("resolution", "give \"applied\" or \"rolledBack\"")),
                };
                return Ok(Mode::Resolve { migration, resolution });
            }
            Some(_) => {
                return Err(Failure::config("mode", "give \"apply\", \"plan\", \"resolve\" or \"baseline\""));
            }
        };
        for field in ["migration", "resolution"] {
            self.refuse(field, "is for the mode resolve only; leave it out")?;
        }
        Ok(mode)
    }

    fn bundle(&self) -> Result<Option<Digest>, Failure> {
        let bundle = self.text("bundle")?;
        bundle.map(|text| text.parse().map_err(|reason| Failure::config("bundle", reason))).transpose()
    }

    /// Returns an error if the field is given.
    fn refuse(&self, field: &str, reason: &str) -> Result<(), Failure> {
        if self.0.contains_key(field) { Err(Failure::config(field, reason)) } else { Ok(()) }
    }

    /// Returns the text of a field that the mode cannot do without.
    fn needed(&self, field: &str, mode: &str, what: &str) -> Result<String, Failure> {
        self.text(field)?.ok_or_else(|| Failure::config(field, format!("the mode {mode} needs it{what}")))
    }

    fn text(&self, field: &str) -> Result<Option<String>, Failure> {
        self.0.get(field).map(|value| text(field, value)).transpose()
    }

    fn flag(&self, field: &str) -> Result<bool, Failure> {
        let Some(value) = self.0.get(field) else { return Ok(false) };
        value.as_bool().ok_or_else(|| Failure::config(field, format!("is {}; give true or false", kind(value))))
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
    fn an_empty_input_is_the_default() {
        assert_eq!(Request::from_input(&json!({})).unwrap(), Request::default());
    }

    #[test]
    fn every_field_can_be_given() {
        let input = json!({
            "mode": "plan", "upTo": "1_a", "bundle": "0f".repeat(32), "requestedBy": "ann", "commit": "abc", "reason": "why",
            "requireApproval": true
        });
        let request = Request::from_input(&input).unwrap();
        assert_eq!(serde_json::to_value(&request).unwrap(), input);
    }

    #[test]
    fn each_mode_has_fields_of_its_own_and_is_read_back() {
        for input in [
            json!({ "mode": "apply", "requireApproval": false }),
            json!({ "mode": "apply", "upTo": "1_a", "requireApproval": false }),
            json!({ "mode": "plan", "requireApproval": true }),
            json!({ "mode": "resolve", "migration": "1_a", "resolution": "rolledBack", "requireApproval": false }),
            json!({ "mode": "resolve", "migration": "1_a", "resolution": "applied", "requireApproval": false }),
            json!({ "mode": "baseline", "upTo": "1_a", "requireApproval": false }),
        ] {
            let request = Request::from_input(&input).unwrap();
            assert_eq!(serde_json::to_value(&request).unwrap(), input);
            assert_eq!(serde_json::from_value::<Request>(input).unwrap(), request);
        }
    }

    #[test]
    fn a_machine_that_only_plans_takes_no_other_mode() {
        let plan = Request { mode: Mode::Plan { up_to: None }, ..Request::default() };
        for input in [json!({}), json!({ "mode": "plan" })] {
            assert_eq!(Request::from_plan_only_input(&input).unwrap(), plan, "{input}");
        }
        for (input, message) in [
            (json!({ "mode": "apply" }), "mode: this state machine only plans"),
            (json!({ "mode": "baseline", "upTo": "1" }), "mode: this state machine only plans"),
            (json!({ "migration": "1" }), "migration: is for the mode resolve only"),
            (json!([]), "input: is a list"),
        ] {
            let failure = Request::from_plan_only_input(&input).unwrap_err();
            assert!(failure.message.starts_with(message), "{input}: {failure}");
        }
    }

    #[test]
    fn fields_that_fit_no_mode_are_refused() {
        for payload in [
            json!({ "requireApproval": false }),
            json!({ "mode": "drop", "requireApproval": false }),
            json!({ "mode": "resolve", "migration": "1_a", "requireApproval": false }),
            json!({ "mode": "resolve", "resolution": "applied", "requireApproval": false }),
            json!({ "mode": "baseline", "requireApproval": false }),
        ] {
            assert!(serde_json::from_value::<Request>(payload.clone()).is_err(), "{payload}");
        }
    }

    #[test]
    fn a_wrong_field_is_named_and_its_value_never_repeated() {
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
            (json!({ "bundle": 7 }), "bundle: is a number"),
            (json!({ "bundle": "s3cret" }), "bundle: the digest of a bundle is 64 hexadecimal digits in lower case"),
            (
                json!({ "bundle": "0F".repeat(32) }),
                "bundle: the digest of a bundle is 64 hexadecimal digits in lower case",
            ),
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
