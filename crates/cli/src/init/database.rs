//! The values that are about the instance itself: its VPC, its security group, its port and its database.

use super::choice::{Choice, Choices, Current, Question, Wishes};
use super::facts::{Facts, Instance};
use crate::problem::Problem;
use crate::words::plural;

/// PostgreSQL's own port, the template's default.
const PORT: u16 = 5432;

/// Returns the instance's VPC.
///
/// # Errors
///
/// When the instance is not one that Lockstep can migrate.
pub(super) fn vpc(instance: &Instance) -> Result<&str, Problem> {
    let id = &instance.id;
    let refuse = |why: String| Err(Problem::usage(why));
    if instance.engine.starts_with("aurora") || instance.cluster.is_some() {
        let cluster = instance.cluster.as_deref().unwrap_or("a cluster");
        return refuse(format!(
            "{id} belongs to the cluster {cluster}. A cluster is not supported yet: the stack looks at one instance, and after a \
             failover another one takes the writes. Name an RDS instance that is in no cluster"
        ));
    }
    if instance.engine != "postgres" {
        return refuse(format!("{id} is an instance of {}: Lockstep migrates PostgreSQL alone", instance.engine));
    }
    if let Some(source) = &instance.replica_of {
        return refuse(format!("{id} is a replica of {source}, and takes no writes: name {source}"));
    }
    if instance.endpoint.is_none() {
        return refuse(format!("{id} has no endpoint yet: run this again when RDS says that it is available"));
    }
    match &instance.subnet_group {
        Some(group) if !group.vpc_id.is_empty() => Ok(&group.vpc_id),
        _ => refuse(format!("{id} is in no VPC, and the functions reach a database only in one")),
    }
}

/// Adds the security group, the port and the database's name.
///
/// # Errors
///
/// When a wish names a group that the instance does not have.
pub(super) fn choose(facts: &Facts, wishes: &Wishes, current: &Current, choices: &mut Choices) -> Result<(), Problem> {
    let group = security_group(facts, wishes, current, &mut choices.questions)?;
    choices.all.push(group);
    let port = facts.instance.endpoint.as_ref().map_or(PORT, |endpoint| endpoint.port);
    choices.all.push(if port == PORT {
        Choice::default("DatabasePort", "the instance listens on 5432, the template's default")
    } else {
        Choice::set("DatabasePort", port.to_string(), "the port on which the instance listens")
    });
    let name = database_name(facts, wishes, current, choices);
    choices.all.push(name);
    Ok(())
}

fn security_group(
    facts: &Facts,
    wishes: &Wishes,
    current: &Current,
    questions: &mut Vec<Question>,
) -> Result<Choice, Problem> {
    const NAME: &str = "DatabaseSecurityGroupId";
    let id = &facts.instance.id;
    // A group that is being removed would take the rule along.
    let memberships = facts.instance.vpc_security_groups.all.iter().filter(|one| one.status != "removing");
    let groups: Vec<&str> = memberships.map(|one| one.group.as_str()).collect();
    if let Some(wish) = &wishes.security_group {
        if !groups.contains(&wish.as_str()) {
            return Err(Problem::usage(format!(
                "{id} does not have the security group {wish}: give one of {}",
                groups.join(", ")
            )));
        }
        return Ok(Choice::set(NAME, wish.as_str(), format!("as you said; it is one of the groups of {id}")));
    }
    let kept = current.get(NAME).filter(|kept| groups.contains(&kept.as_str()));
    match (&groups[..], kept) {
        ([], _) => Ok(Choice::left(NAME, format!("{id} has no security group: add one to it, and run this again"))),
        ([only], _) => Ok(Choice::set(NAME, *only, format!("the only group of {id}{}", named(facts, only)))),
        (_, Some(kept)) => {
            Ok(Choice::set(NAME, kept.as_str(), format!("as samconfig.toml has it; it is one of the groups of {id}")))
        }
        (several, None) => {
            let options = several.iter().map(|group| ((*group).to_owned(), about(facts, group))).collect();
            let text = format!(
                "{id} has {}. Which one gets the rule that admits the functions",
                plural(several.len(), "security group")
            );
            questions.push(Question { name: NAME, text, options });
            Ok(Choice::left(
                NAME,
                format!(
                    "{id} has {}. One of them gets a rule that admits the functions, to all that has this group. Give \
                     --security-group with the group that is the database's own",
                    several.join(" and ")
                ),
            ))
        }
    }
}

fn named(facts: &Facts, group: &str) -> String {
    let about = about(facts, group);
    if about.is_empty() { about } else { format!(": {about}") }
}

/// Returns what is known about a group, for people.
fn about(facts: &Facts, group: &str) -> String {
    let found = facts.groups.iter().flatten().find(|one| one.id == group);
    match found {
        Some(found) if found.name == "default" => "default, which also others in the VPC have".to_owned(),
        Some(found) => found.name.clone(),
        None => String::new(),
    }
}

fn database_name(facts: &Facts, wishes: &Wishes, current: &Current, choices: &mut Choices) -> Choice {
    const NAME: &str = "DatabaseName";
    let instance = &facts.instance;
    if let Some(wish) = &wishes.database {
        return Choice::set(NAME, wish.as_str(), "as you said");
    }
    if let Some(kept) = current.get(NAME).filter(|kept| !kept.is_empty()) {
        return Choice::set(NAME, kept.as_str(), "as samconfig.toml has it");
    }
    if let Some(initial) = &instance.database {
        return Choice::default(
            NAME,
            format!(
                "not needed: without it, it is the secret's dbname or {initial}, which RDS made with {}",
                instance.id
            ),
        );
    }
    let managed = instance.master_user_secret.as_ref().map(|secret| secret.arn.as_str());
    let chosen = choices.all.iter().find(|choice| choice.name == "DatabaseSecretArn").map(|choice| &choice.value);
    if let (Some(managed), Some(super::choice::Value::Set(chosen))) = (managed, chosen)
        && managed != chosen
    {
        return Choice::default(
            NAME,
            "the secret's dbname says it, if it has one (its value is not read here); give --database NAME otherwise",
        );
    }
    if managed.is_none() {
        return Choice::default(
            NAME,
            format!(
                "RDS made no database with {}: the secret's dbname has to say it (its value is not read here); give --database \
                 NAME otherwise",
                instance.id
            ),
        );
    }
    choices.questions.push(Question {
        name: NAME,
        text: format!("The database to migrate: RDS made none with {}, and its secret names none", instance.id),
        options: Vec::new(),
    });
    Choice::left(
        NAME,
        format!("RDS made no database with {}, and its secret names none: give --database NAME", instance.id),
    )
}
