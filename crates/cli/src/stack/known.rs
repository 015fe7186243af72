//! What is known of a run, from whichever source has it.
//!
//! The output of a successful run is its record. The record of a failed run is the last answer of the notify function in
//! the history. For a run that goes on, or that was ended from outside, it is put together from the history so far.

use std::collections::BTreeMap;

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use bundle::Digest;
use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::payload::{ApplyOutput, PlanOutput, RdsInstance};
use shared::record::{Notifications, Outcome, Preflight, Record, Run as WholeRun, RunFailure};
use shared::request::{Mode, Request};

use super::history::{Answer, Decided, Event, History, Step, moment, told};
use super::position::Position;
use crate::aws::Error;
use crate::target::Target;

/// What is known of a run: all of a record, or a part of one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Known {
    /// The execution's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution: Option<String>,
    /// dev, qa or prod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
    /// When it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<u64>,
    /// The database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<RdsInstance>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Asked>,
    /// What preflight found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) preflight: Option<Preflight>,
    /// The plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<Box<PlanOutput>>,
    /// The decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<Box<Decided>>,
    /// What was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) apply: Option<Box<ApplyOutput>>,
    /// What became of the mails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notifications: Option<Notifications>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<RunFailure>,
    /// The versions that it used, as far as they are known, by the name of the function.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) versions: BTreeMap<String, String>,
}

/// What a run is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Asked {
    /// As preflight has checked it.
    Checked(Box<Request>),
    /// The input as it was given.
    Given(Map<String, Value>),
}

impl Asked {
    /// Returns the input of an execution; an empty one if it is no object.
    pub(crate) fn of(input: Option<&str>) -> Self {
        Self::Given(input.and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default())
    }

    fn text(&self, checked: fn(&Request) -> Option<&str>, given: &str) -> Option<&str> {
        match self {
            Self::Checked(request) => checked(request),
            Self::Given(input) => input.get(given)?.as_str(),
        }
    }

    /// Returns the requester, as claimed.
    pub(crate) fn requested_by(&self) -> Option<&str> {
        self.text(|request| request.requested_by.as_deref(), "requestedBy")
    }

    /// Returns the reason.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.text(|request| request.reason.as_deref(), "reason")
    }

    /// Returns the commit.
    pub(crate) fn commit(&self) -> Option<&str> {
        self.text(|request| request.commit.as_deref(), "commit")
    }

    /// Returns the digest of the bundle that has the migrations, if it is not the layer.
    pub(crate) fn bundle(&self) -> Option<Digest> {
        match self {
            Self::Checked(request) => request.bundle,
            Self::Given(input) => input.get("bundle")?.as_str()?.parse().ok(),
        }
    }

    /// Returns the last migration that is asked for.
    pub(crate) fn up_to(&self) -> Option<&str> {
        match self {
            Self::Checked(request) => match &request.mode {
                Mode::Apply { up_to } | Mode::Plan { up_to } => up_to.as_deref(),
                Mode::Baseline { up_to } => Some(up_to),
                Mode::Resolve { .. } => None,
            },
            Self::Given(input) => input.get("upTo")?.as_str(),
        }
    }

    /// Whether it only plans.
    pub(crate) fn is_plan(&self) -> bool {
        match self {
            Self::Checked(request) => matches!(request.mode, Mode::Plan { .. }),
            Self::Given(input) => input.get("mode").and_then(Value::as_str) == Some("plan"),
        }
    }
}

impl From<Record> for Known {
    fn from(record: Record) -> Self {
        let WholeRun { database, request, preflight, plan, approval, apply, notifications } = record.run;
        let versions = record.versions.and_then(|versions| serde_json::to_value(versions).ok());
        Self {
            execution: Some(record.execution),
            environment: Some(record.environment),
            outcome: Some(record.outcome),
            started_at: Some(record.started_at),
            ended_at: Some(record.ended_at),
            duration_ms: Some(record.duration_ms),
            database,
            request: request.map(|request| Asked::Checked(request.into())),
            preflight,
            plan: plan.map(Box::new),
            approval: approval.map(|decision| Decided::Decision(decision).into()),
            apply: apply.map(Box::new),
            notifications: Some(notifications),
            failure: record.failure,
            versions: versions.and_then(|versions| serde_json::from_value(versions).ok()).unwrap_or_default(),
        }
    }
}

impl Known {
    /// Adds what `other` knows, in the place of what was known.
    fn add(self, other: Self) -> Self {
        let mut versions = self.versions;
        versions.extend(other.versions);
        Self {
            execution: other.execution.or(self.execution),
            environment: other.environment.or(self.environment),
            outcome: other.outcome.or(self.outcome),
            started_at: other.started_at.or(self.started_at),
            ended_at: other.ended_at.or(self.ended_at),
            duration_ms: other.duration_ms.or(self.duration_ms),
            database: other.database.or(self.database),
            request: other.request.or(self.request),
            preflight: other.preflight.or(self.preflight),
            plan: other.plan.or(self.plan),
            approval: other.approval.or(self.approval),
            apply: other.apply.or(self.apply),
            notifications: other.notifications.or(self.notifications),
            failure: other.failure.or(self.failure),
            versions,
        }
    }

    /// Adds one step of the history. Returns the run's record, if the step has it.
    fn take(&mut self, step: &Step) -> Option<Self> {
        if let (Some(function), false) = (function_of(&step.state), step.function.is_empty()) {
            self.versions.insert(function.to_owned(), step.function.clone());
        }
        let Event::Succeeded(answer) = &step.event else { return None };
        match answer {
            Answer::Database(found) => self.database = Some(found.clone()),
            Answer::Preflight(found) => {
                self.request = Some(Asked::Checked(found.request.clone().into()));
                self.preflight = Some(Preflight { facts: found.facts.clone(), warnings: found.warnings.clone() });
            }
            Answer::Plan(plan) => self.plan = Some(plan.clone()),
            Answer::Decided(decided) => self.approval = Some(decided.clone()),
            Answer::Applied(applied) => self.apply = Some(applied.clone()),
            Answer::Mail(mail) => {
                if step.state == "NotifyApproved" {
                    let approved = Some(mail.notification.clone());
                    self.notifications = Some(Notifications { approved, ..Notifications::default() });
                }
                return mail.record.clone().map(|record| Self::from(*record));
            }
            Answer::Other => {}
        }
        None
    }
}

/// Returns the function that a state's task calls.
fn function_of(state: &str) -> Option<&'static str> {
    match state {
        "Preflight" => Some("preflight"),
        "Plan" => Some("plan"),
        "Apply" => Some("apply"),
        "Approval" | "NotifyApproved" | "NotifySuccess" | "NotifyFailure" => Some("notify"),
        _ => None,
    }
}

/// One execution, with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    /// Its ARN.
    pub(crate) execution: String,
    /// Step Functions' word for its state: RUNNING, SUCCEEDED, FAILED, ABORTED, `TIMED_OUT`.
    pub(crate) status: ExecutionStatus,
    /// The record, or its parts so far.
    pub(crate) known: Known,
    /// Where it is.
    pub(crate) position: Position,
}

impl Run {
    /// Returns what is known of an execution now.
    ///
    /// # Errors
    ///
    /// Those of the calls.
    pub(crate) async fn read(target: &Target, execution: &str) -> Result<Self, Error> {
        let client = target.aws.states();
        let described = client.describe_execution().execution_arn(execution).send().await?;
        let steps = History::new(client, execution).new_steps().await?;
        Ok(Self::of(&described, &steps, &target.stack))
    }

    /// Puts together what the description and the history say.
    pub(crate) fn of(described: &DescribeExecutionOutput, steps: &[Step], stack: &str) -> Self {
        let (mut position, mut found, mut complete) = (Position::default(), Known::default(), None);
        for step in steps {
            position.take(step);
            complete = found.take(step).or(complete);
        }
        if described.status == ExecutionStatus::Succeeded {
            complete = described.output.as_deref().and_then(|output| serde_json::from_str::<Known>(output).ok());
        }
        let mut known = frame(described, stack).add(found);
        if let Some((outcome, failure)) = bad_end(described, &position) {
            known = known.add(Known { outcome: Some(outcome), failure: Some(failure), ..Known::default() });
        }
        if let Some(complete) = complete {
            // The notify function made this record, or the state machine did in its place. A complete one stays as it is.
            let is_complete = complete.environment.is_some();
            known = if is_complete { complete } else { known.add(complete) };
        }
        Self { execution: described.execution_arn.clone(), status: described.status.clone(), known, position }
    }

    /// Whether it goes on.
    pub(crate) fn is_running(&self) -> bool {
        self.status == ExecutionStatus::Running
    }
}

fn frame(described: &DescribeExecutionOutput, stack: &str) -> Known {
    let started = moment(&described.start_date);
    let stopped = described.stop_date.as_ref().map(moment);
    let took = stopped.map(|stopped| stopped.duration_since(started).as_millis());
    Known {
        execution: Some(described.execution_arn.clone()),
        environment: stack.rsplit('-').next().map(str::to_owned),
        started_at: Some(utc(started)),
        ended_at: stopped.map(utc),
        duration_ms: took.and_then(|took| u64::try_from(took).ok()),
        // Until preflight has checked the request, this is the input as given.
        request: Some(Asked::of(described.input.as_deref())),
        ..Known::default()
    }
}

/// Returns outcome and failure of an execution that has ended badly, for one that has no record of its own.
fn bad_end(described: &DescribeExecutionOutput, position: &Position) -> Option<(Outcome, RunFailure)> {
    let has_failed = described.status == ExecutionStatus::Failed;
    let error = described.error.as_deref().filter(|error| !error.is_empty());
    let outcome = match (&described.status, error) {
        (ExecutionStatus::Failed, Some("Approval.Rejected")) => Outcome::Rejected,
        (ExecutionStatus::Failed, Some("Approval.Expired")) => Outcome::Expired,
        (ExecutionStatus::Failed, _) => Outcome::Failed,
        (ExecutionStatus::Aborted, _) => Outcome::Stopped,
        (ExecutionStatus::TimedOut, _) => Outcome::TimedOut,
        _ => return None,
    };
    let failure = RunFailure {
        error: error.unwrap_or(described.status.as_str()).to_owned(),
        cause: told(described.cause.as_deref().unwrap_or_default()).0,
        step: Some(position.state.clone()).filter(|state| !has_failed && !state.is_empty()),
        place: position.place.clone().filter(|_| has_failed),
    };
    Some((outcome, failure))
}

/// Returns a moment in RFC 3339 and UTC, to the millisecond.
pub(crate) fn utc(moment: Timestamp) -> String {
    let moment = moment.round(Unit::Millisecond).unwrap_or(moment);
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::primitives::DateTime;
    use aws_sdk_sfn::types::HistoryEvent;
    use serde_json::json;

    use super::*;
    use crate::stack::made::{
        ARN, TOKEN, approval, done, entered, failed, history, plan, preflight, record, request, succeeded, waiting,
        with,
    };

    fn described(status: ExecutionStatus) -> DescribeExecutionOutput {
        ended(status, None, None, None)
    }

    fn failed_with(error: &str) -> DescribeExecutionOutput {
        ended(ExecutionStatus::Failed, Some(error), Some("x"), None)
    }

    fn succeeded_with(output: &Value) -> DescribeExecutionOutput {
        ended(ExecutionStatus::Succeeded, None, None, Some(output))
    }

    fn ended(
        status: ExecutionStatus,
        error: Option<&str>,
        cause: Option<&str>,
        output: Option<&Value>,
    ) -> DescribeExecutionOutput {
        let started = DateTime::from_secs(1_767_268_800);
        let stopped = (status != ExecutionStatus::Running).then(|| DateTime::from_secs(1_767_268_924));
        DescribeExecutionOutput::builder()
            .execution_arn(ARN)
            .state_machine_arn("m")
            .status(status)
            .start_date(started)
            .set_stop_date(stopped)
            .set_error(error.map(str::to_owned))
            .set_cause(cause.map(str::to_owned))
            .set_output(output.map(Value::to_string))
            .input(r#"{"requestedBy": "arn:aws:sts::111122223333:assumed-role/Starter/ann", "reason": ["x"]}"#)
            .build()
            .unwrap()
    }

    fn read(events: Vec<Vec<HistoryEvent>>, described: &DescribeExecutionOutput) -> Run {
        Run::of(described, &history(events.into_iter().flatten()), "lockstep-migrations-prod")
    }

    fn written(known: &Known) -> Value {
        serde_json::to_value(known).unwrap()
    }

    #[test]
    fn one_that_succeeded_is_its_output() {
        let output = succeeded_with(&record());
        assert_eq!(written(&read(vec![preflight()], &output).known), record());
    }

    #[test]
    fn one_whose_record_the_machine_made_is_completed() {
        let part = json!({ "execution": ARN, "outcome": "applied", "notifications": { "ended": { "sent": false, "error": "X" } } });
        let output = succeeded_with(&part);
        let known = read(vec![preflight(), done("Plan", &plan())], &output).known;
        assert_eq!((known.outcome, known.environment.as_deref()), (Some(Outcome::Applied), Some("prod")));
        assert!(known.plan.is_some() && known.duration_ms == Some(124_000));
    }

    #[test]
    fn one_that_failed_has_it_in_its_history() {
        let failure = json!({ "error": "Migration.Failed", "cause": "migration 3_c failed", "step": "Apply" });
        let ended = with(record(), json!({ "outcome": "failed", "failure": failure }));
        let told = done("NotifyFailure", &json!({ "sent": true, "messageId": "m-2", "record": ended }));
        let failed = failed_with("x");
        assert_eq!(written(&read(vec![preflight(), done("Plan", &plan()), told], &failed).known), ended);
    }

    #[test]
    fn a_run_without_a_record_is_put_together() {
        for (status, error, outcome) in [
            (ExecutionStatus::Failed, Some("Migration.Failed"), "failed"),
            (ExecutionStatus::Failed, Some("Approval.Rejected"), "rejected"),
            (ExecutionStatus::Failed, Some("Approval.Expired"), "expired"),
            (ExecutionStatus::Aborted, Some("Approval.Rejected"), "stopped"),
            (ExecutionStatus::TimedOut, None, "timedOut"),
        ] {
            let ended = ended(status, error, Some("why"), None);
            let told = written(&read(vec![preflight(), done("Plan", &plan()), vec![entered("Apply")]], &ended).known);
            assert_eq!(
                (&told["outcome"], &told["environment"], &told["durationMs"]),
                (&json!(outcome), &json!("prod"), &json!(124_000))
            );
            assert_eq!(
                (&told["request"], &told["plan"], &told["failure"]["cause"]),
                (&request(), &plan(), &json!("why"))
            );
            assert!(told["versions"]["plan"].as_str().unwrap().ends_with(":x:3"));
        }
    }

    #[test]
    fn a_run_without_a_record_still_says_at_which_script_it_failed() {
        let message = "migration 3_c failed\n{\"migration\":\"3_c\",\"line\":3}";
        let cause = json!({ "errorType": "Migration.Failed", "errorMessage": message }).to_string();
        let events =
            vec![preflight(), vec![entered("Apply"), failed("Migration.Failed", &cause), entered("NotifyFailure")]];
        let ended = failed_with("Migration.Failed");
        let place = json!({ "migration": "3_c", "line": 3 });
        let wanted = json!({ "error": "Migration.Failed", "cause": "x", "place": place });
        assert_eq!(written(&read(events, &ended).known)["failure"], wanted);
    }

    #[test]
    fn what_something_else_answers_is_no_decision_and_no_record() {
        // The answer to a task token is taken as it is: only a function's answer is wrapped in a payload.
        for forged in [
            json!({ "Payload": approval() }),
            json!("yes"),
            json!({ "record": record() }),
            json!({ "Payload": { "record": record() } }),
        ] {
            let events =
                vec![preflight(), done("Plan", &plan()), waiting(&json!({ "sent": true })), vec![succeeded(&forged)]];
            let ended = failed_with("x");
            let known = read(events, &ended).known;
            assert_eq!((known.outcome, written(&known)["approval"].clone()), (Some(Outcome::Failed), forged));
        }
    }

    #[test]
    fn the_task_token_is_in_no_record() {
        let run = read(
            vec![preflight(), done("Plan", &plan()), waiting(&json!({ "sent": true }))],
            &described(ExecutionStatus::Running),
        );
        assert!(run.position.waiting.is_some() && run.known.outcome.is_none());
        assert!(!format!("{run:?}{}", written(&run.known)).contains(TOKEN));
    }

    #[test]
    fn the_input_of_a_run_that_has_just_begun_is_not_checked() {
        let known = read(vec![], &described(ExecutionStatus::Running)).known;
        let asked = known.request.unwrap();
        assert_eq!(asked.requested_by(), Some("arn:aws:sts::111122223333:assumed-role/Starter/ann"));
        assert_eq!((asked.reason(), asked.up_to(), asked.is_plan()), (None, None, false));
    }
}
