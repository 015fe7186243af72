//! What becomes of each value of an environment's section, and what is still to be asked.

use std::collections::BTreeMap;

use super::facts::Refused;

/// The values that the section has, without those that are still to be filled in.
pub(crate) type Current = BTreeMap<String, String>;

/// What a person has said already, on the command line or when asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    /// The instance's security group.
    pub(crate) security_group: Option<String>,
    /// The secret: its ARN or its name.
    pub(crate) secret: Option<String>,
    /// The database to migrate.
    pub(crate) database: Option<String>,
    /// The mail address.
    pub(crate) mail: Option<String>,
}

/// What becomes of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// It is this one.
    Set(String),
    /// The template's default is right: the section needs no line.
    Default,
    /// What the section has stays, a line or none.
    Kept,
    /// It cannot be known here. What the section has stays; a person has to look it up if it has none.
    Left,
}

/// One value, and why it is this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The template's parameter, or `region`.
    pub(crate) name: &'static str,
    /// The value.
    pub(crate) value: Value,
    /// The reason, in one line.
    pub(crate) why: String,
}

impl Choice {
    /// Returns a value with its reason.
    pub(crate) fn set(name: &'static str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name, value: Value::Set(value.into()), why: why.into() }
    }

    /// Returns that the template's default is right.
    pub(crate) fn default(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, value: Value::Default, why: why.into() }
    }

    /// Returns that the section stays as it is.
    pub(crate) fn kept(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, value: Value::Kept, why: why.into() }
    }

    /// Returns that a person has to look the value up.
    pub(crate) fn left(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, value: Value::Left, why: why.into() }
    }

    /// Returns that a person has to look the value up, since AWS did not allow the call.
    pub(crate) fn unseen(name: &'static str, refused: &Refused, by_hand: &str) -> Self {
        Self::left(name, format!("not known: {} is not allowed to you. {by_hand}", refused.action))
    }
}

/// What only a person can decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The value that it is about.
    pub(crate) name: &'static str,
    /// The question, without its mark.
    pub(crate) text: String,
    /// The answers with what is known about each. Without one, any text is an answer.
    pub(crate) options: Vec<(String, String)>,
}

/// All choices, and what is still to be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    /// The choices, in the order of the section.
    pub(crate) all: Vec<Choice>,
    /// The questions. An answer becomes a wish, and then everything is chosen again.
    pub(crate) questions: Vec<Question>,
}
