//! Checks the tables of the documentation: what they name is what the code and the definition know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;
use shared::FailureName;
use shared::request::Request;

use crate::definition::{entries, errors, states};

/// A name of the approve function. It fails no run.
const REFUSED: &str = "Approval.Refused";

/// Returns the rows of the page's table whose first column has this title, without backticks.
fn table(page: &str, first: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = std::fs::read_to_string(path).expect("the page can be read");
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    let rows = text.lines().skip_while(|line| !line.starts_with(&format!("| {first} |")));
    let rows: Vec<Vec<String>> = rows.take_while(|line| line.starts_with('|')).skip(2).map(cells).collect();
    assert!(!rows.is_empty(), "{page} has no table {first}");
    rows
}

/// Returns the first words of the rows: a name, without Prisma's code, which may follow it.
fn names(rows: &[Vec<String>]) -> Vec<&str> {
    rows.iter().map(|row| row[0].split(' ').next().unwrap_or_default()).collect()
}

#[test]
fn the_failures_are_those_of_the_code() {
    let rows = table("failures.md", "Failure");
    let listed = names(&rows);
    let known: BTreeSet<&str> = FailureName::ALL.iter().map(|name| name.as_str()).chain([REFUSED]).collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), known);
    assert_eq!(listed.len(), known.len(), "none is there twice");
}

#[test]
fn a_failure_is_repeated_as_often_as_the_definition_says() {
    let mut repeated: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for step in ["Preflight", "Plan", "Apply"] {
        for retry in entries(&states()[step], "Retry") {
            for name in errors(&retry) {
                repeated.entry(name).or_default().push(format!("{step} {}", retry["MaxAttempts"]));
            }
        }
    }
    let rows = table("failures.md", "Failure");
    for (name, row) in names(&rows).into_iter().zip(&rows) {
        let expected = repeated.get(name).map_or_else(|| "no".to_owned(), |steps| steps.join(", "));
        assert_eq!(row[2], expected, "{name}");
    }
}

#[test]
fn the_fields_and_modes_are_those_that_a_request_may_have() {
    let listed = |first| table("running.md", first).into_iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let told = |input| Request::from_input(&input).expect_err("the input is wrong").message;
    let unknown = told(json!({ "?": 1 }));
    assert_eq!(unknown.split_once("known are ").expect("the known fields").1, listed("Input field").join(", "));
    let modes: BTreeSet<String> = listed("Mode").into_iter().collect();
    let wrong = told(json!({ "mode": "?" }));
    assert_eq!(wrong.split('"').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>(), modes, "{wrong}");
}
