//! The bucket of the uploads: a named one, or the one that SAM manages in each account and Region.

use std::time::Duration;

use serde::de::IgnoredAny;

use super::super::stack::Stack;
use crate::aws::endpoint::Service;
use crate::aws::{Aws, Error};
use crate::problem::Problem;
use crate::screen::{Look, Screen};

/// The stack with the bucket that SAM manages. The roles of bootstrap/github.yaml know its name.
const MANAGED: &str = "aws-sam-cli-managed-default";

/// That stack as SAM makes it.
const TEMPLATE: &str = include_str!("managed-bucket.json");

/// Between two looks at a stack that is being made.
const PAUSE: Duration = Duration::from_secs(2);

/// Returns the bucket that SAM manages. Makes it, if it is not there yet.
///
/// # Errors
///
/// When the stack is not as SAM leaves it, or AWS does not answer.
pub(super) async fn managed(screen: &mut Screen, aws: &Aws) -> Result<String, Problem> {
    let problem = |error: Error| error.explain(MANAGED, aws.region(), super::super::RIGHTS);
    let mut found = Stack::find(aws, MANAGED).await.map_err(problem)?;
    if found.is_none() {
        screen.complain(Look::Plain, &format!("Making the bucket for uploads (the stack {MANAGED})"));
        let parameters = [
            ("StackName", MANAGED),
            ("TemplateBody", TEMPLATE),
            // SAM uses no stack without this tag.
            ("Tags.member.1.Key", "ManagedStackSource"),
            ("Tags.member.1.Value", "AwsSamCli"),
        ];
        aws.query::<IgnoredAny>(Service::CloudFormation, "CreateStack", &parameters).await.map_err(problem)?;
        found = Stack::find(aws, MANAGED).await.map_err(problem)?;
    }
    while found.as_ref().is_some_and(|stack| stack.status.ends_with("_IN_PROGRESS")) {
        tokio::time::sleep(PAUSE).await;
        found = Stack::find(aws, MANAGED).await.map_err(problem)?;
    }
    let stack = found.unwrap_or_default();
    match stack.outputs.get("SourceBucket") {
        Some(bucket) if stack.status.ends_with("_COMPLETE") && !stack.status.starts_with("ROLLBACK") => {
            Ok(bucket.clone())
        }
        _ => Err(Problem::failed(format!(
            "the stack {MANAGED}, which has SAM's bucket for uploads, is {} in {}: delete it, or name a bucket of your own in \
             samconfig.toml (s3_bucket)",
            if stack.status.is_empty() { "gone" } else { &stack.status },
            aws.region()
        ))),
    }
}
