//! The names of failures, in the definition and in the code.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::failure::{self, FailureName};
use shared::record::UNTOLD;

use crate::definition::{entries, errors, of_type, states};

/// Prefixes of the error names that AWS gives.
const OF_AWS: &[&str] = &["States.", "Lambda.", "Sandbox.", "Runtime.", "Rds."];

fn names(list: &[FailureName]) -> BTreeSet<String> {
    list.iter().map(|name| name.as_str().to_owned()).collect()
}

fn of_aws(name: &str) -> bool {
    OF_AWS.iter().any(|prefix| name.starts_with(prefix))
}

/// Returns the failure names that the definition itself assigns: `failure.error` and `caught.error`.
fn given(state: &Value) -> Vec<String> {
    let mut places = vec![state.clone()];
    places.extend(entries(state, "Catch"));
    places.extend(entries(state, "Choices"));
    let errors = places.iter().flat_map(|place| {
        ["failure", "caught"].map(|variable| place["Assign"][variable]["error"].as_str().map(str::to_owned))
    });
    errors.flatten().filter(|name| !name.starts_with("{%")).collect()
}

#[test]
fn the_definition_knows_every_name_and_no_other() {
    let mut known = BTreeSet::new();
    for state in states().values() {
        for entry in entries(state, "Catch").iter().chain(&entries(state, "Retry")) {
            known.extend(errors(entry).into_iter().filter(|name| !of_aws(name)));
        }
        known.extend(given(state));
    }
    assert_eq!(known, names(FailureName::ALL));
}

#[test]
fn each_step_catches_by_name_what_its_function_raises() {
    let steps = [("Preflight", failure::PREFLIGHT), ("Plan", failure::PLAN), ("Apply", failure::APPLY)];
    for (step, raised) in steps {
        let catchers = entries(&states()[step], "Catch");
        assert_eq!(catchers.len(), 2, "{step}: a catcher for the fixed names and one for the rest");
        assert_eq!(errors(&catchers[0]), names(raised), "{step}");
        assert_eq!(catchers[0]["Assign"]["caught"]["error"], "{% $states.errorOutput.Error %}", "{step}");
    }
}

#[test]
fn a_failure_names_its_step() {
    for (name, task) in of_type("Task") {
        for catcher in entries(&task, "Catch") {
            for variable in ["failure", "caught"] {
                let assigned = &catcher["Assign"][variable];
                // The expression adds to a failure that names its step already.
                let adds = assigned.as_str().is_some_and(|text| text.starts_with("{% $merge([$failure,"));
                assert!(assigned.is_null() || adds || assigned["step"] == name.as_str(), "{name}: {catcher}");
            }
        }
    }
}

#[test]
fn an_error_without_a_fixed_name_becomes_step_failed() {
    for (name, task) in of_type("Task") {
        let last = entries(&task, "Catch").pop().unwrap_or_else(|| panic!("{name} catches nothing"));
        assert_eq!(errors(&last), BTreeSet::from(["States.ALL".to_owned()]), "{name}");
        if last["Next"] == "DescribeFailure" {
            assert_eq!(last["Assign"]["caught"]["error"], FailureName::StepFailed.as_str(), "{name}");
            assert_eq!(last["Assign"]["caught"]["output"], "{% $states.errorOutput %}", "{name}");
        }
    }
}

#[test]
fn a_failure_whose_mail_was_not_sent_says_so() {
    let state = &states()["NotifyFailure"];
    for place in [state, &entries(state, "Catch")[0]] {
        let assigned = place["Assign"]["failure"].as_str().expect("the failure is assigned");
        assert!(assigned.contains(&format!("'cause': '{UNTOLD}' & $failure.cause")), "{assigned}");
    }
}

#[test]
fn a_rejection_and_an_expiry_have_their_names() {
    let rejected = &entries(&states()["Approved?"], "Choices")[1]["Assign"]["failure"];
    assert_eq!(rejected["error"], FailureName::ApprovalRejected.as_str());
    let catchers = entries(&states()["Approval"], "Catch");
    let caught = |error: &str| {
        let catcher = catchers.iter().find(|catcher| errors(catcher).contains(error));
        catcher.unwrap_or_else(|| panic!("Approval does not catch {error}"))["Assign"]["failure"]["error"].clone()
    };
    assert_eq!(caught("States.Timeout"), FailureName::ApprovalExpired.as_str());
    assert_eq!(caught("States.HeartbeatTimeout"), FailureName::ApprovalExpired.as_str());
}
