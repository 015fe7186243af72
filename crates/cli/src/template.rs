//! The template's parameters and the Regions that it serves, read from template.yaml.

use std::collections::BTreeMap;
use std::path::Path;

use regex_lite::Regex;
use serde::Deserialize;
use yaml_serde::Value;

use crate::problem::Problem;

/// The name of the file.
pub(crate) const FILE: &str = "template.yaml";

/// The template that this binary was built with, for a directory that has none.
const BUILT_IN: &str = include_str!("../../../template.yaml");

/// What the template says about its input.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Template {
    #[serde(rename = "Parameters")]
    parameters: BTreeMap<String, Parameter>,
    #[serde(rename = "Rules")]
    rules: Rules,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    #[serde(rename = "Type")]
    kind: String,
    default: Option<Value>,
    #[serde(default)]
    allowed_values: Vec<Value>,
    allowed_pattern: Option<String>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_value: Option<i64>,
    max_value: Option<i64>,
    constraint_description: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rules {
    served_region: Rule,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    assertions: Vec<Assertion>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Assertion {
    assert: Contains,
}

#[derive(Debug, Clone, Deserialize)]
struct Contains {
    #[serde(rename = "Fn::Contains")]
    of: (Vec<String>, Value),
}

impl Template {
    /// Reads the template in the project's root.
    ///
    /// # Errors
    ///
    /// When it is not there, or not of this form.
    pub(crate) fn read(root: &Path) -> Result<Self, Problem> {
        let file = root.join(FILE);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| Problem::usage(format!("{} cannot be read: {error}", file.display())))?;
        Self::of(&text, &file)
    }

    /// Reads the template in the project's root or, where there is none, the one of this binary's own version.
    ///
    /// # Errors
    ///
    /// When it is not of this form.
    pub(crate) fn read_or_built_in(root: &Path) -> Result<Self, Problem> {
        if root.join(FILE).exists() { Self::read(root) } else { Self::of(BUILT_IN, Path::new(FILE)) }
    }

    /// Reads the template in a text. `file` is where it is from.
    ///
    /// # Errors
    ///
    /// When it is not of this form.
    pub(crate) fn of(text: &str, file: &Path) -> Result<Self, Problem> {
        yaml_serde::from_str(text)
            .map_err(|error| Problem::usage(format!("{} is not as it should be: {error}", file.display())))
    }

    /// Checks that the template can be deployed to a Region.
    ///
    /// # Errors
    ///
    /// Names the Regions to which it can be.
    pub(crate) fn check_region(&self, region: &str) -> Result<(), Problem> {
        let served: Vec<&str> =
            self.rules.served_region.assertions.iter().flat_map(|one| &one.assert.of.0).map(String::as_str).collect();
        if served.contains(&region) {
            return Ok(());
        }
        Err(Problem::usage(format!(
            "Lockstep cannot be deployed to {region}, because Lambda has no function URLs there, or is not known to have any. It \
             can be to {}",
            served.join(", ")
        )))
    }

    /// Returns every parameter with its value: the one that is given, or the template's default.
    ///
    /// CloudFormation keeps the value of a parameter that a deployment does not name. So each is named: one that
    /// samconfig.toml does not set gets its default, even if it had another value before.
    ///
    /// # Errors
    ///
    /// Names every value that CloudFormation would refuse.
    pub(crate) fn filled(&self, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Problem> {
        let mut problems: Vec<String> = given
            .keys()
            .filter(|name| !self.parameters.contains_key(*name))
            .map(|name| format!("{name} is no parameter of {FILE}"))
            .collect();
        let mut filled = BTreeMap::new();
        for (name, parameter) in &self.parameters {
            let value = given.get(name).cloned().or_else(|| parameter.default.as_ref().map(text));
            let Some(value) = value else {
                problems.push(format!("{name} is missing"));
                continue;
            };
            if let Some(why) = parameter.refuses(&value) {
                problems.push(format!("{name}={value}: {why}"));
            }
            filled.insert(name.clone(), value);
        }
        if problems.is_empty() {
            return Ok(filled);
        }
        Err(Problem::usage(format!(
            "CloudFormation would refuse parameter_overrides of samconfig.toml: {}",
            problems.join("; ")
        )))
    }
}

impl Parameter {
    /// Returns why CloudFormation would refuse a value.
    fn refuses(&self, value: &str) -> Option<String> {
        let said = |otherwise: String| Some(self.constraint_description.clone().unwrap_or(otherwise));
        if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|one| text(one) == value) {
            let allowed: Vec<_> = self.allowed_values.iter().map(text).collect();
            return said(format!("it has to be one of {}", allowed.join(", ")));
        }
        if let Some(pattern) = &self.allowed_pattern
            // A pattern of another kind of expressions is left to CloudFormation.
            && let Ok(pattern) = Regex::new(&format!("^(?:{pattern})$"))
            && !pattern.is_match(value)
        {
            return said(format!("it does not match {pattern}"));
        }
        let length = value.chars().count();
        if self.max_length.is_some_and(|most| length > most) {
            return said(format!("it has {length} characters, and may have {}", self.max_length.unwrap_or_default()));
        }
        if self.min_length.is_some_and(|least| length < least) {
            return said("it may not be empty".to_owned());
        }
        if self.kind == "Number" {
            let Ok(number) = value.parse::<i64>() else { return said("it is no whole number".to_owned()) };
            let (least, most) = (self.min_value.unwrap_or(i64::MIN), self.max_value.unwrap_or(i64::MAX));
            if !(least..=most).contains(&number) {
                return said(format!("it has to be from {least} to {most}"));
            }
        }
        let start = match self.kind.as_str() {
            "AWS::EC2::VPC::Id" => "vpc-",
            "AWS::EC2::SecurityGroup::Id" => "sg-",
            "List<AWS::EC2::Subnet::Id>" => "subnet-",
            _ => return None,
        };
        let is_wrong = |id: &&str| !id.trim().starts_with(start);
        value.split(',').find(is_wrong).map(|id| format!("'{id}' does not begin with {start}"))
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        other => format!("{other:?}"),
    }
}

/// Returns a parameter in the syntax of SAM. An unquoted value ends at a space, and an empty unquoted one is refused.
pub(crate) fn assignment(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", value.replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        Template::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
    }

    /// What has no default.
    fn given(more: &[(&str, &str)]) -> BTreeMap<String, String> {
        let needed = [
            ("Environment", "dev"),
            ("VpcId", "vpc-1"),
            ("SubnetIds", "subnet-1,subnet-2"),
            ("DatabaseInstance", "app-dev"),
            ("DatabaseSecretArn", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf"),
            ("DatabaseSecurityGroupId", "sg-1"),
            ("NotificationAddress", "team@example.com"),
        ];
        needed.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn refused(more: &[(&str, &str)]) -> String {
        template().filled(&given(more)).unwrap_err().message
    }

    #[test]
    fn what_is_not_given_has_the_templates_default() {
        let filled = template().filled(&given(&[("Release", "7")])).unwrap();
        assert_eq!(filled.len(), template().parameters.len());
        for (name, value) in [
            ("Release", "7"),
            ("Project", "lockstep"),
            ("DatabasePort", "5432"),
            ("S3PrefixListId", ""),
            ("SecretsManagerEndpoint", "true"),
        ] {
            assert_eq!(filled[name], value, "{name}");
        }
    }

    #[test]
    fn each_default_is_one_that_its_parameter_allows() {
        for (name, parameter) in &template().parameters {
            let refused = parameter.default.as_ref().and_then(|default| parameter.refuses(&text(default)));
            assert_eq!(refused, None, "{name}");
        }
    }

    #[test]
    fn what_cloudformation_would_refuse_is_named_before_anything_is_built() {
        for (name, value, told) in [
            ("Environment", "staging", "it has to be one of dev, qa, prod"),
            ("DatabaseInstance", "App", "An RDS instance identifier in lower case"),
            ("DatabaseSecretArn", "app", "A full secret ARN"),
            ("DatabaseName", &"x".repeat(64), "it has 64 characters, and may have 63"),
            ("DatabaseSchema", "", "it may not be empty"),
            ("DatabasePort", "0", "it has to be from 1 to 65535"),
            ("DatabasePort", "x", "it is no whole number"),
            ("LogRetentionDays", "2", "it has to be one of 1, 3,"),
            ("SubnetIds", "subnet-1, vpc-2", "' vpc-2' does not begin with subnet-"),
            ("VpcId", "subnet-1", "does not begin with vpc-"),
            ("DatabaseSecurityGroupId", "", "does not begin with sg-"),
            ("NotificationAddress", "team", "One mail address"),
            ("S3PrefixListId", "pl_1", "Empty, or a prefix list"),
            ("Nonsense", "1", "Nonsense is no parameter of template.yaml"),
        ] {
            let message = refused(&[(name, value)]);
            assert!(message.contains(told) && message.contains(name), "{name}: {message}");
        }
        let mut without = given(&[]);
        without.remove("VpcId");
        without.remove("SubnetIds");
        let message = template().filled(&without).unwrap_err().message;
        assert!(message.contains("SubnetIds is missing; VpcId is missing"), "{message}");
    }

    /// The texts that name the inputs of a version have room for 256 characters.
    #[test]
    fn no_description_gets_too_long_by_values_that_are_allowed() {
        let template = template();
        let longest: usize = ["DatabaseName", "DatabaseSchema", "SqlxTable", "DatabaseCaFile"]
            .iter()
            .map(|name| template.parameters[*name].max_length.unwrap() + 1)
            .sum();
        assert!(longest - 1 <= 256, "{longest}");
    }

    #[test]
    fn a_region_that_is_not_served_is_refused() {
        template().check_region("eu-west-1").unwrap();
        for region in ["eu-central-2", "us-gov-west-1", "xx-new-1"] {
            let message = template().check_region(region).unwrap_err().message;
            assert!(
                message.contains(&format!("cannot be deployed to {region}")) && message.contains("eu-west-1"),
                "{message}"
            );
        }
    }

    #[test]
    fn sam_gets_each_value_in_quotes() {
        assert_eq!(assignment("DatabaseCaFile", "/a directory/ca.pem"), r#"DatabaseCaFile="/a directory/ca.pem""#);
        assert_eq!(assignment("Quoted", "a=\"b c\" d"), r#"Quoted="a=\"b c\" d""#);
        assert_eq!(assignment("Empty", ""), r#"Empty="""#);
    }

    #[test]
    fn a_directory_without_a_template_has_the_one_of_this_binary() {
        let directory = tempfile::tempdir().unwrap();
        Template::read_or_built_in(directory.path()).unwrap().check_region("eu-west-1").unwrap();
        std::fs::write(directory.path().join(FILE), "Parameters: [").unwrap();
        assert!(Template::read_or_built_in(directory.path()).is_err());
    }

    #[test]
    fn a_template_that_is_none_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let told = || Template::read(directory.path()).unwrap_err().message;
        assert!(told().contains("cannot be read"));
        std::fs::write(directory.path().join(FILE), "Parameters: [").unwrap();
        assert!(told().contains("is not as it should be"));
    }
}
