//! `lockstep logs`: the logs of all functions together, the oldest line first.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::known::utc;
use super::tail::{LogEvent, Tail};
use crate::arguments::stack::{LogsArguments, Step};
use crate::aws::Error;
use crate::exit::Exit;
use crate::lines::Lines;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::signals::asked_to_end;
use crate::target::Target;

/// The beginnings of the platform's own lines.
const PLATFORM: [&str; 4] = ["START RequestId", "END RequestId", "REPORT RequestId", "INIT_START"];

/// The fields of a line that are shown elsewhere in it, or not at all.
const HIDDEN: [&str; 7] = ["message", "timestamp", "level", "target", "span", "spans", "requestId"];

/// Runs the command.
///
/// # Errors
///
/// When there is no such stack, and when AWS refuses or does not answer.
pub(crate) async fn run(screen: &mut Screen, arguments: &LogsArguments, as_json: bool) -> Result<Exit, Problem> {
    let target = Target::find(Some(arguments.environment), &arguments.place, None).await?;
    #[expect(clippy::cast_possible_truncation, reason = "what is too long becomes the longest")]
    let back = (arguments.minutes * 60_000.0) as i64;
    // No log is older than 1970, and CloudWatch takes no earlier time.
    let since = Timestamp::now().as_millisecond().saturating_sub(back).max(0);
    let steps = arguments.step.map_or_else(|| Step::ALL.to_vec(), |step| vec![step]);
    let mut logs: Vec<_> = steps
        .into_iter()
        .map(|step| (step.word(), Tail::new(target.aws.clone(), target.log_group(step.word()), since)))
        .collect();
    let pause = Duration::from_secs(if target.aws.is_emulated() { 1 } else { 3 });
    loop {
        let found = tokio::select! {
            found = new_events(&mut logs) => found.map_err(|error| target.problem(&error))?,
            () = asked_to_end() => return Ok(if arguments.follow { Exit::Done } else { Exit::Interrupted }),
        };
        for (step, event) in found {
            if as_json {
                if let Some(line) = value(step, &event, arguments.all) {
                    screen.json_line(&line);
                }
            } else {
                screen.lines(&line(step, &event, arguments.all));
            }
        }
        if !arguments.follow || screen.is_left() {
            return Ok(Exit::Done);
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = asked_to_end() => return Ok(Exit::Done),
        }
    }
}

async fn new_events(logs: &mut [(&'static str, Tail)]) -> Result<Vec<(&'static str, LogEvent)>, Error> {
    let (mut fresh, mut missing) = (Vec::new(), Vec::new());
    for (step, tail) in logs.iter_mut() {
        match tail.new_events().await {
            Ok(events) => fresh.extend(events.into_iter().map(|event| (*step, event))),
            // Until its first line, a function has no log group.
            Err(error) if error.code() == Some("ResourceNotFoundException") => missing.push(error),
            Err(error) => return Err(error),
        }
    }
    if missing.len() == logs.len()
        && let Some(error) = missing.pop()
    {
        return Err(error);
    }
    fresh.sort_by_key(|(_, event)| event.timestamp);
    Ok(fresh)
}

/// Returns a line's fields, if it is one of ours; and whether a person wants to see the line.
fn fields(event: &LogEvent) -> (Option<Map<String, Value>>, bool) {
    let text = event.message.trim_end();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) => {
            let is_platform =
                fields.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("platform."));
            let is_wanted = !is_platform && !fields.contains_key("_aws");
            (Some(fields), is_wanted)
        }
        _ => (None, !PLATFORM.iter().any(|start| text.starts_with(start))),
    }
}

/// Returns one event as a line: time, step, message, fields; nothing for an event of the platform.
fn line(step: &str, event: &LogEvent, everything: bool) -> Lines {
    let mut lines = Lines::default();
    let (found, is_wanted) = fields(event);
    if !is_wanted && !everything {
        return lines;
    }
    let at = Timestamp::from_millisecond(event.timestamp).unwrap_or_default().to_zoned(TimeZone::system());
    let at = format!("{}  ", at.strftime("%H:%M:%S"));
    let before = format!("{step:<9}  ");
    let Some(mut found) = found else {
        lines.parts([(Look::Dim, &at), (Look::Plain, &before), (Look::Plain, event.message.trim_end())]);
        return lines;
    };
    let look = match found.get("level").and_then(Value::as_str) {
        Some("ERROR") => Look::Bad,
        Some("WARN") => Look::Warning,
        Some("DEBUG") => Look::Dim,
        _ => Look::Plain,
    };
    if let (Some(Value::Object(record)), false) = (found.get("record"), everything) {
        // `lockstep show` has the rest of the record.
        let outcome = record.get("outcome").cloned().unwrap_or_default();
        found.remove("record");
        found.insert("outcome".to_owned(), outcome);
    }
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let message = found.get("message").map(plain).unwrap_or_default();
    let shown = found.iter().filter(|(name, _)| !HIDDEN.contains(&name.as_str()));
    let more: Vec<_> = shown.map(|(name, value)| format!("{name}={}", plain(value))).collect();
    let more = if more.is_empty() { String::new() } else { format!("  {}", more.join(" ")) };
    lines.parts([(Look::Dim, &at), (Look::Plain, &before), (look, &message), (Look::Dim, &more)]);
    lines
}

/// Returns one event for a program.
fn value(step: &str, event: &LogEvent, everything: bool) -> Option<Value> {
    let (found, is_wanted) = fields(event);
    if !is_wanted && !everything {
        return None;
    }
    let at = utc(Timestamp::from_millisecond(event.timestamp).unwrap_or_default());
    let entry = found.map_or_else(|| event.message.trim_end().into(), Value::Object);
    Some(json!({ "at": at, "step": step, "entry": entry }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(message: &str) -> LogEvent {
        serde_json::from_value(json!({ "timestamp": 0, "message": message })).unwrap()
    }

    fn shown(step: &str, message: &str, everything: bool) -> String {
        line(step, &event(message), everything).plain()
    }

    #[test]
    fn a_line_shows_its_message_and_its_fields() {
        let entry = r#"{"level": "INFO", "message": "planned", "execution": "run-1", "pending": 3, "requestId": "r"}"#;
        assert!(shown("plan", entry, false).ends_with("  plan       planned  execution=run-1 pending=3\n"));
        assert!(shown("plan", "no JSON \u{1b}[2J\n", false).ends_with("  plan       no JSON \\u{1b}[2J\n"));
        assert!(
            shown("plan", r#"{"message": "m", "cause": "a\n::error::b"}"#, false).ends_with("m  cause=a ::error::b\n")
        );
    }

    #[test]
    fn the_platforms_lines_and_the_metrics_are_shown_on_request() {
        for text in [r#"{"_aws": {}}"#, "END RequestId: 1", r#"{"type": "platform.report"}"#] {
            assert!(shown("plan", text, false).is_empty() && !shown("plan", text, true).is_empty(), "{text}");
            assert!(value("plan", &event(text), false).is_none() && value("plan", &event(text), true).is_some());
        }
    }

    #[test]
    fn a_record_is_shortened_to_its_outcome() {
        let ended = r#"{"message": "run ended", "execution": "run-1", "record": {"outcome": "applied", "plan": {"digest": "d"}}}"#;
        assert!(shown("notify", ended, false).ends_with("run ended  execution=run-1 outcome=applied\n"));
        assert!(shown("notify", ended, true).contains("\"digest\""));
    }

    #[test]
    fn a_program_gets_the_whole_line() {
        let entry = value("plan", &event(r#"{"message": "m", "pending": 3}"#), false).unwrap();
        assert_eq!(
            entry,
            json!({ "at": "1970-01-01T00:00:00.000Z", "step": "plan", "entry": { "message": "m", "pending": 3 } })
        );
    }
}
