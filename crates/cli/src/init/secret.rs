//! The secret with the database's password. Its value is never read.

use super::choice::{Choice, Choices, Current, Question, Value, Wishes};
use super::facts::{Facts, Secret, Seen};
use crate::problem::Problem;

const NAME: &str = "DatabaseSecretArn";

/// The longest name of a secret that the template takes.
const LONGEST_NAME: usize = 133;

/// Adds the secret, and its key if it has one of its own.
///
/// # Errors
///
/// When a wish names a secret that there is not.
pub(super) fn choose(facts: &Facts, wishes: &Wishes, current: &Current, choices: &mut Choices) -> Result<(), Problem> {
    let choice = secret(facts, wishes, current, &mut choices.questions)?;
    let arn = if let Value::Set(arn) = &choice.value { Some(arn.clone()) } else { None };
    choices.all.push(choice);
    if let Some(arn) = arn {
        choices.all.push(key(&arn, &facts.secrets));
    }
    Ok(())
}

fn secret(facts: &Facts, wishes: &Wishes, current: &Current, questions: &mut Vec<Question>) -> Result<Choice, Problem> {
    let instance = &facts.instance;
    if let Some(wish) = &wishes.secret {
        return wished(wish, &facts.secrets);
    }
    let managed = instance.master_user_secret.as_ref().map(|secret| secret.arn.as_str()).filter(|arn| !arn.is_empty());
    if let Some(kept) = current.get(NAME)
        && managed != Some(kept.as_str())
    {
        match &facts.secrets {
            Ok(secrets) if secrets.iter().any(|one| one.arn == *kept) => {
                let other = managed.map_or_else(String::new, |arn| format!("; the master user's is {arn}"));
                return Ok(Choice::set(
                    NAME,
                    kept.as_str(),
                    format!("as samconfig.toml has it, and it is there{other}"),
                ));
            }
            Err(refused) if managed.is_none() => {
                return Ok(Choice::unseen(NAME, refused, "samconfig.toml names one, which stays"));
            }
            _ => {}
        }
    }
    if let Some(managed) = managed {
        return Ok(Choice::set(
            NAME,
            managed,
            format!("the master user's secret, which RDS manages for {}", instance.id),
        ));
    }
    let secrets = match &facts.secrets {
        Ok(secrets) => secrets,
        Err(refused) => {
            return Ok(Choice::unseen(
                NAME,
                refused,
                "RDS manages no secret for this instance: give --secret with the ARN of yours",
            ));
        }
    };
    let (found, is_sure) = candidates(secrets, &instance.id, &instance.arn);
    match &found[..] {
        [] => Ok(Choice::left(
            NAME,
            format!(
                "RDS manages no secret for {0}, and none in this Region has {0} in its name, its description or a tag: make one \
                 with username and password (or have RDS manage one: aws rds modify-db-instance \
                 --manage-master-user-password), or give --secret with its name",
                instance.id
            ),
        )),
        [(only, how)] if is_sure => Ok(checked(only, &format!("the only secret that names {} {how}", instance.id))),
        several => {
            let options =
                several.iter().map(|(secret, how)| (secret.arn.clone(), format!("{}: names it {how}", secret.name)));
            questions.push(Question {
                name: NAME,
                text: format!("RDS manages no secret for {}. Which of these has the user that migrates", instance.id),
                options: options.collect(),
            });
            let names: Vec<_> = several.iter().map(|(secret, _)| secret.name.as_str()).collect();
            Ok(Choice::left(NAME, format!("it may be {}: give --secret with the right one", names.join(" or "))))
        }
    }
}

fn wished(wish: &str, secrets: &Seen<Vec<Secret>>) -> Result<Choice, Problem> {
    let is_arn = wish.starts_with("arn:");
    match secrets {
        Ok(secrets) => match secrets.iter().find(|one| one.arn == wish || one.name == wish) {
            Some(secret) if template_takes(secret) => {
                Ok(Choice::set(NAME, secret.arn.as_str(), "as you said; it is there"))
            }
            Some(secret) => Err(Problem::usage(too_long(secret))),
            None => Err(Problem::usage(format!(
                "there is no secret {wish} in this account and Region: give its ARN or its name"
            ))),
        },
        Err(refused) if is_arn => Ok(Choice::set(
            NAME,
            wish,
            format!("as you said; not looked at, because {} is not allowed to you", refused.action),
        )),
        Err(refused) => Err(Problem::usage(format!(
            "{} is not allowed to you, so a secret cannot be found by its name: give --secret with its ARN",
            refused.action
        ))),
    }
}

/// How a secret names an instance, if it does.
type Way<'a, 'f> = &'f dyn Fn(&'a Secret) -> Option<String>;

/// Returns the secrets that name an instance, each with how it does: those of the surest kind alone. Returns too whether that
/// kind leaves no doubt.
fn candidates<'a>(secrets: &'a [Secret], id: &str, arn: &str) -> (Vec<(&'a Secret, String)>, bool) {
    let tag_of =
        |secret: &'a Secret| secret.tags.iter().find(|tag| tag.value == id || (!arn.is_empty() && tag.value == arn));
    let by_tag = |secret: &'a Secret| tag_of(secret).map(|tag| format!("by its tag {}", tag.key));
    let by_name = |secret: &'a Secret| is_segment(&secret.name, id).then(|| "by its name".to_owned());
    let by_a_part = |secret: &'a Secret| is_part(&secret.name, id).then(|| "by a part of its name".to_owned());
    let by_description = |secret: &'a Secret| is_part(&secret.description, id).then(|| "by its description".to_owned());
    let ways: [(Way<'a, '_>, bool); 4] =
        [(&by_tag, true), (&by_name, true), (&by_a_part, false), (&by_description, false)];
    for (way, is_sure) in ways {
        // What a service manages for another instance is not for this one, whatever its name.
        let ours = secrets.iter().filter(|secret| secret.owner.is_none() || tag_of(secret).is_some());
        let found: Vec<_> = ours.filter_map(|secret| Some((secret, way(secret)?))).collect();
        if !found.is_empty() {
            return (found, is_sure);
        }
    }
    (Vec::new(), false)
}

/// Whether a name has an identifier as one of its segments, as `prod/app-db/master` has `app-db`.
fn is_segment(name: &str, id: &str) -> bool {
    name.to_ascii_lowercase().split(['/', '.', ':']).any(|segment| segment == id)
}

/// Whether a text has an identifier as a part that may be its own: in `app-db-master` it may be `app-db`, or `app`.
fn is_part(text: &str, id: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let goes_on = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(id)
        .any(|(at, _)| !goes_on(text[..at].chars().next_back()) && !goes_on(text[at + id.len()..].chars().next()))
}

fn template_takes(secret: &Secret) -> bool {
    secret.name.chars().count() <= LONGEST_NAME
}

fn too_long(secret: &Secret) -> String {
    format!("the name of {} has more than {LONGEST_NAME} characters, and the template takes no longer one", secret.name)
}

fn checked(secret: &Secret, why: &str) -> Choice {
    if template_takes(secret) {
        Choice::set(NAME, secret.arn.as_str(), why)
    } else {
        Choice::left(NAME, too_long(secret))
    }
}

/// Returns the choice of the secret's key.
fn key(arn: &str, secrets: &Seen<Vec<Secret>>) -> Choice {
    const KEY: &str = "DatabaseSecretKmsKeyArn";
    let found = match secrets {
        Ok(secrets) => secrets.iter().find(|one| one.arn == arn),
        Err(refused) => {
            return Choice::kept(
                KEY,
                format!(
                    "not known: {} is not allowed to you. It is needed if the secret has a key of your own (aws secretsmanager \
                     describe-secret)",
                    refused.action
                ),
            );
        }
    };
    let Some(key) =
        found.and_then(|secret| secret.key.as_deref()).filter(|key| !key.ends_with("alias/aws/secretsmanager"))
    else {
        return Choice::default(KEY, "not needed: the secret has the account's default key");
    };
    if key.contains(":key/") {
        return Choice::set(KEY, key, "the key that encrypts the secret");
    }
    if key.contains("alias/") {
        return Choice::left(
            KEY,
            format!("the secret's key is {key}, and the template wants the key's own ARN (aws kms describe-key)"),
        );
    }
    // The console notes the key's identifier alone. The key is in the secret's own account and Region then.
    let parts: Vec<_> = arn.split(':').collect();
    match parts[..] {
        ["arn", partition, _, region, account, ..] => Choice::set(
            KEY,
            format!("arn:{partition}:kms:{region}:{account}:key/{key}"),
            "the key that encrypts the secret",
        ),
        _ => Choice::left(KEY, format!("the secret's key is {key}: write it as an ARN")),
    }
}
