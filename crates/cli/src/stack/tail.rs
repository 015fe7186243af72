//! The lines of a log group since a time, without those already returned.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::aws::endpoint::Service;
use crate::aws::{Aws, Error};

/// Logs arrive out of order, so the last seconds are read again.
const AGAIN_MS: i64 = 10_000;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEvent {
    /// When it was logged, in milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// The line.
    pub(crate) message: String,
    /// The stream that it is in.
    #[serde(default)]
    log_stream_name: String,
    /// Its id. The local stack's events have none.
    #[serde(default)]
    event_id: Option<String>,
}

/// Reads one log group.
#[derive(Debug)]
pub(crate) struct Tail {
    aws: Aws,
    group: String,
    since: i64,
    seen: HashSet<LogEvent>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter<'a> {
    log_group_name: &'a str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<LogEvent>,
    next_token: Option<String>,
}

impl Tail {
    /// Returns a log group from this moment on, in milliseconds since 1970.
    pub(crate) fn new(aws: Aws, group: String, since: i64) -> Self {
        Self { aws, group, since, seen: HashSet::new() }
    }

    /// Returns the events logged since the last call.
    ///
    /// # Errors
    ///
    /// Those of the calls.
    pub(crate) async fn new_events(&mut self) -> Result<Vec<LogEvent>, Error> {
        let mut found = Vec::new();
        let mut next_token = None;
        loop {
            let asked = Filter { log_group_name: &self.group, start_time: self.since, next_token };
            let page: Page = self.aws.json(Service::Logs, "Logs_20140328.FilterLogEvents", &asked).await?;
            found.extend(page.events);
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(self.fresh(found));
            }
        }
    }

    fn fresh(&mut self, found: Vec<LogEvent>) -> Vec<LogEvent> {
        let fresh: Vec<_> = found.into_iter().filter(|event| self.seen.insert(event.clone())).collect();
        for event in &fresh {
            self.since = self.since.max(event.timestamp - AGAIN_MS);
        }
        let oldest = self.since;
        self.seen.retain(|event| event.timestamp >= oldest);
        fresh
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_line_is_returned_once_and_a_late_one_too() {
        let settings = ["AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let settings: BTreeMap<_, _> = settings.into_iter().map(|name| (name.to_owned(), "x".to_owned())).collect();
        let mut tail = Tail::new(Aws::of_this_machine(settings).unwrap(), "group".into(), 0);
        let event = |timestamp: i64, id: Option<&str>| LogEvent {
            timestamp,
            message: "m".into(),
            log_stream_name: "s".into(),
            event_id: id.map(str::to_owned),
        };
        let (first, late) = (event(20_000, None), event(15_000, Some("1")));
        assert_eq!(tail.fresh(vec![first.clone()]), std::slice::from_ref(&first));
        assert_eq!(tail.since, 10_000);
        assert_eq!(tail.fresh(vec![late.clone(), first]), [late]);
        assert_eq!(tail.fresh(vec![event(40_000, Some("2"))]).len(), 1);
        assert_eq!((tail.since, tail.seen.len()), (30_000, 1), "what is not asked for any more is forgotten");
    }
}
