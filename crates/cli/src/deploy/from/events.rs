//! The events of a stack, while it changes.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use crate::aws::endpoint::Service;
use crate::aws::{Aws, Error};
use crate::deploy::stack::Members;
use crate::screen::{Look, Screen};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// What `CloudFormation` says of a resource that it gave up because another one failed.
const CANCELLED: &str = "cancelled";

/// The events that are known already, and those that failed.
#[derive(Debug, Default)]
pub(super) struct Events {
    known: BTreeSet<String>,
    failures: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(rename = "EventId")]
    id: String,
    #[serde(default)]
    logical_resource_id: String,
    #[serde(default)]
    physical_resource_id: String,
    #[serde(default)]
    resource_type: String,
    #[serde(default)]
    resource_status: String,
    #[serde(default)]
    resource_status_reason: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "DescribeStackEventsResult")]
    result: Answered,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "StackEvents")]
    events: Option<Members<Event>>,
    #[serde(rename = "NextToken")]
    next: Option<String>,
}

impl Events {
    /// Returns the events of a stack so far, which are no longer told.
    pub(super) async fn so_far(aws: &Aws, stack: &str) -> Result<Self, Error> {
        let mut events = Self::default();
        for event in events.unknown(aws, stack).await? {
            events.known.insert(event.id);
        }
        Ok(events)
    }

    /// Shows the events of a stack as they come, until it is at rest. Returns the status in which it is then.
    pub(super) async fn follow(&mut self, screen: &mut Screen, aws: &Aws, stack: &str) -> Result<String, Error> {
        loop {
            for event in self.unknown(aws, stack).await? {
                self.known.insert(event.id.clone());
                show(screen, &event);
                if let Some(why) = event.failure() {
                    self.failures.push(why);
                }
                if event.is_end(stack) {
                    return Ok(event.resource_status);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Returns why resources failed, the first one first.
    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// Returns the events that are not known yet, the oldest first. AWS names the newest first, in pages.
    async fn unknown(&self, aws: &Aws, stack: &str) -> Result<Vec<Event>, Error> {
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut asked = vec![("StackName", stack)];
            asked.extend(token.as_deref().map(|token| ("NextToken", token)));
            let answer: Answer = aws.query(Service::CloudFormation, "DescribeStackEvents", &asked).await?;
            for event in answer.result.events.into_iter().flat_map(|page| page.member) {
                if self.known.contains(&event.id) {
                    found.reverse();
                    return Ok(found);
                }
                found.push(event);
            }
            token = answer.result.next;
            if token.is_none() {
                found.reverse();
                return Ok(found);
            }
        }
    }
}

impl Event {
    /// Whether the stack itself has come to rest with it. CloudFormation deletes what an update replaced after the update's
    /// own end, so only what follows that is the end.
    fn is_end(&self, stack: &str) -> bool {
        let status = self.resource_status.as_str();
        self.physical_resource_id == stack && (status.ends_with("_COMPLETE") || status.ends_with("_FAILED"))
            // After these a rollback follows.
            && !matches!(status, "CREATE_FAILED" | "UPDATE_FAILED")
    }

    fn failure(&self) -> Option<String> {
        let reason = self.resource_status_reason.as_str();
        let is_cause = self.resource_status.ends_with("_FAILED") && !reason.to_lowercase().contains(CANCELLED);
        is_cause.then(|| format!("{} ({}): {reason}", self.logical_resource_id, self.resource_type))
    }
}

fn show(screen: &mut Screen, event: &Event) {
    let Event { logical_resource_id: name, resource_type: kind, resource_status: status, .. } = event;
    let look = match status.as_str() {
        status if status.ends_with("_FAILED") || status.contains("ROLLBACK") => Look::Bad,
        status if status.ends_with("_COMPLETE") => Look::Good,
        _ => Look::Dim,
    };
    let reason = if event.resource_status_reason.is_empty() || look != Look::Bad {
        String::new()
    } else {
        format!("  {}", event.resource_status_reason)
    };
    screen.complain(look, &format!("  {status:<36} {name}  {kind}{reason}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1";

    fn event(status: &str, of: &str, reason: &str) -> Event {
        let text = |text: &str| text.to_owned();
        Event {
            id: text("1"),
            logical_resource_id: text("Topic"),
            physical_resource_id: text(of),
            resource_type: text("AWS::SNS::Topic"),
            resource_status: text(status),
            resource_status_reason: text(reason),
        }
    }

    #[test]
    fn the_end_is_the_stacks_own_rest() {
        for status in
            ["CREATE_COMPLETE", "UPDATE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED"]
        {
            assert!(event(status, STACK, "").is_end(STACK), "{status}");
            assert!(!event(status, "topic", "").is_end(STACK), "{status}");
        }
        for status in ["CREATE_FAILED", "UPDATE_FAILED", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"] {
            assert!(!event(status, STACK, "").is_end(STACK), "{status}");
        }
    }

    #[test]
    fn a_failure_is_its_cause_and_not_what_was_given_up_for_it() {
        let failed = event("CREATE_FAILED", "topic", "Topic already exists");
        assert_eq!(failed.failure().as_deref(), Some("Topic (AWS::SNS::Topic): Topic already exists"));
        assert_eq!(event("CREATE_FAILED", "topic", "Resource creation cancelled").failure(), None);
        assert_eq!(event("CREATE_COMPLETE", "topic", "").failure(), None);
    }

    #[test]
    fn an_answer_is_read() {
        let answer = r#"<DescribeStackEventsResponse xmlns="x"><DescribeStackEventsResult><StackEvents><member>
            <EventId>7</EventId><LogicalResourceId>Topic</LogicalResourceId><PhysicalResourceId/><ResourceType>AWS::SNS::Topic</ResourceType>
            <ResourceStatus>CREATE_IN_PROGRESS</ResourceStatus></member></StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>"#;
        let answer: Answer = quick_xml::de::from_str(answer).unwrap();
        let [read] = answer.result.events.unwrap().member.try_into().unwrap();
        assert_eq!(read, Event { id: "7".to_owned(), ..event("CREATE_IN_PROGRESS", "", "") });
    }
}
