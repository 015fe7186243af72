//! The section in samconfig.toml.

use super::super::section::{Change, Section};
use super::*;
use crate::samconfig::PLACEHOLDER;

const FILE: &str = r#"# The options of each environment.

version = 0.1

[dev.global.parameters]
stack_name = "shop-migrations-dev"

[dev.build.parameters]
parameter_overrides = ["Architecture=x86_64"]

[dev.deploy.parameters]
region = "FILL-IN-region" # where it is
s3_prefix = "shop-migrations-dev"
parameter_overrides = [
  "Project=shop",
  "Environment=dev",
  "VpcId=FILL-IN-vpc-id", # ours
  "SubnetIds=FILL-IN-subnet-id,FILL-IN-subnet-id",
  # The endpoint.
  "SecretsManagerEndpoint=true",
  "S3RouteTableIds=FILL-IN-route-table-ids", # of the subnets
  "S3PrefixListId=FILL-IN-prefix-list-id",
  "DatabaseInstance=FILL-IN-instance-identifier",
  "DatabaseSecretArn=FILL-IN-secret-arn",
  "DatabaseSecurityGroupId=FILL-IN-security-group-id",
  "NotificationAddress=FILL-IN-mail-address",
  "LogRetentionDays=30",
]

[prod.deploy.parameters]
region = "FILL-IN-region"
"#;

fn read(text: &str, environment: &str) -> Section {
    Section::read(text, environment, None).unwrap()
}

fn after(text: &str, choices: &[Choice]) -> (String, Vec<Change>) {
    let mut section = read(text, "dev");
    let changes = section.write(choices);
    (section.text(), changes)
}

/// Returns the lines that differ.
fn differences(before: &str, after: &str) -> Vec<String> {
    let gone = before.lines().filter(|line| !after.lines().any(|other| other == *line)).map(|line| format!("-{line}"));
    let new = after.lines().filter(|line| !before.lines().any(|other| other == *line)).map(|line| format!("+{line}"));
    gone.chain(new).collect()
}

#[test]
fn only_the_values_change() {
    // A section lacks some of what a whole one has.
    let complete = read(FILE, "dev").text();
    let (text, changes) = after(
        &complete,
        &[
            Choice::set("region", "eu-west-1", ""),
            Choice::set("VpcId", "vpc-1", ""),
            Choice::set("SecretsManagerEndpoint", "true", ""),
            Choice::default("S3RouteTableIds", ""),
            Choice::set("DatabasePort", "6432", ""),
            Choice::set("DatabaseSecretKmsKeyArn", "arn:k", ""),
            Choice::left("NotificationAddress", ""),
        ],
    );
    assert_eq!(
        differences(&complete, &text),
        [
            "-region = \"FILL-IN-region\" # where it is",
            "-  \"VpcId=FILL-IN-vpc-id\", # ours",
            "-  \"S3RouteTableIds=FILL-IN-route-table-ids\", # of the subnets",
            "+region = \"eu-west-1\" # where it is",
            "+  \"VpcId=vpc-1\", # ours",
            "+  # of the subnets",
            "+  \"DatabaseSecretKmsKeyArn=arn:k\",",
            "+  \"DatabasePort=6432\",",
        ]
    );
    assert!(text.contains("# The endpoint.\n  \"SecretsManagerEndpoint=true\","), "{text}");
    assert!(
        text.contains("  \"DatabaseSecretArn=FILL-IN-secret-arn\",\n  \"DatabaseSecretKmsKeyArn=arn:k\",\n"),
        "{text}"
    );
    assert!(text.contains("security-group-id\",\n  \"DatabasePort=6432\",\n  \"NotificationAddress"), "{text}");
    let named: Vec<_> = changes.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(named, ["region", "VpcId", "S3RouteTableIds", "DatabasePort", "DatabaseSecretKmsKeyArn"]);
    assert_eq!(changes[2].after, None);
    // Once more changes nothing.
    let (again, changes) = after(&text, &[Choice::set("VpcId", "vpc-1", ""), Choice::default("S3RouteTableIds", "")]);
    assert_eq!((again, changes), (text, Vec::new()));
}

#[test]
fn what_is_filled_in_is_told_from_what_is_not() {
    let section = read(&FILE.replace("VpcId=FILL-IN-vpc-id", "VpcId=vpc-7"), "dev");
    let current = section.current();
    assert_eq!(current["VpcId"], "vpc-7");
    assert!(!current.contains_key("SubnetIds"));
    assert_eq!(section.stack(), "shop-migrations-dev");
    let unfilled = section.unfilled();
    assert!(unfilled.contains(&"region".to_owned()) && unfilled.contains(&"NotificationAddress".to_owned()));
    assert!(!unfilled.contains(&"VpcId".to_owned()));
}

#[test]
fn what_is_left_to_a_person_is_marked_so_that_a_deployment_names_it() {
    let text = read(FILE, "dev").text().replace("  \"NotificationAddress=FILL-IN-mail-address\",\n", "");
    let (text, _) = after(&text, &[Choice::left("NotificationAddress", ""), Choice::left("DatabaseName", "")]);
    assert!(
        text.contains("\"NotificationAddress=FILL-IN-mail-address\"")
            && text.contains("\"DatabaseName=FILL-IN-database-name\"")
    );
    // What a person has written stays.
    let written = text.replace("DatabaseName=FILL-IN-database-name", "DatabaseName=shop");
    assert_eq!(after(&written, &[Choice::left("DatabaseName", "")]), (written.clone(), Vec::new()));
    assert_eq!(after(&written, &[Choice::kept("DatabaseName", "")]), (written, Vec::new()));
}

#[test]
fn a_missing_file_and_a_missing_section_are_made_whole() {
    for (text, environment) in [("", "dev"), (FILE, "qa"), (FILE, "prod"), ("# mine", "prod")] {
        let section = Section::read(text, environment, Some("shop").filter(|_| environment != "prod")).unwrap();
        let made = section.text();
        assert!(text == FILE && environment == "prod" || made.starts_with(text), "{made}");
        let project = if environment == "prod" { "lockstep" } else { "shop" };
        assert_eq!(section.stack(), format!("{project}-migrations-{environment}"));
        for part in [
            "stack_name",
            "resolve_s3 = true",
            "CAPABILITY_IAM",
            "Architecture=x86_64",
            "ApprovalFrom",
            "LogRetentionDays",
        ] {
            assert!(made.contains(part), "{part} in {made}");
        }
        assert!(environment != "prod" || made.contains("ApprovalFrom=always"), "{made}");
        assert!(section.unfilled().contains(&"VpcId".to_owned()));
        // It is read as it was made.
        assert_eq!(read(&made, environment).text(), made);
    }
    assert!(read("", "dev").text().contains(PLACEHOLDER));
}

#[test]
fn an_array_on_one_line_stays_on_one_line() {
    let text = "[dev.deploy.parameters]\nparameter_overrides = [\"Project=shop\", \"Environment=dev\"]\n";
    let (text, _) = after(text, &[Choice::set("VpcId", "vpc-1", "")]);
    assert!(text.contains("[\"Project=shop\", \"Environment=dev\", \"VpcId=vpc-1\"]"), "{text}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let told = |text: &str| Section::read(text, "dev", Some("shop")).map(|_| ()).unwrap_err().message;
    let no_toml = told("[dev.deploy.parameters\nregion = 1");
    assert!(no_toml.contains("samconfig.toml is not TOML") && no_toml.contains("line 1"), "{no_toml}");
    assert!(told("dev = 1").contains("dev is no table"));
    for wrong in ["\"VpcId=vpc-1\"", "[\"VpcId\"]", "[1]"] {
        let text = format!("[dev.deploy.parameters]\nparameter_overrides = {wrong}\n");
        assert!(told(&text).contains("write parameter_overrides as a list"), "{wrong}");
    }
    let other = "[dev.deploy.parameters]\nparameter_overrides = [\"Project=other\"]\n";
    assert!(told(other).contains("is for the project other, not for shop"));
}
