//! Reads an execution's history, event by event, as it grows.
//!
//! It takes out only what a person needs to know: the history also holds the task token, which must not be shown.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::Place;
use shared::payload::{ApplyOutput, NotifyOutput, PlanOutput, PreflightOutput, RdsInstance};
use shared::record::Decision;

use crate::aws::Error;

/// The beginning of a message's last line that names the script at which a function of ours failed.
const PLACE: &str = "\n{\"migration\":";

/// An event that a person who follows the execution wants to see.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// When it happened.
    pub(crate) at: Timestamp,
    /// The state that it happened in.
    pub(crate) state: String,
    /// The version of the function that the state's task called.
    pub(crate) function: String,
    /// What happened.
    pub(crate) event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// The state was entered.
    Entered,
    /// The state was left.
    Left,
    /// A task that had failed began once more.
    Retried,
    /// A task failed.
    Failed {
        /// The failure's name.
        error: String,
        /// The message.
        cause: String,
        /// The script that failed, and the place in it.
        place: Option<Place>,
    },
    /// A task waits for an answer from outside.
    Waiting {
        /// Until when.
        expires_at: String,
        /// What became of the mail that asks for the answer.
        mail: Option<Box<NotifyOutput>>,
    },
    /// A task succeeded.
    Succeeded(Answer),
}

/// What a task answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// What RDS says of the instance.
    Database(RdsInstance),
    /// What preflight found.
    Preflight(Box<PreflightOutput>),
    /// The plan.
    Plan(Box<PlanOutput>),
    /// The decision on the plan.
    Decided(Box<Decided>),
    /// What one invocation applied.
    Applied(Box<ApplyOutput>),
    /// What became of a mail, and the record of a run that has ended.
    Mail(Box<NotifyOutput>),
    /// Something else, or an answer of another version of the functions that does not fit.
    Other,
}

/// What the state Approval was answered. A caller of Step Functions can have answered anything.
#[derive(Debug, Clone, PartialEq, serde::Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Decided {
    /// An answer of the function approve.
    Decision(Decision),
    /// Any other answer.
    Other(Value),
}

/// The steps of one execution that were not returned yet.
pub(crate) struct History {
    client: Client,
    execution: String,
    seen: i64,
    reader: Reader,
}

impl History {
    /// Returns a history of which nothing was read.
    pub(crate) fn new(client: Client, execution: &str) -> Self {
        Self { client, execution: execution.to_owned(), seen: 0, reader: Reader::default() }
    }

    /// Returns the steps that happened since the last call.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub(crate) async fn new_steps(&mut self) -> Result<Vec<Step>, Error> {
        let mut pages = self
            .client
            .get_execution_history()
            .execution_arn(&self.execution)
            .reverse_order(true)
            .include_execution_data(true)
            .into_paginator()
            .send();
        let mut fresh = Vec::new();
        while let Some(page) = pages.next().await {
            let events = page?.events;
            let is_known = events.last().is_some_and(|event| event.id <= self.seen);
            fresh.extend(events.into_iter().filter(|event| event.id > self.seen));
            if is_known {
                break;
            }
        }
        if let Some(newest) = fresh.first() {
            self.seen = newest.id;
        }
        Ok(fresh.iter().rev().filter_map(|event| self.reader.step(event)).collect())
    }
}

/// Returns Step Functions' moment.
pub(crate) fn moment(at: &DateTime) -> Timestamp {
    Timestamp::from_nanosecond(at.as_nanos()).unwrap_or_default()
}

/// Makes steps of events.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    state: String,
    function: String,
    expires_at: String,
    has_failed: bool,
}

impl Reader {
    /// Returns the next event's step, if it is one.
    pub(crate) fn step(&mut self, event: &HistoryEvent) -> Option<Step> {
        let happened = self.event(event)?;
        let at = moment(&event.timestamp);
        let state = match event.state_exited_event_details() {
            Some(left) => left.name.clone(),
            None => self.state.clone(),
        };
        let has_called = matches!(happened, Event::Succeeded(_) | Event::Waiting { .. });
        let function = if has_called { self.function.clone() } else { String::new() };
        Some(Step { at, state, function, event: happened })
    }

    fn event(&mut self, event: &HistoryEvent) -> Option<Event> {
        if let Some(entered) = event.state_entered_event_details() {
            entered.name.clone_into(&mut self.state);
            self.has_failed = false;
            return Some(Event::Entered);
        }
        match event.r#type() {
            kind if kind.as_str().ends_with("StateExited") => Some(Event::Left),
            HistoryEventType::TaskScheduled => {
                let asked: Asked = parsed(event.task_scheduled_event_details()?.parameters());
                self.function = asked.function_name;
                self.expires_at = asked.payload.map(|payload| payload.expires_at).unwrap_or_default();
                std::mem::take(&mut self.has_failed).then_some(Event::Retried)
            }
            HistoryEventType::TaskSubmitted => {
                let output = event.task_submitted_event_details()?.output().unwrap_or_default();
                let mail = parsed::<Payload<NotifyOutput>>(output).payload.map(Box::new);
                Some(Event::Waiting { expires_at: self.expires_at.clone(), mail })
            }
            HistoryEventType::TaskSucceeded => {
                let output = event.task_succeeded_event_details()?.output().unwrap_or_default();
                Some(Event::Succeeded(answer(&self.state, output)))
            }
            HistoryEventType::TaskFailed => {
                let details = event.task_failed_event_details()?;
                Some(self.failed(details.error(), details.cause()))
            }
            HistoryEventType::TaskTimedOut => {
                let details = event.task_timed_out_event_details()?;
                Some(self.failed(details.error(), details.cause()))
            }
            HistoryEventType::EvaluationFailed => {
                let details = event.evaluation_failed_event_details()?;
                Some(self.failed(details.error(), details.cause()))
            }
            _ => None,
        }
    }

    fn failed(&mut self, error: Option<&str>, cause: Option<&str>) -> Event {
        self.has_failed = true;
        let (cause, place) = told(cause.unwrap_or_default());
        Event::Failed { error: error.unwrap_or_default().to_owned(), cause, place }
    }
}

/// What a task was given, as far as it may be shown. The payload holds the task token too.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Asked {
    function_name: String,
    payload: Option<Until>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Until {
    expires_at: String,
}

/// A function's answer, as Step Functions wraps it.
#[derive(Deserialize)]
struct Payload<T> {
    #[serde(rename = "Payload")]
    payload: Option<T>,
}

impl<T> Default for Payload<T> {
    fn default() -> Self {
        Self { payload: None }
    }
}

/// What RDS answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instances {
    db_instances: Vec<Instance>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Instance {
    db_instance_identifier: String,
    dbi_resource_id: String,
    db_instance_status: Option<String>,
    db_name: Option<String>,
    endpoint: Option<Endpoint>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Endpoint {
    address: Option<String>,
    port: Option<u16>,
}

fn answer(state: &str, output: &str) -> Answer {
    fn of<T: DeserializeOwned>(output: &str, make: fn(Box<T>) -> Answer) -> Answer {
        let payload = serde_json::from_str::<Payload<T>>(output).ok().and_then(|wrapped| wrapped.payload);
        payload.map_or(Answer::Other, |payload| make(Box::new(payload)))
    }
    match state {
        "DatabaseStatus" => match serde_json::from_str::<Instances>(output) {
            Ok(found) => Answer::Database(found.db_instances.into_iter().next().map(instance).unwrap_or_default()),
            Err(_) => Answer::Other,
        },
        "Preflight" => of(output, Answer::Preflight),
        "Plan" => of(output, Answer::Plan),
        // Only a function's own answer is wrapped in a payload; the answer to a task token is not.
        "Approval" => {
            let decided = serde_json::from_str(output);
            Answer::Decided(Box::new(decided.unwrap_or_else(|_| Decided::Other(output.into()))))
        }
        "Apply" => of(output, Answer::Applied),
        "NotifyApproved" | "NotifySuccess" | "NotifyFailure" => of(output, Answer::Mail),
        _ => Answer::Other,
    }
}

fn instance(found: Instance) -> RdsInstance {
    let endpoint = found.endpoint.unwrap_or_default();
    RdsInstance {
        instance: found.db_instance_identifier,
        resource_id: found.dbi_resource_id,
        status: found.db_instance_status,
        host: endpoint.address,
        port: endpoint.port,
        name: found.db_name,
    }
}

/// Returns a cause as text, and the place of the script that failed, if the cause has one. Lambda wraps the message of a
/// failed function in JSON; the place is the last line of that message.
pub(crate) fn told(cause: &str) -> (String, Option<Place>) {
    #[derive(Deserialize)]
    struct Wrapped {
        #[serde(rename = "errorMessage")]
        message: String,
    }
    let message = serde_json::from_str::<Wrapped>(cause).map_or_else(|_| cause.to_owned(), |wrapped| wrapped.message);
    if let Some(at) = message.find(PLACE)
        && let Ok(place) = serde_json::from_str(&message[at..])
    {
        return (message[..at].to_owned(), Some(place));
    }
    (message, None)
}

/// Returns what a text says as JSON; the default for any other text.
fn parsed<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stack::made::{AT, TOKEN, entered, event, failed, history, scheduled, submitted, succeeded, waiting};

    #[test]
    fn causes_are_plain() {
        let plain = |cause: &str| told(cause).0;
        assert_eq!(plain(r#"{"errorMessage": "no", "errorType": "X"}"#), "no");
        for text in ["no JSON", "[1]", "no\n{\"migration\":"] {
            assert_eq!(told(text), (text.to_owned(), None));
        }
    }

    #[test]
    fn a_cause_may_have_a_place() {
        let place = Place { migration: "1_a".into(), line: Some(3), ..Place::default() };
        let message = "one \"line\"\ntwo\n{\"migration\":\"1_a\",\"line\":3}";
        let cause = json!({ "errorType": "X", "errorMessage": message }).to_string();
        assert_eq!(told(&cause), ("one \"line\"\ntwo".to_owned(), Some(place)));
        // A cause can be any text: what is no place is a part of the text.
        let other = "no\n{\"migration\":1}";
        assert_eq!(told(other), (other.to_owned(), None));
    }

    #[test]
    fn the_task_token_is_never_a_step() {
        let mail = json!({ "sent": false, "error": "NotFound" });
        let again =
            json!({ "FunctionName": "f:3", "Payload": { "taskToken": TOKEN, "expiresAt": "2026-01-01T13:00:00Z" } });
        let steps = history(waiting(&mail).into_iter().chain([
            failed("States.Timeout", ""),
            scheduled(&again),
            submitted(&mail),
        ]));
        let kinds: Vec<_> = steps.iter().map(|step| std::mem::discriminant(&step.event)).collect();
        let wanted =
            [Event::Entered, steps[1].event.clone(), steps[2].event.clone(), Event::Retried, steps[1].event.clone()];
        assert_eq!(kinds, wanted.iter().map(std::mem::discriminant).collect::<Vec<_>>());
        let Event::Waiting { expires_at, mail: Some(mail) } = &steps[1].event else { panic!("{:?}", steps[1]) };
        assert_eq!(
            (expires_at.as_str(), mail.notification.error.as_deref()),
            ("2026-01-01T13:00:00Z", Some("NotFound"))
        );
        assert!(matches!(&steps[2].event, Event::Failed { error, .. } if error == "States.Timeout"));
        assert!(!format!("{steps:?}").contains(TOKEN));
    }

    #[test]
    fn an_answer_of_another_version_is_no_plan() {
        let steps = history([entered("Plan"), succeeded(&json!({ "Payload": { "digest": 7 } }))]);
        assert_eq!(steps[1].event, Event::Succeeded(Answer::Other));
    }

    #[test]
    fn a_database_is_as_the_record_has_it() {
        let described = json!({ "DbInstances": [{ "DbInstanceIdentifier": "app", "DbInstanceStatus": "available",
            "Endpoint": { "Address": "h", "Port": 5432 }, "DbName": "orders", "DbiResourceId": "db-1", "More": 1 }] });
        let steps = history([entered("DatabaseStatus"), succeeded(&described)]);
        let Event::Succeeded(Answer::Database(found)) = &steps[1].event else { panic!("{steps:?}") };
        assert_eq!(
            (found.instance.as_str(), found.port, found.status.as_deref()),
            ("app", Some(5432), Some("available"))
        );
    }

    #[test]
    fn a_state_that_is_left_is_named_by_its_event() {
        let left = event(HistoryEventType::TaskStateExited);
        let details = aws_sdk_sfn::types::StateExitedEventDetails::builder().name("Plan").build().unwrap();
        let steps = history([entered("Apply"), left.state_exited_event_details(details).build().unwrap()]);
        assert_eq!(
            (steps[1].state.as_str(), &steps[1].event, steps[1].at),
            ("Plan", &Event::Left, AT.parse().unwrap())
        );
    }
}
