//! `migration n of m`, as the apply function logs it.
//!
//! The history shows nothing while one invocation applies many migrations, so the function's log is read as well.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;

use super::tail::{LogEvent, Tail};
use crate::words::milliseconds;

/// One log line of the apply function about one migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// When it was logged.
    pub(crate) at: Timestamp,
    /// The migration's name.
    pub(crate) migration: String,
    /// Its number in the plan, from 1.
    pub(crate) number: u64,
    /// How many migrations the plan has.
    pub(crate) total: u64,
    /// How long it took; `None` while it is being applied.
    pub(crate) duration_ms: Option<u64>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "migration {} of {}: {}", self.number, self.total, self.migration)?;
        self.duration_ms.map_or(Ok(()), |took| write!(f, " ({})", milliseconds(took)))
    }
}

/// The log lines about one execution's migrations, without those already returned.
#[derive(Debug)]
pub(crate) struct ApplyLog {
    tail: Tail,
    execution: String,
    /// Why the log cannot be read, once that is known.
    pub(crate) refused: Option<String>,
    /// The number of attempts whose last line has arrived.
    pub(crate) ended: usize,
}

impl ApplyLog {
    /// Returns the log of the execution of this name.
    pub(crate) fn new(tail: Tail, execution: &str) -> Self {
        Self { tail, execution: execution.to_owned(), refused: None, ended: 0 }
    }

    /// Returns the lines logged since the last call. Without permission to read logs it returns none, and `refused` is
    /// set. A log that does not answer is asked again at the next call: the history tells whether AWS is there.
    pub(crate) async fn new_lines(&mut self) -> Vec<Progress> {
        if self.refused.is_some() {
            return Vec::new();
        }
        match self.tail.new_events().await {
            Ok(events) => events.iter().filter_map(|event| self.read(event)).collect(),
            Err(error) => {
                // Until its first line, a function has no log group.
                let code = error.code().filter(|code| *code != "ResourceNotFoundException");
                self.refused = code.map(str::to_owned);
                Vec::new()
            }
        }
    }

    fn read(&mut self, event: &LogEvent) -> Option<Progress> {
        let line: Line = serde_json::from_str(&event.message).ok()?;
        // All runs of a stack share the function's log.
        if line.execution.as_deref() != Some(&self.execution) {
            return None;
        }
        match line.message.as_deref()? {
            // The last message that the function logs, in success and in failure.
            "step done" | "step failed" => {
                self.ended += 1;
                None
            }
            "applying migration" | "applied migration" => Some(Progress {
                at: Timestamp::from_millisecond(event.timestamp).ok()?,
                migration: line.migration?,
                number: line.number?,
                total: line.total?,
                duration_ms: line.duration_ms.filter(|_| line.message.as_deref() == Some("applied migration")),
            }),
            _ => None,
        }
    }
}

/// A line that the function apply logs, as far as it is read: `crates/engine/src/apply.rs` writes it.
#[derive(Deserialize)]
struct Line {
    message: Option<String>,
    execution: Option<String>,
    migration: Option<String>,
    number: Option<u64>,
    total: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    duration_ms: Option<u64>,
}

/// The line about a step has a duration with a fraction.
fn whole<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(serde_json::Value::deserialize(from)?.as_u64())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::aws::Aws;
    use crate::stack::made::with;

    fn log() -> ApplyLog {
        let settings = ["AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let settings: BTreeMap<_, _> = settings.into_iter().map(|name| (name.to_owned(), "x".to_owned())).collect();
        ApplyLog::new(Tail::new(Aws::of_this_machine(settings).unwrap(), "group".into(), 0), "run-1")
    }

    fn read(log: &mut ApplyLog, line: &Value) -> Option<String> {
        let event = json!({ "timestamp": 0, "message": line.as_str().map_or_else(|| line.to_string(), str::to_owned) });
        log.read(&serde_json::from_value(event).unwrap()).map(|progress| progress.to_string())
    }

    #[test]
    fn lines_of_this_execution_are_progress() {
        let entry = json!({
            "message": "applied migration", "execution": "run-1", "migration": "2_x", "number": 2, "total": 3, "duration_ms": 12,
        });
        let mut log = log();
        assert_eq!(read(&mut log, &entry).as_deref(), Some("migration 2 of 3: 2_x (12 ms)"));
        let applying = with(entry.clone(), json!({ "message": "applying migration", "duration_ms": null }));
        assert_eq!(read(&mut log, &applying).as_deref(), Some("migration 2 of 3: 2_x"));
        for other in [
            with(entry.clone(), json!({ "execution": "run-2" })),
            with(entry.clone(), json!({ "number": "2" })),
            with(entry, json!({ "message": "something else" })),
            json!("START RequestId"),
        ] {
            assert_eq!(read(&mut log, &other), None, "{other}");
        }
    }

    #[test]
    fn the_last_line_of_each_attempt_is_counted() {
        let mut log = log();
        for (message, execution, ended) in
            [("step done", "run-1", 1), ("step done", "run-2", 1), ("step failed", "run-1", 2)]
        {
            read(&mut log, &json!({ "message": message, "execution": execution, "duration_ms": 1.5 }));
            assert_eq!(log.ended, ended);
        }
    }
}
