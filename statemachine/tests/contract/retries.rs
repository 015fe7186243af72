//! Checks the retries: only of errors that a retry can cure, always bounded, never all at the same moment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::failure::{self, FailureName};

use crate::definition::{entries, errors, lambda_tasks, of_type};

const SERVICE: &[&str] = &[
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.LambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
];
/// Errors of a function that Lambda has to make ready first: its interface in the VPC, after weeks without a call, or
/// its code. `proofs/lint/tests/test_retries.py` compares this list with the API's own.
const NOT_READY: &[&str] = &[
    "Lambda.CodeArtifactUserDeletedException",
    "Lambda.CodeArtifactUserPendingException",
    "Lambda.EC2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.ENILimitReachedException",
    "Lambda.ENINotReadyException",
    "Lambda.Ec2ThrottledException",
    "Lambda.Ec2UnexpectedException",
    "Lambda.EniLimitReachedException",
    "Lambda.EniNotReadyException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
    "Lambda.SubnetIPAddressLimitReachedException",
    "Lambda.SubnetIpAddressLimitReachedException",
];
const NO_ANSWER: &[&str] = &[
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Runtime.Unknown",
    "Sandbox.Failure",
    "Sandbox.Timedout",
];
const TIMED: &[&str] = &["States.Timeout"];
const CONNECTION: &[FailureName] = &[
    FailureName::DatabaseUnreachable,
    FailureName::DatabaseConnectionClosed,
    FailureName::SecretUnreachable,
    FailureName::BundleUnreachable,
];
/// While a secret is rotated, the database already has the new password, and the secret still the old one.
const ROTATED: &[FailureName] = &[FailureName::DatabaseAuthenticationFailed];
const LOCKED: &[FailureName] = &[FailureName::LockTimeout];
const CONTENTION: &[FailureName] = &[FailureName::DatabaseReadOnly, FailureName::LockHeld];

fn retried(task: &Value) -> BTreeSet<String> {
    entries(task, "Retry").iter().flat_map(errors).collect()
}

fn names(lists: &[&[FailureName]]) -> BTreeSet<String> {
    lists.concat().iter().map(|name| name.as_str().to_owned()).collect()
}

fn texts(lists: &[&[&str]]) -> BTreeSet<String> {
    lists.concat().iter().map(|&name| name.to_owned()).collect()
}

/// Returns the errors after which every call of a function is retried, and those in `beside`.
fn call(beside: &[&str]) -> BTreeSet<String> {
    texts(&[SERVICE, NOT_READY, NO_ANSWER, beside])
}

#[test]
fn each_step_retries_exactly_what_a_retry_can_cure() {
    let expected = BTreeMap::from([
        ("DatabaseStatus", texts(&[&["Rds.RdsException", "Rds.SdkClientException"], TIMED])),
        ("Preflight", &call(TIMED) | &names(&[CONNECTION, ROTATED, LOCKED])),
        // A run of another tool may be under way.
        ("Plan", &call(TIMED) | &names(&[CONNECTION, ROTATED, LOCKED, &[FailureName::LockHeld]])),
        ("Apply", &call(TIMED) | &names(&[CONNECTION, ROTATED, LOCKED, CONTENTION])),
        // The state's timeout is the approval's expiry.
        ("Approval", call(&[])),
        ("NotifyApproved", call(TIMED)),
        ("NotifySuccess", call(TIMED)),
        ("NotifyFailure", call(TIMED)),
    ]);
    let tasks = of_type("Task");
    let found: BTreeMap<&str, _> = tasks.iter().map(|(name, task)| (name.as_str(), retried(task))).collect();
    assert_eq!(found, expected);
}

#[test]
fn each_retried_error_can_happen() {
    for (step, raised) in [("Preflight", failure::PREFLIGHT), ("Plan", failure::PLAN), ("Apply", failure::APPLY)] {
        let (_, task, _) = lambda_tasks().into_iter().find(|(name, ..)| name == step).expect("the step is a task");
        let ours =
            retried(&task).into_iter().filter(|name| FailureName::from_wire(name).is_some()).collect::<BTreeSet<_>>();
        assert!(ours.is_subset(&names(&[raised])), "{step}");
    }
}

#[test]
fn the_services_own_faults_are_waited_out() {
    for (name, task, _) in lambda_tasks() {
        let retriers = entries(&task, "Retry");
        let retrier = retriers.iter().find(|retrier| errors(retrier) == texts(&[SERVICE]));
        let retrier = retrier.unwrap_or_else(|| panic!("{name} does not retry the service's faults"));
        assert_eq!((&retrier["IntervalSeconds"], &retrier["BackoffRate"]), (&2.into(), &2.into()), "{name}");
        assert_eq!(retrier["MaxAttempts"], 6, "{name}");
    }
}

#[test]
fn every_retry_is_bounded_and_spread() {
    for (name, task) in of_type("Task") {
        for retrier in entries(&task, "Retry") {
            let number = |field: &str| {
                retrier[field].as_f64().unwrap_or_else(|| panic!("{name}: {field} is missing in {retrier}"))
            };
            assert_eq!(retrier["JitterStrategy"], "FULL", "{name}: {retrier}");
            assert!((1.0..=50.0).contains(&number("MaxAttempts")), "{name}: {retrier}");
            assert!((1.0..=10.0).contains(&number("IntervalSeconds")), "{name}: {retrier}");
            assert!((1.0..=2.0).contains(&number("BackoffRate")), "{name}: {retrier}");
            assert!((1.0..=60.0).contains(&number("MaxDelaySeconds")), "{name}: {retrier}");
        }
    }
}

#[test]
fn no_error_is_in_two_retriers_of_a_task() {
    for (name, task) in of_type("Task") {
        let count: usize = entries(&task, "Retry").iter().map(|retrier| errors(retrier).len()).sum();
        assert_eq!(count, retried(&task).len(), "{name}: the second retrier of an error never runs");
    }
}
