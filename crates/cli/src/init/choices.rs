//! Chooses the values of an environment's section, each with its reason. Facts in, choices out: no call is made here.

use std::collections::BTreeMap;

use super::facts::{Facts, Refused};
use super::{database, network, secret};
use crate::problem::Problem;

/// The values that the section has, without those that are still to be filled in.
pub type Current = BTreeMap<String, String>;

/// What a person has said already, on the command line or when asked.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The instance's security group.
    pub security_group: Option<String>,
    /// The secret: its ARN or its name.
    pub secret: Option<String>,
    /// The database to migrate.
    pub database: Option<String>,
    /// The mail address.
    pub mail: Option<String>,
}

/// What becomes of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
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
pub struct Choice {
    /// The template's parameter, or `region`.
    pub name: &'static str,
    /// The value.
    pub value: Value,
    /// The reason, in one line.
    pub why: String,
}

impl Choice {
    /// Returns a value with its reason.
    pub fn set(name: &'static str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name, value: Value::Set(value.into()), why: why.into() }
    }

    /// Returns that the template's default is right.
    pub fn default(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, value: Value::Default, why: why.into() }
    }

    /// Returns that the section stays as it is.
    pub fn kept(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, value: Value::Kept, why: why.into() }
    }

    /// Returns that a person has to look the value up.
    pub fn left(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, value: Value::Left, why: why.into() }
    }

    /// Returns that a person has to look the value up, since AWS did not allow the call.
    pub fn unseen(name: &'static str, refused: &Refused, by_hand: &str) -> Self {
        Self::left(name, format!("not known: {} is not allowed to you. {by_hand}", refused.action))
    }
}

/// What only a person can decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The value that it is about.
    pub name: &'static str,
    /// The question, without its mark.
    pub text: String,
    /// The answers with what is known about each. Without one, any text is an answer.
    pub options: Vec<(String, String)>,
}

/// All choices, and what is still to be asked.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// The choices, in the order of the section.
    pub all: Vec<Choice>,
    /// The questions. An answer becomes a wish, and then everything is chosen again.
    pub questions: Vec<Question>,
}

/// Makes the choices for the stack with this name.
///
/// # Errors
///
/// When the instance is not one that Lockstep can migrate, or a wish cannot be met.
pub fn choose(facts: &Facts, wishes: &Wishes, current: &Current, stack: &str) -> Result<Choices, Problem> {
    let vpc = database::vpc(&facts.instance)?;
    let mut choices = Choices::default();
    choices.all.push(Choice::set("region", facts.region.as_str(), "where the instance was found"));
    choices.all.push(Choice::set("VpcId", vpc, format!("the VPC of {}", facts.instance.id)));
    choices.all.extend(network::choose(facts, current, stack));
    choices.all.push(Choice::set("DatabaseInstance", facts.instance.id.as_str(), "as RDS names it"));
    secret::choose(facts, wishes, current, &mut choices)?;
    database::choose(facts, wishes, current, &mut choices)?;
    choices.all.push(mail(wishes, current, &mut choices.questions)?);
    Ok(choices)
}

fn mail(wishes: &Wishes, current: &Current, questions: &mut Vec<Question>) -> Result<Choice, Problem> {
    const NAME: &str = "NotificationAddress";
    if let Some(address) = &wishes.mail {
        if !is_address(address) {
            return Err(Problem::usage(format!(
                "{address:?} is not one mail address: give one such as team@example.com"
            )));
        }
        return Ok(Choice::set(NAME, address.as_str(), "as you said"));
    }
    if let Some(address) = current.get(NAME) {
        return Ok(Choice::set(NAME, address.as_str(), "as samconfig.toml has it"));
    }
    questions.push(Question {
        name: NAME,
        text: "The mail address to which outcomes and requests for approval go".to_owned(),
        options: Vec::new(),
    });
    Ok(Choice::left(NAME, "only you can know it: give --mail ADDRESS"))
}

/// Whether the template takes a text as an address.
fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty()
        && !text.contains(char::is_whitespace)
        && !host.contains('@')
        && host.contains('.')
        && host.split('.').all(|part| !part.is_empty())
}
