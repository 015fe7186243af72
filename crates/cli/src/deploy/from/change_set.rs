//! A change set: what `CloudFormation` would change, before it does.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::options::Options;
use crate::aws::endpoint::Service;
use crate::aws::{Aws, Error};
use crate::deploy::stack::Members;
use crate::lines::Lines;
use crate::screen::Look;

/// What the names of change sets begin with. The deployer's role in bootstrap/github.yaml may execute no other one.
const PREFIX: &str = "samcli-deploy";

/// Between two looks at a change set that is being made.
const PAUSE: Duration = Duration::from_secs(1);

/// What `CloudFormation` says where nothing would change.
const NOTHING: [&str; 2] = ["The submitted information didn't contain changes", "No updates are to be performed"];

/// A change set.
#[derive(Debug)]
pub(super) struct ChangeSet {
    id: String,
    /// The stack's ARN. It names the stack also after a failed creation has deleted it.
    pub(super) stack: String,
}

/// How the making of a change set ended.
pub(super) enum Made {
    /// There is something to change.
    Changes(Vec<Change>),
    /// The stack is like this already.
    Nothing,
    /// `CloudFormation` refuses, and says why.
    Refused(String),
}

/// One resource that would change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Change {
    action: String,
    #[serde(rename = "LogicalResourceId")]
    name: String,
    #[serde(rename = "ResourceType")]
    kind: String,
    #[serde(default)]
    replacement: String,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "CreateChangeSetResult")]
    result: Ids,
}

#[derive(Deserialize)]
struct Ids {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "StackId")]
    stack: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "DescribeChangeSetResult")]
    result: Described,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    status: String,
    #[serde(default)]
    status_reason: String,
    changes: Option<Members<Listed>>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "ResourceChange")]
    change: Option<Change>,
}

/// What a change set is made of.
pub(super) struct Wanted<'a> {
    /// The stack's name.
    pub(super) stack: &'a str,
    /// Whether the stack is still to be made.
    pub(super) is_new: bool,
    /// The template's address.
    pub(super) template: &'a str,
    /// The template's parameters.
    pub(super) parameters: &'a BTreeMap<String, String>,
    /// The role that `CloudFormation` works with.
    pub(super) role: Option<&'a str>,
}

impl ChangeSet {
    /// Begins to make a change set.
    pub(super) async fn create(aws: &Aws, wanted: &Wanted<'_>, options: &Options, now: i64) -> Result<Self, Error> {
        let name = format!("{PREFIX}{now}");
        let kind = if wanted.is_new { "CREATE" } else { "UPDATE" };
        let mut asked = vec![
            ("StackName".to_owned(), wanted.stack.to_owned()),
            ("ChangeSetName".to_owned(), name.clone()),
            // A repeated request makes no second one.
            ("ClientToken".to_owned(), name),
            ("ChangeSetType".to_owned(), kind.to_owned()),
            ("TemplateURL".to_owned(), wanted.template.to_owned()),
        ];
        asked.extend(wanted.role.map(|role| ("RoleARN".to_owned(), role.to_owned())));
        for (at, (name, value)) in (1..).zip(wanted.parameters) {
            asked.push((format!("Parameters.member.{at}.ParameterKey"), name.clone()));
            asked.push((format!("Parameters.member.{at}.ParameterValue"), value.clone()));
        }
        for (at, (name, value)) in (1..).zip(&options.tags) {
            asked.push((format!("Tags.member.{at}.Key"), name.clone()));
            asked.push((format!("Tags.member.{at}.Value"), value.clone()));
        }
        for (at, capability) in (1..).zip(&options.capabilities) {
            asked.push((format!("Capabilities.member.{at}"), capability.clone()));
        }
        let asked: Vec<_> = asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let created: Created = aws.query(Service::CloudFormation, "CreateChangeSet", &asked).await?;
        Ok(Self { id: created.result.id, stack: created.result.stack })
    }

    /// Waits until the change set is made, and returns what it would change.
    pub(super) async fn made(&self, aws: &Aws) -> Result<Made, Error> {
        loop {
            let Described { status, status_reason, .. } = self.describe(aws, None).await?;
            match status.as_str() {
                "CREATE_COMPLETE" => return Ok(Made::Changes(self.changes(aws).await?)),
                "FAILED" if NOTHING.iter().any(|said| status_reason.contains(said)) => return Ok(Made::Nothing),
                status if status.ends_with("FAILED") => return Ok(Made::Refused(status_reason)),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn changes(&self, aws: &Aws) -> Result<Vec<Change>, Error> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = self.describe(aws, token.as_deref()).await?;
            found.extend(page.changes.into_iter().flat_map(|page| page.member).filter_map(|one| one.change));
            token = page.next_token;
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    async fn describe(&self, aws: &Aws, token: Option<&str>) -> Result<Described, Error> {
        let mut asked = vec![("ChangeSetName", self.id.as_str()), ("StackName", self.stack.as_str())];
        asked.extend(token.map(|token| ("NextToken", token)));
        let answer: Answer = aws.query(Service::CloudFormation, "DescribeChangeSet", &asked).await?;
        Ok(answer.result)
    }

    /// Begins to carry the change set out.
    pub(super) async fn execute(&self, aws: &Aws, now: i64) -> Result<(), Error> {
        let token = format!("{PREFIX}{now}");
        let asked = [
            ("ChangeSetName", self.id.as_str()),
            ("StackName", self.stack.as_str()),
            ("ClientRequestToken", token.as_str()),
        ];
        aws.query::<IgnoredAny>(Service::CloudFormation, "ExecuteChangeSet", &asked).await.map(|_| ())
    }

    /// Removes a change set that is not carried out.
    pub(super) async fn delete(&self, aws: &Aws) -> Result<(), Error> {
        let asked = [("ChangeSetName", self.id.as_str()), ("StackName", self.stack.as_str())];
        aws.query::<IgnoredAny>(Service::CloudFormation, "DeleteChangeSet", &asked).await.map(|_| ())
    }
}

/// Returns the changes in lines, one for each resource, in the order of the names.
pub(super) fn listed(changes: &[Change]) -> Lines {
    let mut changes: Vec<_> = changes.iter().collect();
    changes.sort_by(|one, other| one.name.cmp(&other.name));
    let width = changes.iter().map(|change| change.name.len()).max().unwrap_or(0);
    let mut lines = Lines::default();
    for Change { action, name, kind, replacement } in changes {
        let (mark, look) = match action.as_str() {
            "Add" => ("+", Look::Good),
            "Remove" => ("-", Look::Bad),
            _ => ("~", Look::Warning),
        };
        let replaced = match replacement.as_str() {
            "True" => "  (replaced)",
            "Conditional" => "  (perhaps replaced)",
            _ => "",
        };
        lines.parts([(look, &format!("  {mark} ")), (Look::Plain, &format!("{name:width$}  {kind}{replaced}"))]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let answer = r#"<DescribeChangeSetResponse xmlns="x"><DescribeChangeSetResult><ChangeSetName>n</ChangeSetName>
            <Status>CREATE_COMPLETE</Status><Changes><member><Type>Resource</Type><ResourceChange><Action>Modify</Action>
            <LogicalResourceId>ApplyFunction</LogicalResourceId><ResourceType>AWS::Lambda::Function</ResourceType>
            <Replacement>False</Replacement></ResourceChange></member><member><Type>Hook</Type></member></Changes>
            <NextToken>t</NextToken></DescribeChangeSetResult></DescribeChangeSetResponse>"#;
        let read: Answer = quick_xml::de::from_str(answer).unwrap();
        let changes: Vec<_> = read.result.changes.unwrap().member.into_iter().filter_map(|one| one.change).collect();
        assert_eq!((changes.len(), changes[0].name.as_str()), (1, "ApplyFunction"));
        assert_eq!((read.result.status.as_str(), read.result.next_token.as_deref()), ("CREATE_COMPLETE", Some("t")));
        let none = "<A><DescribeChangeSetResult><Status>FAILED</Status><StatusReason>why</StatusReason><Changes/>\
                    </DescribeChangeSetResult></A>";
        let read: Answer = quick_xml::de::from_str(none).unwrap();
        assert_eq!(read.result.status_reason, "why");
        assert!(read.result.changes.unwrap().member.is_empty());
    }

    #[test]
    fn changes_are_listed_by_name_and_say_what_is_replaced() {
        let change = |action: &str, name: &str, replacement: &str| Change {
            action: action.to_owned(),
            name: name.to_owned(),
            kind: "AWS::X".to_owned(),
            replacement: replacement.to_owned(),
        };
        let changes = [change("Modify", "Bc", "True"), change("Add", "A", ""), change("Remove", "D", "Conditional")];
        assert_eq!(
            listed(&changes).plain(),
            "  + A   AWS::X\n  ~ Bc  AWS::X  (replaced)\n  - D   AWS::X  (perhaps replaced)\n"
        );
    }
}
