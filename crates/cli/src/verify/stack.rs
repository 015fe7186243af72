//! What `CloudFormation` and SNS tell of a stack.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::aws::endpoint::Service;
use crate::aws::{Aws, Error};

/// A list, as AWS Query writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Members<T> {
    #[serde(default = "Vec::new")]
    pub(super) member: Vec<T>,
}

// Not derived: an element of the list need not have a default.
impl<T> Default for Members<T> {
    fn default() -> Self {
        Self { member: Vec::new() }
    }
}

#[derive(Debug, Deserialize)]
struct DescribeStacks {
    #[serde(rename = "DescribeStacksResult")]
    result: DescribedStacks,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedStacks {
    stacks: Members<Stack>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stack {
    #[serde(default)]
    outputs: Members<Output>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    #[serde(default)]
    output_value: String,
}

/// Returns a stack's outputs. Returns `None` if there is no such stack.
pub(super) async fn outputs(aws: &Aws, stack: &str) -> Result<Option<BTreeMap<String, String>>, Error> {
    match aws.query::<DescribeStacks>(Service::CloudFormation, "DescribeStacks", &[("StackName", stack)]).await {
        Ok(answer) => {
            let found = answer.result.stacks.member.into_iter().next();
            let pair = |output: Output| (output.output_key, output.output_value);
            Ok(found.map(|stack| stack.outputs.member.into_iter().map(pair).collect()))
        }
        // CloudFormation's answer if the stack does not exist.
        Err(error) if error.code() == Some("ValidationError") => Ok(None),
        Err(error) => Err(error),
    }
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Resource {
    /// Its name in the template.
    #[serde(rename = "LogicalResourceId")]
    pub(super) name: String,
    /// Its name or ARN in the account.
    #[serde(rename = "PhysicalResourceId", default)]
    pub(super) physical: String,
    #[serde(rename = "ResourceType")]
    pub(super) kind: String,
}

#[derive(Debug, Deserialize)]
struct ListStackResources {
    #[serde(rename = "ListStackResourcesResult")]
    result: ListedResources,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedResources {
    #[serde(default)]
    stack_resource_summaries: Members<Resource>,
    next_token: Option<String>,
}

/// Returns the resources of a stack.
pub(super) async fn resources(aws: &Aws, stack: &str) -> Result<Vec<Resource>, Error> {
    let (mut found, mut next) = (Vec::new(), None::<String>);
    loop {
        let mut asked = vec![("StackName", stack)];
        asked.extend(next.as_deref().map(|next| ("NextToken", next)));
        let page: ListStackResources = aws.query(Service::CloudFormation, "ListStackResources", &asked).await?;
        found.extend(page.result.stack_resource_summaries.member);
        next = page.result.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
}

#[derive(Debug, Deserialize)]
struct ListSubscriptions {
    #[serde(rename = "ListSubscriptionsByTopicResult")]
    result: Subscriptions,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Subscriptions {
    #[serde(default)]
    subscriptions: Members<Subscription>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Subscription {
    subscription_arn: String,
}

/// Returns whether a topic has no subscription that would deliver. One that is not confirmed has no ARN yet.
pub(super) async fn has_no_subscription(aws: &Aws, topic: &str) -> Result<bool, Error> {
    let mut next = None::<String>;
    loop {
        let mut asked = vec![("TopicArn", topic)];
        asked.extend(next.as_deref().map(|next| ("NextToken", next)));
        let page: ListSubscriptions = aws.query(Service::Sns, "ListSubscriptionsByTopic", &asked).await?;
        if page.result.subscriptions.member.iter().any(|one| one.subscription_arn.starts_with("arn:")) {
            return Ok(false);
        }
        next = page.result.next_token;
        if next.is_none() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_aws_writes_them() {
        let stacks: DescribeStacks = quick_xml::de::from_str(
            r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>
            <member><StackName>s</StackName><Outputs><member><OutputKey>TopicArn</OutputKey><OutputValue>arn:t</OutputValue></member>
            <member><OutputKey>Other</OutputKey><OutputValue/></member></Outputs></member></Stacks></DescribeStacksResult>
            <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeStacksResponse>"#,
        )
        .unwrap();
        let outputs = &stacks.result.stacks.member[0].outputs.member;
        assert_eq!(
            (outputs.len(), outputs[0].output_value.as_str(), outputs[1].output_value.as_str()),
            (2, "arn:t", "")
        );
        let none: DescribeStacks = quick_xml::de::from_str(
            "<R><DescribeStacksResult><Stacks><member><StackName>s</StackName></member></Stacks></DescribeStacksResult></R>",
        )
        .unwrap();
        assert!(none.result.stacks.member[0].outputs.member.is_empty());
        let listed: ListStackResources = quick_xml::de::from_str(
            "<R><ListStackResourcesResult><StackResourceSummaries><member><LogicalResourceId>Role</LogicalResourceId>
            <PhysicalResourceId>r</PhysicalResourceId><ResourceType>AWS::IAM::Role</ResourceType></member></StackResourceSummaries>
            <NextToken>t</NextToken></ListStackResourcesResult></R>",
        )
        .unwrap();
        assert_eq!(listed.result.next_token.as_deref(), Some("t"));
        assert_eq!(listed.result.stack_resource_summaries.member[0].physical, "r");
        let empty: ListSubscriptions = quick_xml::de::from_str(
            "<R><ListSubscriptionsByTopicResult><Subscriptions/></ListSubscriptionsByTopicResult></R>",
        )
        .unwrap();
        assert!(empty.result.subscriptions.member.is_empty());
    }
}
