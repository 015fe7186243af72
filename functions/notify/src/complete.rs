//! Completes a run's record when the run has ended.

use jiff::Timestamp;
use shared::FailureName;
use shared::payload::NotifyInput;
use shared::record::{Outcome, Record, Run, RunFailure, UNTOLD};
use shared::request::{Mode, Request};
use shared::text::short;

use crate::event::{Ended, Event};

/// The maximum length of a text from outside, in characters.
const LONGEST: usize = 8_000;

/// Returns the record of a run that has ended; `None` while the run goes on, and where the state machine has reported
/// its end already.
pub(crate) fn complete(event: &Event, environment: &str, now: Timestamp) -> Option<Record> {
    let event = match event {
        Event::State(event) => &**event,
        Event::Ended(event) => return ended(&event.detail, environment),
    };
    let (execution, started_at, versions, run, failure) = match event {
        NotifyInput::ApprovalRequested { .. } | NotifyInput::Approved { .. } => return None,
        NotifyInput::Succeeded { execution, started_at, versions, run, .. } => {
            (execution, started_at, versions, run, None)
        }
        NotifyInput::Failed { execution, started_at, versions, run, failure, .. } => {
            (execution, started_at, versions, run, Some(failure))
        }
    };
    Some(Record {
        execution: execution.clone(),
        environment: environment.to_owned(),
        outcome: failure.map_or_else(|| success(run), |failure| failed(&failure.error)),
        started_at: started_at.clone(),
        ended_at: now.to_string(),
        duration_ms: since(started_at.parse().ok(), now),
        run: (**run).clone(),
        failure: failure.cloned(),
        versions: Some(versions.clone()),
    })
}

fn success(run: &Run) -> Outcome {
    match run.request.as_ref().map(|request| &request.mode) {
        Some(Mode::Resolve { .. }) => return Outcome::Resolved,
        Some(Mode::Baseline { .. }) => return Outcome::Baselined,
        Some(Mode::Apply { .. } | Mode::Plan { .. }) | None => {}
    }
    match (&run.apply, &run.plan) {
        (Some(_), _) => Outcome::Applied,
        (None, Some(plan)) if plan.pending > 0 => Outcome::Planned,
        _ => Outcome::NothingPending,
    }
}

fn failed(error: &str) -> Outcome {
    match FailureName::from_wire(error) {
        Some(FailureName::ApprovalRejected) => Outcome::Rejected,
        Some(FailureName::ApprovalExpired) => Outcome::Expired,
        _ => Outcome::Failed,
    }
}

/// Makes the record from EventBridge's event, the only source for an execution that ended from outside.
fn ended(ended: &Ended, environment: &str) -> Option<Record> {
    // Others can write these texts: on one line they cannot pass for lines of ours.
    let error = short(ended.error.as_deref().unwrap_or_default(), LONGEST);
    let cause = short(ended.cause.as_deref().unwrap_or_default(), LONGEST);
    let ours = FailureName::from_wire(&error).is_some();
    let (outcome, what) = match ended.status.as_str() {
        "TIMED_OUT" => {
            (Outcome::TimedOut, "The execution took longer than an execution may, and was ended.".to_owned())
        }
        // A stop by hand can carry any error name.
        "ABORTED" => (Outcome::Stopped, "The execution was stopped by hand.".to_owned()),
        // The state machine has reported this failure itself, unless the cause says that it could not.
        _ if ours => (failed(&error), cause.strip_prefix(UNTOLD)?.to_owned()),
        _ => (Outcome::Failed, "The execution ended in a way that no state of it could catch.".to_owned()),
    };
    let quoted = if cause.is_empty() || ours { String::new() } else { format!(" Cause: {cause}.") };
    let time = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    let (started, stopped) = (time(ended.start_date), time(ended.stop_date));
    let input = ended.input.as_deref().and_then(|input| serde_json::from_str(input).ok());
    Some(Record {
        execution: ended.execution_arn.clone(),
        environment: environment.to_owned(),
        outcome,
        started_at: started.to_string(),
        ended_at: stopped.to_string(),
        duration_ms: since(Some(started), stopped),
        run: Run { request: input.and_then(|input| Request::from_input(&input).ok()), ..Run::default() },
        failure: Some(RunFailure {
            error: if error.is_empty() { ended.status.clone() } else { error },
            cause: format!(
                "{what}{quoted} Each migration that the ledger records as finished is applied completely. Start a new run to go on."
            ),
            step: None,
            place: None,
        }),
        versions: None,
    })
}

fn since(started: Option<Timestamp>, ended: Timestamp) -> u64 {
    started.and_then(|started| u64::try_from(ended.duration_since(started).as_millis()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const EXECUTION: &str = "arn:aws:states:eu-central-1:111122223333:execution:lockstep-migrations-prod:run-1";

    fn record(event: Value) -> Option<Value> {
        let event: Event = serde_json::from_value(event).unwrap();
        let record = complete(&event, "prod", "2026-01-01T12:00:04Z".parse().unwrap());
        record.map(|record| serde_json::to_value(record).unwrap())
    }

    fn fixture(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_run_that_ended_well_is_recorded_as_it_went() {
        let mut expected = fixture(include_str!("../../shared/tests/payloads/record.json"));
        // What became of the last mail is not known before it is sent.
        expected["notifications"].as_object_mut().unwrap().remove("ended");
        let event = fixture(include_str!("../../shared/tests/payloads/notify_input_succeeded.json"));
        assert_eq!(record(event), Some(expected));
    }

    #[test]
    fn a_script_that_failed_is_recorded_with_its_place() {
        let mut expected = fixture(include_str!("../../shared/tests/payloads/record_failed_script.json"));
        expected["notifications"].as_object_mut().unwrap().remove("ended");
        let event = fixture(include_str!("../../shared/tests/payloads/notify_input_failed_script.json"));
        assert_eq!(record(event), Some(expected));
    }

    #[test]
    fn how_it_ended_follows_from_what_happened() {
        let event = || fixture(include_str!("../../shared/tests/payloads/notify_input_succeeded.json"));
        let mut planned = event();
        planned["run"].as_object_mut().unwrap().remove("apply");
        let mut nothing = planned.clone();
        nothing["run"]["plan"]["pending"] = 0.into();
        for (event, outcome) in [(event(), "applied"), (planned, "planned"), (nothing, "nothingPending")] {
            assert_eq!(record(event).unwrap()["outcome"], outcome);
        }
        let failed = fixture(include_str!("../../shared/tests/payloads/notify_input_failed.json"));
        for (error, outcome) in
            [("Lock.Held", "failed"), ("Approval.Rejected", "rejected"), ("Approval.Expired", "expired")]
        {
            let mut event = failed.clone();
            event["failure"]["error"] = error.into();
            let record = record(event).unwrap();
            assert_eq!((&record["outcome"], &record["failure"]["error"]), (&json!(outcome), &json!(error)));
        }
    }

    #[test]
    fn a_run_that_goes_on_has_no_record() {
        assert_eq!(record(fixture(include_str!("../../shared/tests/payloads/notify_input_approved.json"))), None);
    }

    #[test]
    fn an_execution_that_ended_from_outside_is_recorded_by_what_is_known() {
        for (status, outcome) in [("ABORTED", "stopped"), ("TIMED_OUT", "timedOut"), ("FAILED", "failed")] {
            let record = record(json!({
                "version": "0", "id": "1", "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
                "account": "111122223333", "time": "2026-01-01T12:00:00Z", "region": "eu-central-1", "resources": [EXECUTION],
                "detail": {
                    "executionArn": EXECUTION, "name": "run-1", "status": status, "startDate": 1_767_268_800_000_i64,
                    "stopDate": 1_767_268_860_000_i64, "input": r#"{"requestedBy":"ann"}"#, "error": null, "cause": null,
                },
            }));
            let record = record.unwrap();
            assert_eq!((&record["outcome"], &record["durationMs"]), (&json!(outcome), &json!(60_000)));
            assert_eq!(record["request"]["requestedBy"], "ann");
            assert_eq!(
                (&record["startedAt"], &record["execution"]),
                (&json!("2026-01-01T12:00:00Z"), &json!(EXECUTION))
            );
        }
    }
}
