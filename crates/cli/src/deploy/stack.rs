//! CloudFormation's view of a stack before and after its deployment.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::aws::endpoint::Service;
use crate::aws::{Aws, Error};
use crate::problem::Problem;

/// The states after a failed first deployment or a failed deletion. CloudFormation does not change a stack in one of them.
const TO_DELETE: [&str; 4] = ["CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"];

/// A change set exists, and nothing of it is deployed. A deployment continues from here.
pub(super) const NOTHING_YET: &str = "REVIEW_IN_PROGRESS";

/// A stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its status.
    pub(crate) status: String,
    /// Its outputs. A stack that is being created has none yet.
    pub(crate) outputs: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "DescribeStacksResult")]
    result: Answered,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "Stacks")]
    stacks: Members<Described>,
}

/// A list in an answer.
#[derive(Deserialize)]
pub(super) struct Members<T> {
    #[serde(default = "Vec::new")]
    pub(super) member: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    stack_status: String,
    outputs: Option<Members<Output>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    #[serde(default)]
    output_value: String,
}

impl Stack {
    /// Returns a stack. Returns `None` if there is none with this name.
    ///
    /// # Errors
    ///
    /// When CloudFormation does not tell.
    pub(crate) async fn find(aws: &Aws, name: &str) -> Result<Option<Self>, Error> {
        match aws.query::<Answer>(Service::CloudFormation, "DescribeStacks", &[("StackName", name)]).await {
            Ok(answer) => Ok(answer.result.stacks.member.into_iter().next().map(Self::from)),
            // CloudFormation's answer if the stack does not exist.
            Err(error) if error.code() == Some("ValidationError") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns whether the last update was undone. The versions that it published stay, and no version is published twice.
    pub(crate) fn is_rolled_back(&self) -> bool {
        self.status.starts_with("UPDATE_ROLLBACK")
    }

    /// Checks that CloudFormation would change the stack.
    ///
    /// # Errors
    ///
    /// Names the way out of its status.
    pub(crate) fn check(&self, name: &str, region: &str) -> Result<(), Problem> {
        let status = self.status.as_str();
        let command = format!("--stack-name {name} --region {region}");
        if TO_DELETE.contains(&status) {
            return Err(Problem::usage(format!(
                "{name} is {status}, and cannot be updated. Read why (aws cloudformation describe-stack-events {command}), fix the \
                 cause, delete the stack (aws cloudformation delete-stack {command}), and deploy again"
            )));
        }
        if status == "UPDATE_ROLLBACK_FAILED" {
            return Err(Problem::usage(format!(
                "{name} is {status}. Read why (aws cloudformation describe-stack-events {command}), fix the cause, let the rollback \
                 go on (aws cloudformation continue-update-rollback {command}; with --role-arn where the stack's role lacks a right, \
                 see docs/github.md), and deploy again"
            )));
        }
        if status.ends_with("_IN_PROGRESS") && status != NOTHING_YET {
            return Err(Problem::usage(format!(
                "{name} is {status}: another deployment is at work. Wait for its end, and deploy again"
            )));
        }
        Ok(())
    }
}

impl From<Described> for Stack {
    fn from(described: Described) -> Self {
        let outputs = described.outputs.into_iter().flat_map(|outputs| outputs.member);
        let outputs = outputs.map(|output| (output.output_key, output.output_value)).collect();
        Self { status: described.stack_status, outputs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn is(status: &str) -> Stack {
        Stack { status: status.to_owned(), ..Stack::default() }
    }

    #[test]
    fn a_stack_that_cannot_be_updated_is_refused_with_the_way_out() {
        for (status, way_out) in [
            ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --stack-name"),
            ("CREATE_FAILED", "aws cloudformation delete-stack --stack-name"),
            ("DELETE_FAILED", "aws cloudformation delete-stack --stack-name"),
            ("ROLLBACK_FAILED", "aws cloudformation delete-stack --stack-name"),
            ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name"),
            ("UPDATE_IN_PROGRESS", "Wait for its end"),
            ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "Wait for its end"),
        ] {
            let problem = is(status).check("shop-migrations-prod", "eu-west-1").unwrap_err();
            assert_eq!(problem.exit, Exit::Usage);
            assert!(problem.message.contains(status) && problem.message.contains(way_out), "{problem:?}");
        }
    }

    #[test]
    fn a_stack_that_can_be_updated_passes() {
        for status in
            ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "IMPORT_COMPLETE"]
        {
            is(status).check("shop-migrations-prod", "eu-west-1").unwrap();
        }
    }

    #[test]
    fn only_an_update_that_was_undone_leaves_versions_behind() {
        assert!(is("UPDATE_ROLLBACK_COMPLETE").is_rolled_back());
        assert!(!is("UPDATE_COMPLETE").is_rolled_back() && !is("REVIEW_IN_PROGRESS").is_rolled_back());
    }

    #[test]
    fn an_answer_is_read() {
        let answer = r#"<DescribeStacksResponse xmlns="x"><DescribeStacksResult><Stacks><member><StackName>s</StackName>
            <StackStatus>UPDATE_COMPLETE</StackStatus><Outputs><member><OutputKey>TopicArn</OutputKey>
            <OutputValue>arn:t</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"#;
        let answer: Answer = quick_xml::de::from_str(answer).unwrap();
        let stack = answer.result.stacks.member.into_iter().next().map(Stack::from).unwrap();
        assert_eq!((stack.status.as_str(), stack.outputs["TopicArn"].as_str()), ("UPDATE_COMPLETE", "arn:t"));
    }
}
