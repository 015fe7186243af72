//! Checks where a run can go, and where it must end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, to_value};
use shared::FailureName;
use shared::record::{Choice, Duties, Identity};

use crate::definition::{definition, entries, exits, lambda_tasks, of_type, states};

/// Returns every state that can follow `start`, itself included.
fn reachable(start: &str) -> BTreeSet<String> {
    reachable_in(&states(), start)
}

fn reachable_in(states: &BTreeMap<String, Value>, start: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![start.to_owned()];
    while let Some(name) = waiting.pop() {
        let state = states.get(&name).unwrap_or_else(|| panic!("there is no state {name}"));
        if seen.insert(name) {
            waiting.extend(exits(state).into_iter().map(|exit| exit.next));
        }
    }
    seen
}

/// Returns the states at which a run that is in `start` can end.
fn ends(start: &str) -> BTreeSet<String> {
    let states = states();
    reachable(start).into_iter().filter(|name| exits(&states[name]).is_empty()).collect()
}

#[test]
fn it_speaks_jsonata_throughout() {
    assert_eq!(definition()["QueryLanguage"], "JSONata");
    for (name, state) in states() {
        assert!(state.get("QueryLanguage").is_none(), "{name} has a query language of its own");
    }
}

#[test]
fn every_state_can_be_reached() {
    let start = definition()["StartAt"].as_str().expect("StartAt").to_owned();
    assert_eq!(reachable(&start), states().into_keys().collect());
}

/// Such a machine is made of the same definition, and its role may call neither the approval nor apply.
#[test]
fn what_only_plans_goes_nowhere_after_the_plan() {
    let choice = &entries(&states()["NothingToApply?"], "Choices")[0].clone();
    assert_eq!(choice["Next"], "NotifySuccess");
    let condition = choice["Condition"].as_str().expect("a condition");
    assert!(condition.starts_with("{% '${PlanOnly}' = 'true' or "), "{condition}");
    let mut states = states();
    states.get_mut("NothingToApply?").and_then(Value::as_object_mut).expect("a state").remove("Default");
    let passed = reachable_in(&states, "DatabaseStatus");
    assert!(passed.contains("Plan") && passed.contains("Failed") && passed.contains("Succeeded"), "{passed:?}");
    for beyond in ["Approval", "Apply", "NotifyApproved"] {
        assert!(!passed.contains(beyond), "{beyond}");
    }
}

#[test]
fn a_run_ends_succeeded_or_failed_and_nowhere_else() {
    assert_eq!(ends("DatabaseStatus"), BTreeSet::from(["Failed".to_owned(), "Succeeded".to_owned()]));
    assert_eq!(states()["Failed"]["Type"], "Fail");
    assert_eq!(states()["Succeeded"]["Type"], "Succeed");
}

#[test]
fn a_failure_always_notifies_and_always_fails() {
    for failing in ["DescribeFailure", "NotifyFailure"] {
        assert_eq!(ends(failing), BTreeSet::from(["Failed".to_owned()]), "{failing}");
    }
    for (name, state) in states() {
        for exit in exits(&state) {
            assert!(exit.next != "Failed" || name == "NotifyFailure", "{name} fails without telling");
        }
    }
    let described = exits(&states()["DescribeFailure"]);
    assert!(described.iter().all(|exit| exit.next == "NotifyFailure"));
}

#[test]
fn every_task_catches_and_goes_the_way_of_failure() {
    for (name, task) in of_type("Task") {
        let caught: BTreeSet<String> =
            exits(&task).into_iter().filter(|exit| exit.caught).map(|exit| exit.next).collect();
        assert!(!caught.is_empty(), "{name} catches nothing");
        let allowed: &[&str] = match name.as_str() {
            // A mail that was not sent changes nothing about the run.
            "NotifyApproved" => &["Apply"],
            "NotifySuccess" => &["Succeeded"],
            "NotifyFailure" => &["Failed"],
            _ => &["DescribeFailure", "NotifyFailure"],
        };
        for next in caught {
            assert!(allowed.contains(&next.as_str()), "{name} catches into {next}");
        }
    }
}

#[test]
fn a_failure_is_known_before_it_is_mailed() {
    for (name, state) in states() {
        for exit in exits(&state).iter().filter(|exit| exit.next == "NotifyFailure") {
            assert!(exit.assigned.contains("failure"), "{name} goes to NotifyFailure without a failure");
        }
        for exit in exits(&state).iter().filter(|exit| exit.next == "DescribeFailure") {
            assert!(exit.assigned.contains("caught"), "{name} goes to DescribeFailure with nothing caught");
        }
    }
}

/// Returns the rest of the condition under which an answer with the decision `decision` counts, and the choice itself.
fn counts(choice: &Value, decision: &str) -> String {
    let condition = choice["Condition"].as_str().expect("a condition");
    let begins = format!("{{% $answer.decision = {decision} and ");
    condition.strip_prefix(&begins).unwrap_or_else(|| panic!("{condition} does not ask for {decision}")).to_owned()
}

/// Returns words of the wire, as an expression writes them.
fn words<const N: usize>(values: [serde_json::Result<Value>; N]) -> String {
    values.map(|value| format!("'{}'", value.expect("JSON").as_str().expect("a word"))).join(", ")
}

#[test]
fn only_what_the_approve_function_answers_counts() {
    let answered = &states()["Approved?"];
    let choices = entries(answered, "Choices");
    let next: Vec<_> = choices.iter().map(|choice| choice["Next"].as_str()).collect();
    assert_eq!(next, [Some("NotifyApproved"), Some("NotifyFailure"), Some("NotifyFailure")]);
    assert_eq!(choices[2]["Condition"], "{% true %}");
    let fits = counts(&choices[0], &words([to_value(Choice::Approved)]));
    assert_eq!(counts(&choices[1], &words([to_value(Choice::Rejected)])), fits);
    // By value, in the words of the payload's own types: local/tests/test_answer.py evaluates it.
    for part in [
        "$answer.digest = $run.plan.digest".to_owned(),
        format!("$answer.identity in [{}]", words([to_value(Identity::Verified), to_value(Identity::Claimed)])),
        format!("$answer.duties in [{}]", words([Duties::Roles, Duties::Names, Duties::Unchecked].map(to_value))),
        "$answer.reason != ''".to_owned(),
    ] {
        assert!(fits.contains(&part), "{part}: {fits}");
    }
    // The expression checks every field of a decision: a malformed field would keep the mail from being written.
    let decision: Value = serde_json::from_str(include_str!("../../../functions/shared/tests/payloads/decision.json"))
        .expect("a decision");
    for field in decision.as_object().expect("a decision").keys().filter(|field| *field != "decision") {
        assert!(fits.contains(&format!("$answer.{field}")), "{field}: {fits}");
    }
    for choice in &choices[..2] {
        assert_eq!(choice["Assign"]["run"], "{% $merge([$run, {'approval': $answer}]) %}");
    }
}

#[test]
fn another_identitys_answer_fails_the_run() {
    let answered = &states()["Approved?"];
    assert!(answered.get("Assign").is_none() && answered.get("Default").is_none(), "{answered}");
    let assigned = &entries(answered, "Choices")[2]["Assign"];
    assert_eq!(assigned["failure"]["error"], FailureName::StepFailed.as_str());
    // A malformed decision does not become part of the record, which would not be readable then.
    assert!(assigned.get("run").is_none(), "{assigned}");
    let task = states()["Approval"]["Assign"].clone();
    assert!(task.get("run").is_none(), "{task}");
}

#[test]
fn waiting_for_the_database_is_bounded() {
    let choices = entries(&states()["DatabaseReady?"], "Choices");
    let bounded = choices.iter().any(|rule| {
        let condition = rule["Condition"].as_str().unwrap_or_default();
        condition.contains("${DatabaseWaitSeconds}")
            && condition.contains("$states.context.Execution.StartTime")
            && rule["Next"] == "NotifyFailure"
    });
    assert!(bounded, "nothing in DatabaseReady? ends the waiting");
}

#[test]
fn each_task_has_a_timeout() {
    for (name, task) in of_type("Task") {
        assert!(task.get("TimeoutSeconds").is_some(), "{name} may take 99999999 seconds");
    }
    assert!(definition()["TimeoutSeconds"].is_u64());
}

#[test]
fn only_notify_gets_the_task_token() {
    for (name, task, function) in lambda_tasks() {
        let token = task["Arguments"].to_string().contains("Task.Token");
        assert_eq!(token, name == "Approval", "{name}");
        assert!(!token || function == "Notify", "{name}");
    }
}
