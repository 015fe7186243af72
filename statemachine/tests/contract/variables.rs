//! Checks the variables: reading one that was not assigned on the way is an error of Step Functions, with no name of
//! ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::definition::{definition, entries, exits, states, strings};

/// The functions that the expressions use. A function that is not listed here is taken for a variable.
const FUNCTIONS: &[&str] = &[
    "contains",
    "count",
    "exists",
    "floor",
    "fromMillis",
    "length",
    "max",
    "merge",
    "not",
    "now",
    "number",
    "parse",
    "split",
    "string",
    "substring",
    "toMillis",
    "type",
];

/// Returns the identifiers after a `$`, outside of string literals.
fn identifiers(expression: &str) -> Vec<String> {
    let outside: String = expression.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let words = outside.split('$').skip(1).map(|rest| {
        rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect::<String>()
    });
    words.filter(|word| !word.is_empty()).collect()
}

/// Returns the variables that a value's expressions read, without those that an expression binds itself.
fn read(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for expression in strings(value).iter().filter(|text| text.starts_with("{%")) {
        let own: BTreeSet<String> = expression
            .match_indices(":=")
            .filter_map(|(position, _)| identifiers(&expression[..position]).pop())
            .collect();
        let words = identifiers(expression).into_iter();
        found.extend(
            words.filter(|word| word != "states" && !own.contains(word) && !FUNCTIONS.contains(&word.as_str())),
        );
    }
    found
}

/// Returns, for each state, the variables that are assigned on every way to it.
fn assigned_before() -> BTreeMap<String, BTreeSet<String>> {
    let states = states();
    let start = definition()["StartAt"].as_str().expect("StartAt").to_owned();
    let mut before = BTreeMap::from([(start.clone(), BTreeSet::new())]);
    let mut waiting = vec![start];
    while let Some(name) = waiting.pop() {
        for exit in exits(&states[&name]) {
            let after = &before[&name] | &exit.assigned;
            let known = before.get(&exit.next).map_or_else(|| after.clone(), |earlier| earlier & &after);
            if before.get(&exit.next) != Some(&known) {
                before.insert(exit.next.clone(), known);
                waiting.push(exit.next);
            }
        }
    }
    before
}

#[test]
fn no_variable_is_read_before_it_is_assigned() {
    let before = assigned_before();
    for (name, state) in states() {
        let missing = &read(&state) - &before[&name];
        assert!(missing.is_empty(), "{name} reads {missing:?}, which not every way to it assigns");
    }
}

#[test]
fn every_variable_that_is_assigned_is_read() {
    let all_read: BTreeSet<String> = states().values().flat_map(read).collect();
    for (name, state) in states() {
        for exit in exits(&state) {
            let unread = &exit.assigned - &all_read;
            assert!(unread.is_empty(), "{name} assigns {unread:?}, which nothing reads");
        }
    }
}

#[test]
fn what_a_catcher_assigns_comes_from_the_error() {
    for (name, state) in states() {
        for catcher in entries(&state, "Catch") {
            let text = catcher["Assign"].to_string();
            assert!(!text.contains("$states.result"), "{name}: there is no result when a task failed");
        }
    }
}

#[test]
fn a_cause_fits() {
    // Step Functions takes 32,768 characters; a name of ours and 8,000 characters stay far below in any encoding.
    let describe = states()["DescribeFailure"].to_string();
    assert!(describe.contains(", 0, 8000)"), "DescribeFailure does not bound the cause");
}
