//! Chooses the values of an environment's section, each with its reason. Facts in, choices out: no call is made here.

use super::choice::{Choice, Choices, Current, Question, Wishes};
use super::facts::Facts;
use super::{database, network, secret};
use crate::problem::Problem;

/// Makes the choices for the stack with this name.
///
/// # Errors
///
/// When the instance is not one that Lockstep can migrate, or a wish cannot be met.
pub(crate) fn choose(facts: &Facts, wishes: &Wishes, current: &Current, stack: &str) -> Result<Choices, Problem> {
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
