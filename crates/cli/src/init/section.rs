//! The section of an environment in samconfig.toml. Comments, other sections and other lines stay as they are.

use std::collections::BTreeMap;

use toml_edit::{Array, DocumentMut, Item, TableLike, Value as Toml, value};

use super::choice::{Choice, Current, Value};
use crate::problem::Problem;
use crate::samconfig::PLACEHOLDER;

/// Where a new line goes: behind the last of the lines above it in this list.
const ORDER: [&str; 16] = [
    "Project",
    "Environment",
    "Architecture",
    "Release",
    "VpcId",
    "SubnetIds",
    "SecretsManagerEndpoint",
    "S3RouteTableIds",
    "S3PrefixListId",
    "DatabaseInstance",
    "DatabaseSecretArn",
    "DatabaseSecretKmsKeyArn",
    "DatabaseSecurityGroupId",
    "DatabasePort",
    "DatabaseName",
    "NotificationAddress",
];

/// The placeholders of a new section.
const PLACEHOLDERS: [(&str, &str); 11] = [
    ("region", "FILL-IN-region"),
    ("VpcId", "FILL-IN-vpc-id"),
    ("SubnetIds", "FILL-IN-subnet-id,FILL-IN-subnet-id"),
    ("S3RouteTableIds", "FILL-IN-route-table-ids"),
    ("S3PrefixListId", "FILL-IN-prefix-list-id"),
    ("DatabaseInstance", "FILL-IN-instance-identifier"),
    ("DatabaseSecretArn", "FILL-IN-secret-arn"),
    ("DatabaseSecurityGroupId", "FILL-IN-security-group-id"),
    ("DatabasePort", "FILL-IN-port"),
    ("DatabaseName", "FILL-IN-database-name"),
    ("NotificationAddress", "FILL-IN-mail-address"),
];

/// One value that differs from what the section had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The parameter, or `region`.
    pub(crate) name: String,
    /// What the section had.
    pub(crate) before: Option<String>,
    /// What it has now.
    pub(crate) after: Option<String>,
}

/// An environment's section, and the file around it.
#[derive(Debug)]
pub(crate) struct Section {
    document: DocumentMut,
    environment: String,
}

impl Section {
    /// Reads a section out of the file's text. What a whole section has and this one lacks is added, for the project.
    ///
    /// # Errors
    ///
    /// When the text is not TOML, or the section is not written as SAM and this command read it.
    pub(crate) fn read(text: &str, environment: &str, project: Option<&str>) -> Result<Self, Problem> {
        let document: DocumentMut =
            text.parse().map_err(|error| Problem::usage(format!("samconfig.toml is not TOML: {error}")))?;
        let mut section = Self { document, environment: environment.to_owned() };
        section.complete(project)?;
        Ok(section)
    }

    /// Returns the file's text.
    pub(crate) fn text(&self) -> String {
        self.document.to_string()
    }

    /// Returns the values that are filled in.
    pub(crate) fn current(&self) -> Current {
        self.values().into_iter().filter(|(_, value)| !value.contains(PLACEHOLDER)).collect()
    }

    /// Returns the values that are still to be filled in.
    pub(crate) fn unfilled(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.values().into_iter().filter(|(_, value)| value.contains(PLACEHOLDER)).map(|(name, _)| name).collect();
        names.sort_by_key(|name| ORDER.iter().position(|one| one == name));
        names
    }

    /// Returns the stack's name.
    pub(crate) fn stack(&self) -> String {
        let project = self.current().get("Project").cloned().unwrap_or_else(|| "lockstep".to_owned());
        format!("{project}-migrations-{}", self.environment)
    }

    /// Writes the choices into the section. Returns what has changed, in the order of the choices.
    pub(crate) fn write(&mut self, choices: &[Choice]) -> Vec<Change> {
        let before = self.values();
        for choice in choices {
            self.write_one(choice, before.get(choice.name).map(String::as_str));
        }
        let after = self.values();
        let change = |choice: &Choice| {
            let (before, after) = (before.get(choice.name).cloned(), after.get(choice.name).cloned());
            (before != after).then(|| Change { name: choice.name.to_owned(), before, after })
        };
        choices.iter().filter_map(change).collect()
    }

    fn write_one(&mut self, choice: &Choice, before: Option<&str>) {
        let new = match &choice.value {
            Value::Set(new) => Some(new.as_str()),
            Value::Default => None,
            Value::Kept => return,
            Value::Left if before.is_some() => return,
            Value::Left => match PLACEHOLDERS.iter().find(|(name, _)| *name == choice.name) {
                Some((_, placeholder)) => Some(*placeholder),
                None => return,
            },
        };
        if choice.name == "region" {
            if let (Some(new), Some(deploy)) = (new, self.options_mut("deploy")) {
                set_text(deploy, "region", new);
            }
            return;
        }
        let Some(overrides) = self.overrides_mut() else { return };
        match new {
            Some(new) => set(overrides, choice.name, new),
            None => remove(overrides, choice.name),
        }
    }

    /// Returns the values as they are written: the region, and the template's parameters.
    fn values(&self) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        for command in ["global", "deploy"] {
            let Some(options) = self.options(command) else { continue };
            if let Some(region) = options.get("region").and_then(Item::as_str) {
                values.insert("region".to_owned(), region.to_owned());
            }
        }
        let overrides =
            self.options("deploy").and_then(|deploy| deploy.get("parameter_overrides")).and_then(Item::as_array);
        let pairs = overrides.into_iter().flatten().filter_map(|one| one.as_str()?.split_once('='));
        values.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        values
    }

    fn options(&self, command: &str) -> Option<&dyn TableLike> {
        let section = self.document.get(&self.environment)?.as_table_like()?;
        section.get(command)?.as_table_like()?.get("parameters")?.as_table_like()
    }

    fn options_mut(&mut self, command: &str) -> Option<&mut dyn TableLike> {
        let section = self.document.get_mut(&self.environment)?.as_table_like_mut()?;
        section.get_mut(command)?.as_table_like_mut()?.get_mut("parameters")?.as_table_like_mut()
    }

    fn overrides_mut(&mut self) -> Option<&mut Array> {
        self.options_mut("deploy")?.get_mut("parameter_overrides")?.as_array_mut()
    }

    /// Adds what a whole section has and this one lacks.
    fn complete(&mut self, project: Option<&str>) -> Result<(), Problem> {
        let heading = format!("samconfig.toml, [{}.deploy.parameters]", self.environment);
        if self.document.get(&self.environment).is_none() {
            let mut text = self.document.to_string();
            if text.trim().is_empty() {
                "version = 0.1\n".clone_into(&mut text);
            }
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&whole(&self.environment, project.unwrap_or("lockstep")));
            self.document = text
                .parse()
                .map_err(|error| Problem::failed(format!("samconfig.toml could not be extended: {error}")))?;
            return Ok(());
        }
        let given = self.options("deploy").and_then(|deploy| deploy.get("parameter_overrides"));
        match given.map(Item::as_array) {
            Some(Some(array)) if array.iter().all(|one| one.as_str().is_some_and(|text| text.contains('='))) => {}
            Some(_) => {
                return Err(Problem::usage(format!(
                    "{heading}: write parameter_overrides as a list, [\"Name=value\", \"Name=value\"]"
                )));
            }
            None => {}
        }
        let own = self.current().get("Project").cloned();
        if let (Some(wanted), Some(own)) = (project, &own)
            && wanted != own
        {
            return Err(Problem::usage(format!(
                "{heading} is for the project {own}, not for {wanted}: leave --project out, or change Project and stack_name there"
            )));
        }
        let project = own.as_deref().or(project).unwrap_or("lockstep");
        let whole: DocumentMut = whole(&self.environment, project)
            .parse()
            .map_err(|error| Problem::failed(format!("samconfig.toml could not be extended: {error}")))?;
        let missing = whole.get(&self.environment).and_then(Item::as_table_like);
        let section = self.document.get_mut(&self.environment).and_then(Item::as_table_like_mut);
        match (section, missing) {
            (Some(section), Some(missing)) => add_missing(section, missing),
            _ => return Err(Problem::usage(format!("samconfig.toml: {} is no table", self.environment))),
        }
        let overrides = self.overrides_mut();
        overrides.map(|_| ()).ok_or_else(|| Problem::usage(format!("{heading} is no table of options")))
    }
}

fn add_missing(to: &mut dyn TableLike, from: &dyn TableLike) {
    for (name, item) in from.iter() {
        match (to.get_mut(name), item.as_table_like()) {
            (None, _) => {
                to.insert(name, item.clone());
            }
            (Some(there), Some(item)) => {
                if let Some(there) = there.as_table_like_mut() {
                    add_missing(there, item);
                }
            }
            (Some(_), None) => {}
        }
    }
}

fn set_text(table: &mut dyn TableLike, name: &str, text: &str) {
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(there) => {
            let decor = there.decor().clone();
            *there = Toml::from(text);
            *there.decor_mut() = decor;
        }
        None => {
            table.insert(name, value(text));
        }
    }
}

fn position(overrides: &Array, name: &str) -> Option<usize> {
    // Of two lines with one name the last one counts.
    let is_it = |one: &Toml| one.as_str().and_then(|text| text.split_once('=')).is_some_and(|(own, _)| own == name);
    overrides.iter().enumerate().filter(|(_, one)| is_it(one)).map(|(at, _)| at).last()
}

fn set(overrides: &mut Array, name: &str, text: &str) {
    let mut new = Toml::from(format!("{name}={text}"));
    if let Some(there) = position(overrides, name).and_then(|at| overrides.get_mut(at)) {
        *new.decor_mut() = there.decor().clone();
        *there = new;
        return;
    }
    let own = ORDER.iter().position(|one| *one == name).unwrap_or(ORDER.len());
    let above = ORDER.iter().take(own).rev().find_map(|one| position(overrides, one));
    let at = above.map_or(overrides.len(), |above| above + 1);
    // Each value has a line of its own, if the others have.
    let is_tall = overrides
        .iter()
        .any(|one| one.decor().prefix().and_then(|text| text.as_str()).is_some_and(|text| text.contains('\n')));
    let (before, behind) = if is_tall { ("\n  ", "") } else { (if at == 0 { "" } else { " " }, "") };
    new.decor_mut().set_prefix(before);
    new.decor_mut().set_suffix(behind);
    // A comment behind the line above is kept with what follows it, so it goes before the new value.
    if let Some(next) = overrides.get_mut(at) {
        let prefix = next.decor().prefix().and_then(|text| text.as_str()).unwrap_or_default().to_owned();
        if let Some((comment, rest)) = prefix.split_once('\n')
            && comment.contains('#')
        {
            new.decor_mut().set_prefix(format!("{comment}{before}"));
            next.decor_mut().set_prefix(format!("\n{rest}"));
        }
    }
    overrides.insert_formatted(at, new);
}

/// Removes a value. The comments around it stay, each on a line of its own.
fn remove(overrides: &mut Array, name: &str) {
    while let Some(at) = position(overrides, name) {
        let removed = overrides.remove(at);
        let prefix = removed.decor().prefix().and_then(|text| text.as_str()).unwrap_or_default();
        if let Some(next) = overrides.get_mut(at) {
            let own = next.decor().prefix().and_then(|text| text.as_str()).unwrap_or_default();
            let joined = joined(prefix, own);
            next.decor_mut().set_prefix(joined);
        } else {
            let joined = joined(prefix, overrides.trailing().as_str().unwrap_or_default());
            overrides.set_trailing(joined);
        }
    }
}

/// Joins what was before and behind a value that is gone.
fn joined(before: &str, behind: &str) -> String {
    let (same_line, rest) = behind.split_once('\n').unwrap_or((behind, ""));
    if same_line.contains('#') {
        return format!("{before}{}\n{rest}", same_line.trim());
    }
    match before.rsplit_once('\n') {
        Some((comments, _)) if comments.contains('#') => format!("{comments}{behind}"),
        _ => behind.to_owned(),
    }
}

/// Returns a whole section with everything still to be filled in.
fn whole(environment: &str, project: &str) -> String {
    let stack = format!("{project}-migrations-{environment}");
    let (approval, days) = match environment {
        "prod" => ("\"ApprovalFrom=always\",\n  \"ApprovalSeconds=86400\"", 365),
        "qa" => ("\"ApprovalFrom=danger\"", 90),
        _ => ("\"ApprovalFrom=danger\"", 30),
    };
    format!(
        r#"
[{environment}.global.parameters]
stack_name = "{stack}"

[{environment}.build.parameters]
cached = false
parameter_overrides = ["Architecture=x86_64"]

[{environment}.deploy.parameters]
region = "FILL-IN-region"
resolve_s3 = true
s3_prefix = "{stack}"
capabilities = "CAPABILITY_IAM"
confirm_changeset = false
fail_on_empty_changeset = false
tags = ["project={project}", "environment={environment}"]
parameter_overrides = [
  "Project={project}",
  "Environment={environment}",
  "Architecture=x86_64",
  "VpcId=FILL-IN-vpc-id",
  "SubnetIds=FILL-IN-subnet-id,FILL-IN-subnet-id",
  "SecretsManagerEndpoint=true",
  "S3RouteTableIds=FILL-IN-route-table-ids",
  "S3PrefixListId=FILL-IN-prefix-list-id",
  "DatabaseInstance=FILL-IN-instance-identifier",
  "DatabaseSecretArn=FILL-IN-secret-arn",
  "DatabaseSecurityGroupId=FILL-IN-security-group-id",
  "NotificationAddress=FILL-IN-mail-address",
  {approval},
  "LogRetentionDays={days}",
]
"#
    )
}
